"""Workers that crash under requests: only what was in them is touched, and of that as little as can be."""

import os
import signal
import threading
import time

import pytest
from client import Truncated, eventually, get, request


def calls(server, path):
    """The pids of the processes that were called for `path`, in order."""
    return [int(line.split(" ")[0]) for line in server.calls() if line.split(" ", 1)[1].endswith(path)]


@pytest.mark.parametrize(
    "path, end", [("/segfault-once", "SIGSEGV"), ("/leave-once", "exit status 3"), ("/killed-once", "SIGKILL")]
)
def test_a_get_that_crashes_its_worker_once_is_answered_by_another(roost, path, end):
    server = roost("faulty:app", "--processes", 2, "--threads", 2)
    answer = server.get(path + "?a")
    assert answer.status == 200
    first, second = calls(server, path + "?a")
    assert first != second and answer.body == b"%d" % second
    (line,) = [line for line in server.log().splitlines() if "worker ended" in line]
    assert end in line and f"GET {path}" in line and "retried" in line and "?a" not in line
    assert server.metric("roost_retries_total", cause="worker_ended") == 1
    assert server.metric("roost_requests_total", status="502") is None


def test_a_get_in_a_worker_that_was_forked_is_answered_by_another(roost):
    server = roost("faulty:app", "--preload", "--processes", 2, "--threads", 2)
    answer = server.get("/segfault-once?a")
    assert answer.status == 200
    first, second = calls(server, "/segfault-once?a")
    assert first != second and answer.body == b"%d" % second


def test_with_one_worker_the_get_waits_for_its_successor(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 2)
    answer = server.get("/segfault-once?b")
    assert answer.status == 200
    assert len(set(calls(server, "/segfault-once?b"))) == 2


def test_a_post_is_answered_502_at_once_and_its_connection_goes_on(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 2)
    with server.connect() as connection:
        connection.send(request("/segfault-once?c", "POST", b"x"))
        answer = connection.response()
        assert answer.status == 502
        # At once: not after the successor's import.
        assert server.metric("roost_workers") == 0
        assert answer["X-Request-ID"] and answer["X-Request-ID"].encode() in answer.body
        assert answer["Connection"] is None
        connection.send(request("/"))
        assert connection.response().status == 200
    assert len(calls(server, "/segfault-once?c")) == 1
    assert server.metric("roost_failed_total", cause="worker_ended") == 1


def test_retry_none_repeats_nothing(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 1, "--retry", "none")
    assert server.get("/segfault-once?d").status == 502
    assert len(calls(server, "/segfault-once?d")) == 1


def test_a_get_that_kills_every_worker_it_meets_kills_two(roost):
    server = roost("faulty:app", "--processes", 3, "--threads", 1)
    workers = server.workers()
    assert server.get("/segfault").status == 502
    met = calls(server, "/segfault")
    assert len(met) == 2 and len(set(met)) == 2
    assert len(set(server.workers()) & set(workers)) == 1


@pytest.mark.same_pids
def test_the_neighbours_in_a_worker_that_crashes_are_retried_and_the_other_worker_sees_nothing(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 4)
    gates = [server.connect().send(request("/gate?g")) for _ in range(6)]
    eventually(lambda: len(calls(server, "/gate?g")) == 6, "all six run")
    ours, other = server.workers()
    inside = calls(server, "/gate?g").count(ours)
    assert 0 < inside < 6
    os.kill(ours, signal.SIGKILL)
    # Four threads of the other worker take what they can; the rest waits for them or for the successor.
    eventually(lambda: len(calls(server, "/gate?g")) == 6 + inside, "each that was in it was begun once more")
    server.open_gate("g")
    assert [gate.response().status for gate in gates] == [200] * 6
    assert other in server.workers()
    (line,) = [line for line in server.log().splitlines() if "worker ended" in line]
    assert line.count("GET /gate") == inside and line.count("retried") == inside


def test_an_answer_that_has_begun_is_cut_and_not_run_again(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 1)
    with server.connect() as connection:
        connection.send(request("/half"))
        connection.head()
        assert next(connection.chunks()) == b"first,"
        server.open_gate("half")
        with pytest.raises(Truncated):
            list(connection.chunks())
    assert len(calls(server, "/half")) == 1
    eventually(lambda: server.metric("roost_cut_total", cause="worker_ended") == 1, "the cut is counted")
    assert "cut" in next(line for line in server.log().splitlines() if "worker ended" in line)


@pytest.mark.slow
def test_kill_9_under_load_loses_only_posts_that_were_in_it(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 2)
    seen = {"GET": [], "POST": []}
    stop = threading.Event()

    def ask(method):
        with server.connect() as connection:
            while not stop.is_set():
                connection.send(request("/nap", method, b"x" if method == "POST" else b""))
                seen[method].append(connection.response(method).status)

    clients = [threading.Thread(target=ask, args=(method,)) for method in ("GET", "POST") for _ in range(6)]
    for client in clients:
        client.start()
    killed = 0
    try:
        for _ in range(4):
            eventually(lambda: server.metric("roost_workers") == 2, "both workers are ready")
            time.sleep(0.2)
            os.kill(server.workers()[0], signal.SIGKILL)
            killed += 1
        eventually(lambda: server.metric("roost_workers") == 2, "both workers are ready")
    finally:
        stop.set()
        for client in clients:
            client.join(30)
    assert not any(client.is_alive() for client in clients)
    assert set(seen["GET"]) == {200}
    # At most what two threads had in hand at each death.
    assert set(seen["POST"]) <= {200, 502} and seen["POST"].count(502) <= 2 * killed
    assert server.metric("roost_queue_depth") == 0 and server.metric("roost_threads_busy") == 0


@pytest.mark.slow
def test_a_body_in_a_file_is_there_again_for_the_second_worker(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 1, "--body-memory", "1k")
    body = b"y" * 300_000
    answer = get(server.address, "/segfault-once?file", body=body)
    assert answer.status == 200
