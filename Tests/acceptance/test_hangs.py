"""Requests that run too long and workers that do not come back: neighbours go on, and workers go only on evidence."""

import os
import signal
import time

import pytest
from client import eventually, request


def calls(server, path):
    return [int(line.split(" ")[0]) for line in server.calls() if line.split(" ", 1)[1].endswith(path)]


def lines(server, sentence):
    return [line for line in server.log().splitlines() if sentence in line]


# A worker that is stopped


def test_requests_handed_to_a_stopped_worker_are_answered_by_the_other(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 2)
    stopped, other = server.workers()
    os.kill(stopped, signal.SIGSTOP)
    try:
        # A POST too: it was not begun.
        clients = [server.connect().send(request("/", "POST", b"x")) for _ in range(8)]
        answers = [client.response() for client in clients]
        assert [answer.status for answer in answers] == [200] * 8
        assert {answer.body for answer in answers} == {b"%d" % other}
        assert len(calls(server, "/")) == 8 + 2  # and the warm-up of each
        assert lines(server, "worker does not run") and "state=T" in lines(server, "worker does not run")[0]
        # It gets nothing more.
        for _ in range(20):
            assert server.get("/").body == b"%d" % other
    finally:
        os.kill(stopped, signal.SIGCONT)
    eventually(lambda: lines(server, "worker takes requests again"), "it takes requests again")
    gates = [server.connect().send(request("/gate?all")) for _ in range(4)]
    eventually(lambda: calls(server, "/gate?all").count(stopped) == 2, "it gets requests again")
    server.open_gate("all")
    assert [gate.response().status for gate in gates] == [200] * 4
    assert server.workers() == sorted([stopped, other])
    assert server.metric("roost_threads_busy") == 0


def test_with_one_worker_requests_wait_until_it_runs_again_and_run_once(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 2)
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        clients = [server.connect().send(request("/?waits", "POST", b"x")) for _ in range(3)]
        eventually(lambda: lines(server, "worker does not run"), "it is noticed")
        assert server.metric("roost_queue_depth") == 3
    finally:
        os.kill(worker, signal.SIGCONT)
    assert [client.response().status for client in clients] == [200] * 3
    assert len(calls(server, "/?waits")) == 3


def test_a_worker_that_stays_stopped_lets_requests_wait_no_longer_than_the_queue_does(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 1, "--queue-timeout", "3s")
    (worker,) = server.workers()
    os.kill(worker, signal.SIGSTOP)
    try:
        assert server.get("/").status == 503
    finally:
        os.kill(worker, signal.SIGCONT)


# A request that runs too long

LIMITS = ("--request-timeout", "1s", "--request-timeout-grace", "1s")


def test_a_loop_in_python_is_ended_and_its_thread_serves_on(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 2, *LIMITS)
    (worker,) = server.workers()
    with server.connect() as connection:
        answer = connection.send(request("/loop")).response()
        assert answer.status == 504
        assert answer["X-Request-ID"].encode() in answer.body
        # The connection goes on.
        assert connection.send(request("/")).response().status == 200
    eventually(lambda: server.metric("roost_threads_busy") == 0, "the thread is back")
    assert server.workers() == [worker]
    assert server.metric("roost_failed_total", cause="request_timeout") == 1
    assert len(calls(server, "/loop")) == 1
    gates = [server.connect().send(request("/gate?both")) for _ in range(2)]
    time.sleep(0.2)
    server.open_gate("both")
    assert [gate.response().status for gate in gates] == [200] * 2


def test_the_longest_path_has_its_own_limit(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 3, "--request-timeout", "1s",
                   "--request-timeout-paths", "/gate=0")
    waits = server.connect().send(request("/gate?long"))
    assert server.get("/catches").status == 504
    time.sleep(1)
    server.open_gate("long")
    assert waits.response().status == 200


def test_an_app_that_catches_the_interruption_goes_on_for_nobody(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 1, *LIMITS)
    (worker,) = server.workers()
    assert server.get("/catches").status == 504
    assert server.get("/").status == 200
    assert (server.directory / "caught").read_text() == "RequestTimeout\n"
    assert server.workers() == [worker]


def test_an_app_can_put_its_deadline_off(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 1, *LIMITS)
    assert server.get("/extends").body == b"in time"


def test_what_the_app_has_marked_idempotent_is_retried(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 1)
    assert server.get("/marked", method="POST", body=b"x").status == 502
    assert len(calls(server, "/marked")) == 2


@pytest.mark.parametrize("path", ["/sleeps", "/never-returns"])
def test_a_thread_that_never_comes_back_costs_its_worker_and_nobody_else(roost, path):
    server = roost("faulty:app", "--processes", 1, "--threads", 2, *LIMITS, "--request-timeout-paths", "/gate=0")
    (worker,) = server.workers()
    neighbour = server.connect().send(request("/gate?neighbour", "POST", b"x"))
    server.wait_for_call(f"{worker} POST /gate?neighbour")
    assert server.get(path).status == 504
    eventually(lambda: lines(server, "a thread is stuck"), "it is judged")
    assert "evidence" in lines(server, "a thread is stuck")[0]
    # The stack of the thread is in the log, before the judgement.
    log = server.log()
    assert path.strip("/").replace("-", "_") in log[: log.index("a thread is stuck")]
    eventually(lambda: len(server.workers()) == 2, "the successor comes first")
    answer = server.get("/")
    assert answer.status == 200 and answer.body != b"%d" % worker
    server.open_gate("neighbour")
    assert neighbour.response().body == b"%d" % worker
    eventually(lambda: worker not in server.workers(), "it is ended when the neighbour was answered")
    assert len(server.workers()) == 1


def test_a_function_that_keeps_the_interpreters_lock_costs_its_worker(roost):
    server = roost("faulty:app", "--processes", 2, "--threads", 2, *LIMITS)
    workers = server.workers()
    assert server.get("/holds-lock").status == 504
    (wedged,) = calls(server, "/holds-lock")
    # Those handed to it meanwhile are answered by the other.
    for _ in range(8):
        assert server.get("/", method="POST", body=b"x").status == 200
    eventually(lambda: lines(server, "the interpreter is stuck"), "it is judged")
    eventually(lambda: wedged not in server.workers(), "it is ended")
    eventually(lambda: server.metric("roost_workers") == 2, "it is replaced")
    assert set(workers) - {wedged} <= set(server.workers())


def test_a_worker_that_is_only_busy_under_the_lock_is_left_alone(roost):
    server = roost("faulty:app", "--processes", 1, "--threads", 2)
    (worker,) = server.workers()
    busy = server.connect().send(request("/holds-lock?4"))
    server.wait_for_call(f"{worker} GET /holds-lock?4")
    waits = server.connect().send(request("/?waits", "POST", b"x"))
    assert busy.response().status == 200
    assert waits.response().status == 200
    assert len(calls(server, "/?waits")) == 1
    assert server.workers() == [worker]
