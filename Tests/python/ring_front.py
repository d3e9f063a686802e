"""The front's end of a worker, written in Python from the wire's description: an independent check of it.

Starts a worker the way the front does and speaks to it through shared memory. One thread only.
"""

import array
import ctypes
import fcntl
import json
import mmap
import os
import select
import signal
import socket
import struct
import tempfile
import time

PAGE = mmap.PAGESIZE
HEADER = struct.Struct("<IBBHQ")
MAGIC = 0x524F4F5354000002
# The rings of an event loop, behind those of the threads.
LOOP_REQUEST_RING, LOOP_RESPONSE_RING = 2 << 20, 2 << 20
REQUEST, STOP = 1, 2
OFFERED, CLAIMED, REVOKED = 0, 1, 2
RESPONSE, CHUNK, END, ABORT, FILE, LOG = 16, 17, 18, 19, 20, 21
KINDS = {16: "response", 17: "chunk", 18: "end", 19: "abort", 20: "file", 21: "log"}
HTTPS, BODY_IS_FILE, HTTP10 = 1, 2, 4
UNKNOWN = 2**64 - 1
FILE_MAGIC = 0x454C4946
SYS_FUTEX = {"x86_64": 202, "aarch64": 98}[os.uname().machine]
# A worker that says nothing for so long hangs: the tests fail then instead of waiting for ever.
PATIENCE = 30

_libc = ctypes.CDLL(None)


class WorkerGone(Exception):
    """The worker ended, or said nothing for a long time."""


class Response:
    """What came back for one request."""

    def __init__(self):
        self.status = None
        self.reason = None
        self.fields = []
        self.body = b""
        self.body_bytes = None
        self.ending = None
        self.file = None
        self.pieces = []
        self.logs = []

    def field(self, name):
        values = [value for key, value in self.fields if key.lower() == name.lower()]
        return values[0] if values else None

    @property
    def log_text(self):
        return "\n".join(text for _, text in self.logs)


