"""Things without end, and things that run out."""

import os
import resource
import select
import shutil
import socket
import tempfile
import time

import proc
from background import Crowd, wait
from fault import Seen, Stage, fault, lost, of_others, seconds, time_until
from .slow_clients import CANARIES

GROUP = "Too much"
MIB = 1 << 20


def pour(address, opening: bytes, piece: bytes, limit: int, seconds_at_most: float = 6.0):
    """Sends `opening`, then `piece` until the server ends it. Bytes taken, and the first line of the answer."""
    taken, answer = len(opening), b""
    deadline = time.monotonic() + seconds_at_most
    with socket.create_connection(address, 5) as one:
        one.sendall(opening)
        one.setblocking(False)
        while taken < limit and time.monotonic() < deadline:
            readable, writable, _ = select.select([one], [one], [], 0.2)
            try:
                if readable:
                    got = one.recv(65536)
                    answer += got
                    if not got:
                        break
                if writable:
                    taken += one.send(piece)
            except BlockingIOError:
                pass
            except OSError:
                break
        try:
            one.settimeout(1)
            while len(answer) < 4096 and (got := one.recv(65536)):
                answer += got
        except OSError:
            pass
    return taken, answer.split(b"\r\n")[0].decode("latin-1")


@fault(GROUP, "head, request line, chunk extension, trailers without end", "431, 414 or 400 and closed early",
       remark="The largest figures are what the kernel's buffers took. gunicorn and Granian read past trailers.")
def endless_head(stage: Stage) -> Seen:
    """Four kinds of input that never end, up to 32 MiB each. What the kernel's buffers take counts too."""
    server = stage.start()
    host = b"Host: fault.test\r\n"
    chunked = b"POST /echo HTTP/1.1\r\n" + host + b"Transfer-Encoding: chunked\r\n\r\n"
    kinds = {
        "head": (b"GET /hello HTTP/1.1\r\n" + host, b"X-More: " + b"a" * 1000 + b"\r\n"),
        "line": (b"GET /hello?", b"a" * 1000),
        "extension": (chunked + b"1;", b"a" * 1000),
        "trailers": (chunked + b"1\r\nx\r\n0\r\n", b"X-More: " + b"a" * 1000 + b"\r\n"),
    }
    taken, words = {}, []
    for name, (opening, piece) in kinds.items():
        taken[name], answer = pour(server.address, opening, piece, 32 * MIB)
        words.append(f"{name} {answer[9:12] or 'closed'} after {taken[name] / MIB:.1f} MiB")
    lives = server.get("/hello?n=1") == (200, b"hello 1")
    return Seen(lives and max(taken.values()) < 16 * MIB, ", ".join(words), {"taken": taken})


@fault(GROUP, "upload of 256 MiB to an app that does not read it", "an answer, memory bounded",
       remark="**We lose:** Roost takes the whole body before it asks the app, to disk.")
def unread_upload(stage: Stage) -> Seen:
    """The app answers at once. Good is to answer and to close; better is to have taken little."""
    server = stage.start()
    before = proc.resident_mib(server.processes())
    opening = b"POST /hello HTTP/1.1\r\nHost: fault.test\r\nContent-Length: %d\r\n\r\n" % (256 * MIB)
    taken, answer = pour(server.address, opening, b"z" * 65536, len(opening) + 256 * MIB, 15)
    grown = proc.resident_mib(server.processes()) - before
    lives = server.get("/hello?n=1") == (200, b"hello 1")
    return Seen(lives and answer[9:12] in ("200", "413") and grown < 64,
                f"{answer[9:12] or 'no answer'}, {taken / MIB:.0f} MiB taken, +{max(grown, 0):.0f} MiB of memory",
                {"taken": taken, "grown_mib": grown})


@fault(GROUP, "response of 4 GiB to a client that reads 1 MiB a second, and leaves after 5 s",
       "memory bounded, others unaffected, the thread is free afterwards",
       remark="**We lose:** what the client has not read goes to a file as fast as the app makes it.")
def huge_response(stage: Stage) -> Seen:
    """Watches memory and the room on the disk meanwhile."""
    server = stage.start()
    before, room = proc.resident_mib(server.processes()), shutil.disk_usage(tempfile.gettempdir()).free
    least, most = room, 0.0
    with stage.load(server, **CANARIES) as load, socket.create_connection(server.address, 5) as one:
        one.sendall(b"GET /big?n=%d HTTP/1.1\r\nHost: fault.test\r\n\r\n" % (4 << 30))
        for _ in range(50):
            left = MIB // 10
            while left > 0 and (got := one.recv(left)):
                left -= len(got)
            most = max(most, proc.resident_mib(server.processes()) - before)
            least = min(least, shutil.disk_usage(tempfile.gettempdir()).free)
            wait(0.1)
    used = proc.cpu_seconds(server.processes())
    wait(1)
    calm = proc.cpu_seconds(server.processes()) - used < 0.7
    passed = lost(load.account) == 0 and most < 100 and calm
    disk = (room - least) / MIB
    return Seen(passed, f"+{most:.0f} MiB of memory, {disk:.0f} MiB of disk; {of_others(load.account)}; "
                        f"{'calm' if calm else 'still busy'} afterwards",
                {"grown_mib": most, "disk_mib": disk, "lost": lost(load.account)})


@fault(GROUP, "out of file descriptors", "no busy waiting; serves again when there are some",
       remark="Measured: processor time of all its processes in 3 s in which nothing can be accepted.")
def out_of_descriptors(stage: Stage) -> Seen:
    """Leaves each process ten more descriptors than it has, opens 200 connections, looks at the processor."""
    server = stage.start()
    for pid in server.processes():
        try:
            highest = max(int(name) for name in os.listdir(f"/proc/{pid}/fd"))
            resource.prlimit(pid, resource.RLIMIT_NOFILE, (highest + 11, highest + 11))
        except (OSError, ValueError):
            pass
    wait(0.5)
    with Crowd(server.address, 200, b"GET /hello HTTP/1.1\r\n"):
        wait(0.5)
        used = proc.cpu_seconds(server.processes())
        wait(3)
        used = proc.cpu_seconds(server.processes()) - used
    back = time_until(lambda: server.is_running() and server.get("/hello?n=1", 1) == (200, b"hello 1"), 10)
    return Seen(used < 0.6 and back < 10, f"{used:.2f} s of processor in 3 s; serves again after {seconds(back)}",
                {"cpu": used, "back": back})
