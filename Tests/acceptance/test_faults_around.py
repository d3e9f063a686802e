"""Faults of what lies around the server: disks that are full, an interpreter that is gone, no processes left, clocks."""

import glob
import os
import re
import signal
import subprocess
import sys
import time
from email.utils import parsedate_to_datetime
from pathlib import Path

import pytest
from cgroups import ControlGroup
from client import Truncated, eventually, get, request
from server import run_roost
from test_workers import serve_to_the_end

MIB = 1 << 20


@pytest.fixture
def small_disk(tmp_path):
    """Makes file systems of a given size (tmpfs)."""
    mounted = []

    def make(size, *options):
        directory = tmp_path / f"disk-{len(mounted)}"
        directory.mkdir()
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", ",".join([f"size={size}", *options]), "tmpfs", str(directory)],
            capture_output=True,
        )
        if done.returncode != 0:
            pytest.skip(f"needs to be root: mount: {done.stderr.decode().strip()}")
        mounted.append(directory)
        return directory

    yield make
    for directory in mounted:
        # Lazily: a server that a failed test has left may still hold a file there.
        subprocess.run(["umount", "-l", str(directory)], check=True)


# Spool files.


def test_an_upload_larger_than_the_disk_is_refused_and_the_server_lives(roost, small_disk):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--spool-dir", small_disk("1m"), "--spool-limit", 0)
    body = os.urandom(1024) * 8192
    for fields in ([("Content-Length", str(len(body)))], [("Transfer-Encoding", "chunked")]):
        with server.connect() as connection:
            connection.send(request("/echo", "POST", fields=fields))
            try:
                if fields[0][0] == "Content-Length":
                    connection.send(body)
                else:
                    for start in range(0, len(body), 65536):
                        connection.send(b"10000\r\n" + body[start:start + 65536] + b"\r\n")
            except OSError:
                pass  # It need not take the rest of what it has refused.
            response = connection.response()
            assert response.status == 503 and b"no room" in response.body
            assert response["Connection"] == "close"
            assert connection.is_closed_by_server()
    assert "/echo" not in " ".join(server.calls()), "the application is not called with a part"
    assert "a request body could not be kept" in server.log() and "No space left" in server.log()
    # What was written has gone: a body that fits is taken.
    assert server.get("/digest", method="POST", body=b"x" * (700 << 10)).body.endswith(b" 716800")


def test_a_response_that_no_disk_can_keep_for_its_client_is_cut_and_frees_the_thread(roost, small_disk):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--spool-dir", small_disk("1m"), "--spool-limit", 0)
    with server.connect(receive_buffer=4096) as slow:
        slow.send(request(f"/big?bytes={200 * MIB}"))
        slow.head()
        # The one thread is free again although the client has not read anything.
        assert server.get("/environ").status == 200
        eventually(lambda: "a response could not be kept for its client" in server.log(), "the log tells")
        with pytest.raises((Truncated, ConnectionResetError)):
            for _ in slow.chunks():
                pass
    assert "big" in (server.directory / "closed").read_text()
    # The disk is empty again.
    assert server.get("/digest", method="POST", body=b"x" * (700 << 10)).body.endswith(b" 716800")


def test_a_spool_directory_that_takes_no_files_is_an_error_at_the_start(tmp_path, small_disk):
    a_file = tmp_path / "file"
    a_file.touch()
    for directory, reason in (
        (tmp_path / "missing", "No such file"), (a_file, "Not a directory"), (small_disk("1m", "ro"), "Read-only"),
    ):
        ended = serve_to_the_end("probe:app", "--spool-dir", directory, tmp_path=tmp_path)
        assert ended.returncode == 1
        assert str(directory) in ended.stderr and reason in ended.stderr and "--spool-dir" in ended.stderr


# Logs.


def fill(directory):
    """Fills the disk but for nothing."""
    with open(directory / "filler", "wb", buffering=0) as filler:
        for size in (1 << 16, 1):
            try:
                while True:
                    filler.write(b"\0" * size)
            except OSError:
                pass
    return directory / "filler"


def test_a_full_disk_under_the_access_log_costs_lines_and_nothing_else(roost, small_disk):
    disk = small_disk("64k")
    path = disk / "access.log"
    server = roost("probe:app", "--processes", 1, "--threads", 2, "--access-log", "text", "--access-log-file", path)
    with server.connect() as connection:
        for _ in range(1000):
            assert connection.send(request("/" + "x" * 200)).response().status == 200
    eventually(lambda: server.metric("roost_log_lines_dropped_total") > 100, "the lost lines are counted")
    # Somebody makes room.
    kept = path.read_bytes()
    assert b"x" * 200 in kept
    os.truncate(path, 0)
    server.get("/after")
    eventually(lambda: "/after" in path.read_text(), "it goes on")
    lines = path.read_text().splitlines()
    assert [line for line in lines if "dropped" in line], "and tells what is missing"
    assert re.match(r"\S+ \S+ \S+ \[.*\] \"GET /after ", [line for line in lines if "/after" in line][0])