class Link:
    """The shared memory of a worker and the sockets beside it, seen from the front."""

    def __init__(self, threads, ring):
        self.threads, self.ring = threads, ring
        self.controls = PAGE
        self.rings = PAGE + ((threads + 1) * 256 + PAGE - 1) // PAGE * PAGE
        size = self.rings + threads * 2 * ring + LOOP_REQUEST_RING + LOOP_RESPONSE_RING
        self.memory = os.memfd_create("roost-link")
        os.ftruncate(self.memory, size)
        self.map = mmap.mmap(self.memory, size)
        self.view = memoryview(self.map)
        self.words = self.view.cast("Q")
        self.words[0] = MAGIC
        self.control, self.worker_control = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.control.setblocking(False)
        self.doorbell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        self.tails = [0] * threads
        self.heads = [0] * threads
        self.next_stream = 1
        self.logs = []
        self.files = {}
        self.texts = []
        self.pidfd = None

    def hand_over(self):
        """Closes what is the worker's, once it has it."""
        self.worker_control.close()
        os.close(self.memory)

    def output_text(self):
        return ""

    def close(self):
        self.control.close()
        for fd in (self.doorbell, *self.files.values()):
            os.close(fd)
        self.words.release()
        self.view.release()
        self.map.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    # The words of a lane.
    def _word(self, lane, offset):
        return (self.controls + lane * 256 + offset) // 8

    def _copy_in(self, base, position, data):
        start = position % self.ring
        first = min(len(data), self.ring - start)
        self.view[base + start:base + start + first] = data[:first]
        self.view[base:base + len(data) - first] = data[first:]

    def _copy_out(self, base, position, count):
        start = position % self.ring
        first = min(count, self.ring - start)
        return bytes(self.view[base + start:base + start + first]) + bytes(self.view[base:base + count - first])

    def send(self, kind, payload=b"", stream=0, lane=0, claim=0):
        base = self.rings + lane * 2 * self.ring
        frame = HEADER.pack(len(payload), kind, 0, claim, stream) + payload
        frame += bytes(-len(frame) % 8)
        assert self.tails[lane] + len(frame) - self.words[self._word(lane, 64)] <= self.ring, "no room in the ring"
        self._copy_in(base, self.tails[lane], frame)
        self.tails[lane] += len(frame)
        self.words[self._word(lane, 0)] = self.tails[lane]
        self._wake(lane, 80)

    def claim_of(self, lane, position):
        """Who has the request frame that was written at this position of the ring."""
        return int.from_bytes(self._copy_out(self.rings + lane * 2 * self.ring, position + 6, 2), "little")

    def _wake(self, lane, offset):
        place = self.controls + lane * 256 + offset
        word = ctypes.c_uint32.from_buffer(self.map, place)
        if word.value:
            word.value = 0
            _libc.syscall(SYS_FUTEX, ctypes.byref(word), 1, 1, None, None, 0)
        del word

    def send_file(self, stream, fd):
        message = struct.pack("<QQ", FILE_MAGIC, stream)
        self.control.sendmsg([message], [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])

    def request(self, method="GET", target="/", fields=(), body=b"", lane=0, flags=0, body_fd=None, body_bytes=None,
                host="127.0.0.1", port="8000", client=("192.0.2.7", "51234"), request_id=None, claim=0):
        """Sends a request and returns its stream."""
        stream = self.next_stream
        self.next_stream += 1
        path, _, query = target.partition("?")
        text = bytearray()
        spans = []

        def span(value):
            value = value if isinstance(value, bytes) else value.encode("latin-1")
            spans.append((len(text), len(value)))
            text.extend(value)
            return spans[-1]

        parts = [span(part) for part in (method, target, path, query, host, port, client[0], client[1],
                                         request_id or "id-%d" % stream, "")]
        pairs = [(span(name), span(value)) for name, value in fields]
        if body_fd is not None:
            flags |= BODY_IS_FILE
            self.send_file(stream, body_fd)
        count = body_bytes if body_bytes is not None else len(body)
        payload = struct.pack("<HHIQQ", flags, len(pairs), len(text), count, time.monotonic_ns())
        for start, length in parts:
            payload += struct.pack("<II", start, length)
        for name, value in pairs:
            payload += struct.pack("<IIII", *name, *value)
        self.send(REQUEST, payload + bytes(text) + body, stream, lane, claim)
        return stream

    def frame(self, lane=0, wait=PATIENCE):
        """The next frame of a lane: (kind, flags, stream, payload). Raises WorkerGone."""
        base = self.rings + lane * 2 * self.ring + self.ring
        tail_word = self._word(lane, 128)
        deadline = time.monotonic() + wait
        while self.words[tail_word] == self.heads[lane]:
            self.words[8] = 1  # frontSleeps: the doorbell is wanted
            if self.words[tail_word] != self.heads[lane]:
                break
            left = deadline - time.monotonic()
            watched = [self.doorbell] if self.pidfd is None else [self.doorbell, self.pidfd]
            ready, _, _ = select.select(watched, [], [], max(0, left))
            if self.doorbell in ready:
                os.eventfd_read(self.doorbell)
            elif self.words[tail_word] == self.heads[lane]:
                raise WorkerGone("no frame (%s)\n%s" % ("ended" if ready else "silent", self.output_text()))
        self.words[8] = 0
        head = self.heads[lane]
        length, kind, flags, zero, stream = HEADER.unpack(self._copy_out(base, head, 16))
        footprint = 16 + (length + 7) // 8 * 8
        assert zero == 0 and head + footprint <= self.words[tail_word], "a frame that breaks the protocol"
        payload = self._copy_out(base, head + 16, length)
        self.heads[lane] = head + footprint
        self.words[self._word(lane, 192)] = self.heads[lane]
        self._wake(lane, 144)
        return kind, flags, stream, payload

    def response(self, stream=None, lane=0):
        """Reads frames until the response is complete, checking that they may come in this order."""
        response = Response()
        try:
            return self._read(response, stream, lane)
        finally:
            response.body = b"".join(response.pieces) + response.body

    def _read(self, response, stream, lane):
        while True:
            kind, flags, frame_stream, payload = self.frame(lane)
            if kind == LOG:
                response.logs.append((payload[0], payload[1:].decode("utf-8")))
                self.logs.append((frame_stream, payload[0], payload[1:].decode("utf-8")))
                continue
            assert stream is None or frame_stream == stream, "a frame of another request"
            if kind == RESPONSE:
                assert response.status is None, "two heads"
                self._head(response, payload)
                if flags & 1:
                    response.ending = "whole"
                    return response
                continue
            assert response.status is not None, "%s before the head" % KINDS.get(kind, kind)
            if kind == CHUNK:
                response.pieces.append(payload)
            elif kind in (END, ABORT):
                response.ending = KINDS[kind]
                if kind == ABORT:
                    response.reason_of_abort = payload.decode("utf-8")
                return response
            elif kind == FILE:
                offset, count = struct.unpack("<QQ", payload)
                fd = self.take_file(frame_stream)
                response.body = os.pread(fd, count, offset)
                os.close(fd)
                response.file = (offset, count)
                response.ending = "file"
                return response
            else:
                raise AssertionError("frame of kind %d" % kind)

    @staticmethod
    def _head(response, payload):
        head_bytes, _, response.body_bytes, response.taken_at = struct.unpack_from("<IIQQ", payload)
        head = payload[24:24 + head_bytes]
        first = payload[24 + head_bytes:]
        response.pieces = [first] if first else []
        response.status, reason_length, count, _ = struct.unpack_from("<HHHH", head)
        position = 8 + reason_length
        response.reason = head[8:position].decode("latin-1")
        for _ in range(count):
            name_length, _, value_length = struct.unpack_from("<HHI", head, position)
            position += 8
            name = head[position:position + name_length].decode("latin-1")
            position += name_length
            response.fields.append((name, head[position:position + value_length].decode("latin-1")))
            position += value_length
        assert position == head_bytes

    def get(self, target="/", **options):
        """One request and its response."""
        lane = options.get("lane", 0)
        return self.response(self.request(target=target, **options), lane)

    def cancel(self, stream, lane=0):
        self.words[self._word(lane, 8)] = stream

    def interrupt(self, stream, lane=0):
        self.tell({"type": "interrupt", "lane": lane, "stream": stream})

    def begun(self, target, **options):
        """Sends a request and waits until the application has written its first line to the log, or its first part."""
        stream = self.request(target=target, **options)
        frame = self.frame(options.get("lane", 0))
        assert frame[0] in (LOG, RESPONSE) and frame[2] == stream, frame
        return stream

    def revoke(self, lane, position):
        """Takes the request at this position of the ring back. Only while the worker cannot claim it."""
        assert self.claim_of(lane, position) == OFFERED
        self._copy_in(self.rings + lane * 2 * self.ring, position + 6, REVOKED.to_bytes(2, "little"))

    def word(self, offset, lane=0):
        """One of the 64-bit words of a lane's control block."""
        return self.words[self._word(lane, offset)]

    def _collect(self):
        """Takes what lies on the control socket."""
        try:
            while True:
                data, extra, _, _ = self.control.recvmsg(65536, 256)
                fds = array.array("i")
                for level, kind, content in extra:
                    if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                        fds.frombytes(content)
                if fds:
                    magic, stream = struct.unpack("<QQ", data)
                    assert magic == FILE_MAGIC and len(fds) == 1
                    self.files[stream] = fds[0]
                elif data:
                    self.texts.append(json.loads(data))
                else:
                    return False
        except BlockingIOError:
            return True
        except ConnectionResetError:
            return False

    def take_file(self, stream):
        self._collect()
        return self.files.pop(stream)

    def message(self):
        """The next JSON message of the worker."""
        deadline = time.monotonic() + PATIENCE
        while not self.texts:
            open_ = self._collect()
            if self.texts:
                break
            left = deadline - time.monotonic()
            if not open_ or left <= 0:
                raise WorkerGone("no message\n" + self.output_text())
            select.select([self.control], [], [], left)
        return self.texts.pop(0)

    def ready(self):
        """Waits until the worker says that it is ready."""
        message = self.message()
        assert message["type"] == "ready", message
        return message

    def tell(self, message):
        self.control.send(json.dumps(message).encode())


