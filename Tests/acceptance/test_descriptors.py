"""File descriptors: the front takes all it can get, the workers get what is usual, and running out stops nobody."""

import os
import resource
import time
from pathlib import Path

import pytest
from client import eventually, get, request

LIMIT = 160


def limits(pid):
    for line in Path(f"/proc/{pid}/limits").read_text().splitlines():
        if line.startswith("Max open files"):
            return tuple(line.split()[3:5])
    return None


def test_the_front_has_the_hard_limit_and_workers_the_soft_one(roost):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    server = roost("probe:app", "--processes", 1, "--threads", 1, prefix=["prlimit", "--nofile=300:"])
    (worker,) = server.workers()
    assert limits(server.pid) == (str(hard), str(hard))
    assert limits(worker) == ("300", str(hard))


def processor_seconds(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def open_files(pid):
    return len(os.listdir(f"/proc/{pid}/fd"))


@pytest.mark.slow
def test_out_of_descriptors_it_neither_spins_nor_stops(roost):
    server = roost(
        "probe:app", "--processes", 1, "--threads", 2, "--max-connections", LIMIT - 1, "--queue-limit", 1000,
        prefix=["prlimit", f"--nofile={LIMIT}:{LIMIT}"],
    )
    front = server.connect()
    assert front.send(request("/")).response().status == 200
    connections = [server.connect() for _ in range(2 * LIMIT)]
    eventually(lambda: "out of file descriptors" in server.log(), "it says so")
    before = processor_seconds(server.pid)
    time.sleep(2)
    assert processor_seconds(server.pid) - before < 0.2
    # There are some left for what is being served: a body that goes to a file, a new worker.
    assert open_files(server.pid) < LIMIT
    big = front.send(request("/digest", "POST", b"x" * 300_000)).response()
    assert big.status == 200
    (worker,) = server.workers()
    os.kill(worker, 9)
    eventually(lambda: server.workers() and server.workers() != [worker], "the worker is replaced")
    assert front.send(request("/")).response().status == 200
    assert server.log().count("out of file descriptors") == 1
    # Whoever waits gets through when others leave.
    for connection in connections[:-1]:
        connection.close()
    assert connections[-1].send(request("/")).response().status == 200
    assert server.get("/").status == 200
    eventually(lambda: open_files(server.pid) < 60, "the descriptors are back")


def test_the_limit_of_connections_leaves_the_others_waiting(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 2, "--max-connections", 16)
    connections = [server.connect() for _ in range(16)]
    for connection in connections:
        assert connection.send(request("/")).response().status == 200
    waiting = server.connect().send(request("/"))
    eventually(lambda: "limit of connections" in server.log(), "it says so")
    for connection in connections:
        connection.close()
    assert waiting.response().status == 200
    assert get(server.admin, "/readyz").status == 200
