"""Another number of processes and threads, while the server serves."""

import os
import signal
from pathlib import Path

from client import eventually, request
from load import Load


def python_threads(pid):
    return len(os.listdir(f"/proc/{pid}/task"))


def test_scaling_up_and_down_under_load_fails_no_request(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 2)
    with Load(server, keep_alive=24, fresh=2) as load:
        for processes, threads in ((3, 4), (1, 1), (2, 8), (1, 2)):
            ended = server.command("scale", "--processes", processes, "--threads", threads)
            assert ended.returncode == 0, ended.stderr
            eventually(lambda: server.metric("roost_workers") == processes, f"{processes} serve")
            eventually(lambda: server.metric("roost_threads") == processes * threads, "with so many threads")
            answered = load.answered()
            eventually(lambda: load.answered() > answered + 100, "requests are answered")
    assert load.failures == []
    eventually(lambda: len(server.workers()) == 1, "one process is left")


def test_threads_are_started_when_they_are_wanted_and_sleep_when_they_are_not(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (worker,) = server.workers()
    before = python_threads(worker)
    assert server.command("scale", "--threads", 4).returncode == 0
    running = [server.connect().send(request(f"/gate?{number}")) for number in range(4)]
    for number in range(4):
        server.wait_for_call(f"GET /gate?{number}")
    assert python_threads(worker) == before + 3
    assert server.command("scale", "--threads", 2).returncode == 0
    for number in range(4):
        server.open_gate(str(number))
        assert running[number].response().body == b"%d" % number
    # Two at once now, and the third waits.
    running = [server.connect().send(request(f"/gate?later{number}")) for number in range(3)]
    eventually(lambda: server.metric("roost_queue_depth") == 1, "one waits")
    assert server.metric("roost_threads_busy") == 2
    assert server.workers() == [worker] and python_threads(worker) == before + 3
    server.open_gate("every")
    for connection in running:
        assert connection.response().status == 200


def test_a_worker_that_comes_later_has_as_many_threads_as_the_others(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (worker,) = server.workers()
    server.command("scale", "--threads", 3)
    eventually(lambda: server.metric("roost_threads") == 3, "three threads")
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: server.workers() and server.workers() != [worker], "another took its place")
    eventually(lambda: server.metric("roost_threads") == 3, "with three threads")
    assert server.get("/environ").json()["wsgi.multithread"] is True


def test_the_environ_tells_the_app_that_it_has_more_threads_now(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    assert server.get("/environ").json()["wsgi.multithread"] is False
    server.command("scale", "--threads", 2)
    eventually(lambda: server.get("/environ").json()["wsgi.multithread"], "it is told")


def test_more_threads_than_there_is_room_for_is_an_error_that_says_the_range(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 2, "--max-threads", 4)
    ended = server.command("scale", "--threads", 5)
    assert ended.returncode == 1
    assert "threads 5 is not between 1 and 4" in ended.stderr and "max-threads" in ended.stderr
    assert server.metric("roost_threads") == 2


def test_a_drained_worker_finishes_its_long_request(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 1)
    running = [server.connect().send(request(f"/gate?{number}")) for number in range(2)]
    for number in range(2):
        server.wait_for_call(f"GET /gate?{number}")
    server.command("scale", "--processes", 1)
    eventually(lambda: server.metric("roost_workers_leaving") == 1, "one leaves")
    assert len(server.workers()) == 2
    server.open_gate("every")
    assert [connection.response().status for connection in running] == [200, 200]
    eventually(lambda: len(server.workers()) == 1, "it has left")


def test_room_for_threads_that_are_not_used_costs_no_memory(roost):
    def resident(most):
        server = roost("probe:app", "--processes", 1, "--threads", 1, "--max-threads", most)
        server.get("/")
        (worker,) = server.workers()
        rollup = Path(f"/proc/{worker}/smaps_rollup").read_text()
        return int(next(line.split()[1] for line in rollup.splitlines() if line.startswith("Pss:")))

    # In KiB; 255 pairs of rings would be 64 MiB.
    # The rest is room for what the two share with other processes of the machine, of which this counts a part.
    assert resident(256) - resident(1) < 16384