class RingFront(Link):
    """One worker, started as the front starts it, and the front's end of its link."""

    def __init__(self, python, target, library, package, app_dir=".", threads=1, processes=1, ring=128 << 10,
                 environment=None, settings=None):
        super().__init__(threads, ring)
        self.output = tempfile.TemporaryFile()
        settings = {
            **(settings or {}),
            "target": target, "app_dir": str(app_dir), "threads": threads, "processes": processes,
            "request_ring": ring, "response_ring": ring, "worker": 0, "library": str(library),
            "server_software": "roost/0.1.0",
        }
        inherited = dict(os.environ if environment is None else environment)
        inherited["ROOST_WORKER"] = json.dumps(settings)
        high = [fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, 64)
                for fd in (self.memory, self.worker_control.fileno(), self.doorbell, self.output.fileno())]
        self.pid = os.posix_spawn(
            str(python),
            [str(python), os.path.join(str(package), "_worker.py")],
            inherited,
            file_actions=[
                (os.POSIX_SPAWN_DUP2, high[3], 1), (os.POSIX_SPAWN_DUP2, high[3], 2),
                (os.POSIX_SPAWN_DUP2, high[0], 3), (os.POSIX_SPAWN_DUP2, high[1], 4),
                (os.POSIX_SPAWN_DUP2, high[2], 5),
            ],
        )
        self.pidfd = os.pidfd_open(self.pid)
        self.exit_code = None
        for fd in high:
            os.close(fd)
        self.hand_over()

    def output_text(self):
        return os.pread(self.output.fileno(), 1 << 20, 0).decode("utf-8", "replace")

    def wait(self, seconds=PATIENCE):
        """The worker's exit code; minus the signal's number."""
        if self.exit_code is None:
            if not select.select([self.pidfd], [], [], seconds)[0]:
                raise WorkerGone("it does not end\n" + self.output_text())
            _, status = os.waitpid(self.pid, 0)
            self.exit_code = os.waitstatus_to_exitcode(status)
        return self.exit_code

    def stop(self):
        """Stops in the orderly way and returns the exit code."""
        for lane in range(self.threads):
            self.send(STOP, lane=lane)
        self.tell({"type": "stop"})
        return self.wait()

    def close(self):
        if self.exit_code is None:
            os.kill(self.pid, signal.SIGKILL)
            self.wait()
        os.close(self.pidfd)
        self.output.close()
        super().close()