def test_a_full_disk_under_the_log_costs_lines_and_nothing_else(roost, small_disk):
    disk = small_disk("64k")
    log = open(disk / "log", "ab", buffering=0)
    server = roost("probe:app", "--processes", 1, "--threads", 2, output=log)
    filler = fill(disk)
    # The last page of the file takes some.
    for _ in range(100):
        assert server.get("/errors?text=nobody-reads-this").status == 200
    eventually(lambda: server.metric("roost_log_lines_dropped_total") >= 20, "the lost lines are counted")
    filler.unlink()
    server.get("/errors?text=room-again")
    eventually(lambda: "room-again" in (disk / "log").read_text(), "it goes on")
    assert "dropped" in (disk / "log").read_text()
    server.stop()
    log.close()


# The interpreter.


def test_an_interpreter_that_vanishes_is_waited_for_while_the_others_serve(roost, tmp_path):
    python = tmp_path / "python"
    python.symlink_to(os.path.realpath(sys.executable))
    server = roost("probe:app", "--processes", 2, "--threads", 1, python=python)
    first, second = server.workers()
    python.unlink()
    os.kill(first, signal.SIGKILL)
    eventually(lambda: str(python) in server.log() and "python not found" in server.log(), "the log names it")
    assert {server.get("/environ").json()["pid"] for _ in range(20)} == {second}
    time.sleep(1)
    tries = server.log().count("python not found")
    assert 1 <= tries <= 8, "it waits longer each time"
    assert get(server.admin, "/readyz").status == 200
    python.symlink_to(os.path.realpath(sys.executable))
    eventually(lambda: len(server.workers()) == 2 and server.metric("roost_workers") == 2, "it is replaced", 60)


# Processes.


@pytest.mark.root
def test_without_processes_left_a_worker_is_replaced_later_and_the_others_serve(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 1)
    group = ControlGroup(f"roost-test-{os.getpid()}", "pids.max")
    first, second = server.workers()
    try:
        for pid in (server.pid, second):
            (group.folders["pids.max"] / "cgroup.procs").write_text(str(pid))
        group.set("pids.max", 1)
        os.kill(first, signal.SIGKILL)
        eventually(lambda: "Resource temporarily unavailable" in server.log(), "the log says why")
        assert {server.get("/environ").json()["pid"] for _ in range(20)} == {second}
        group.set("pids.max", "max")
        eventually(lambda: len(server.workers()) == 2 and server.metric("roost_workers") == 2, "it is replaced", 60)
        server.stop()
    finally:
        group.remove()


# Clocks.


def find_faketime():
    return next(iter(glob.glob("/usr/lib/*/faketime/libfaketime.so.1")), None)


def test_a_wall_clock_that_jumps_moves_the_date_and_nothing_else(roost, tmp_path):
    library = find_faketime()
    if not library:
        pytest.skip("NO FAKETIME: install Debian's package libfaketime to run this test")
    offset = tmp_path / "offset"
    offset.write_text("+0")
    # For the front alone: time.sleep() of some Pythons fails under it.
    python = tmp_path / "python"
    python.write_text(f'#!/bin/sh\nunset LD_PRELOAD\nexec {sys.executable} "$@"\n')
    python.chmod(0o755)
    server = roost(
        "probe:app", "--processes", 1, "--threads", 1, python=python, LD_PRELOAD=library,
        FAKETIME_TIMESTAMP_FILE=offset, FAKETIME_NO_CACHE=1, FAKETIME_DONT_FAKE_MONOTONIC=1,
    )
    (worker,) = server.workers()

    def hours_off():
        return round((parsedate_to_datetime(server.get("/")["Date"]).timestamp() - time.time()) / 3600)

    assert hours_off() == 0
    for jump in (24, -48):
        running = server.connect().send(request(f"/gate?jump{jump}"))
        server.wait_for_call(f"GET /gate?jump{jump}")
        waiting = server.connect().send(request("/echo", "POST", b"waited"))
        eventually(lambda: server.metric("roost_queue_depth") == 1, "one waits")
        offset.write_text(f"{jump:+d}h")
        # Neither is the one that runs cut, nor is the deadline of the other past; a real second and it still waits.
        time.sleep(1)
        assert server.metric("roost_queue_depth") == 1
        server.open_gate(f"jump{jump}")
        assert running.response().status == 200
        assert waiting.response().body == b"waited"
        eventually(lambda: hours_off() == jump, "the Date follows")
    assert server.workers() == [worker]


def test_a_time_far_in_the_future_in_x_request_start_does_not_refuse_a_request(roost):
    """What a proxy writes whose clock is not ours."""
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    for seconds in (time.time() + 86_400, 0, time.time() - 86_400):
        answer = server.get("/", fields=[("X-Request-Start", f"t={seconds:.3f}")])
        assert answer.status == 200, (seconds, answer)
