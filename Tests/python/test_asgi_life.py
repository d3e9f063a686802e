"""An ASGI worker's life: which interface an application has, its lifespan, its loop, and every way to end."""

import os
import signal
import subprocess
import time

import pytest

from ring_front import PATIENCE, WorkerGone


def wait_for_output(worker, text):
    deadline = time.monotonic() + PATIENCE
    while text not in worker.output_text():
        assert time.monotonic() < deadline, worker.output_text()
        time.sleep(0.01)


def body_of(start_loop, target, **options):
    with start_loop("asgi_life:" + target, **options) as worker:
        assert worker.ready()["interface"] == "asgi"
        body = worker.get("/").body
        assert worker.stop() == 0
        assert worker.output_text() == ""
        return body


@pytest.mark.parametrize("target, body", [
    ("function", b"function"), ("instance", b"instance"), ("wrapper", b"function"), ("slotted", b"slotted"),
    ("partial", b"partial"), ("decorated", b"function"), ("Endpoint", b"endpoint"), ("Double", b"double"),
    ("double_function", b"double function"), ("dash", b"instance"), ("Instance()", b"instance")])
def test_finds_out_that_an_application_is_asgi(start_loop, target, body):
    assert body_of(start_loop, target) == body


@pytest.mark.parametrize("target, body", [("wsgi", b"wsgi"), ("WSGIClass", b"wsgi class")])
def test_finds_out_that_an_application_is_wsgi(start, target, body):
    with start("asgi_life:" + target) as worker:
        assert worker.ready()["interface"] == "wsgi"
        assert worker.get("/").body == body
        assert worker.stop() == 0


def test_what_does_not_show_can_be_said(start_loop, start):
    assert body_of(start_loop, "hidden", settings={"interface": "asgi"}) == b"function"
    with start("asgi_life:hidden") as worker:
        assert worker.ready()["interface"] == "wsgi"
    with start("asgi_life:function", settings={"interface": "wsgi"}) as worker:
        message = worker.message()
        assert message["title"] == "application cannot be served"
        assert "is asynchronous (ASGI), and --interface says wsgi" in message["reason"]
    with start("asgi_life:factory") as worker:
        assert "looks like a factory" in worker.message()["reason"]


# Lifespan


def test_the_lifespan_is_run_once_around_all_requests(start_loop):
    with start_loop("asgi_life:app_complete") as worker:
        worker.ready()
        for _ in range(2):
            assert worker.get("/").body == b"{'database': 'open'}"
        assert worker.output_text() == ""
        assert worker.stop() == 0
        assert worker.output_text() == "closing the database\nbehind the shutdown\n"


@pytest.mark.parametrize("target", ["app_refuses", "app_returns", "naive"])
def test_an_application_that_wants_no_lifespan_is_served_without(start_loop, target):
    assert body_of(start_loop, target) == b"{}"


@pytest.mark.parametrize("target, reason, trace", [
    ("app_fails", "failed: the database is not there", ""),
    ("app_fails_like_starlette", "failed: ConnectionError: no route to the database", "in fails_like_starlette"),
    ("app_fails_oddly", "failed: {'code': 7}", ""), ("app_fails_silently", "failed: OSError: no disk", "in fails_silently"),
    ("app_raises", "failed: KeyError: 'DATABASE_URL'", "in raises"),
    ("app_unknown_message", "failed: RuntimeError: unexpected ASGI message 'lifespan.begun'", "in unknown_message")])
def test_a_start_up_that_fails_fails_the_worker(start_loop, target, reason, trace):
    with start_loop("asgi_life:" + target) as worker:
        message = worker.message()
        assert (message["type"], message["title"]) == ("failed", "application cannot start")
        assert reason in message["reason"] and trace in message["traceback"]
        assert worker.wait() == 1


def test_a_start_up_that_exits_fails_the_worker(start_loop):
    with start_loop("asgi_life:app_exits") as worker:
        message = worker.message()
        assert message["reason"].endswith("(lifespan) ended the process (SystemExit: 4)")
        assert "in exits" in message["traceback"]
        assert worker.wait() == 1


def test_the_worker_is_ready_when_the_start_up_is(start_loop):
    with start_loop("asgi_life:app_slow") as worker:
        wait_for_output(worker, "starting")
        worker._collect()
        assert worker.texts == []
        worker.ready()
        assert worker.stop() == 0


@pytest.mark.parametrize("how", ["stop", "sigterm", "front"])
def test_a_start_up_that_takes_for_ever_can_be_ended(start_loop, how):
    with start_loop("asgi_life:app_endless") as worker:
        wait_for_output(worker, "starting")
        if how == "stop":
            assert worker.stop() == 0
        elif how == "sigterm":
            os.kill(worker.pid, signal.SIGTERM)
            assert worker.wait() == 143
        else:
            worker.control.close()
            assert worker.wait() == 1


@pytest.mark.parametrize("target, output", [
    ("app_shutdown_fails", "roost: error: the application's shutdown failed: the database would not close\n"),
    ("app_shutdown_raises", "OSError: disk full"),
    ("app_schedules_its_end", "the runtime has stopped\n"), ("app_leaves_tasks", "the task was cancelled\n")])
def test_what_happens_at_the_end_is_seen(start_loop, target, output):
    with start_loop("asgi_life:" + target) as worker:
        worker.ready()
        assert worker.get("/").status == 200
        assert worker.stop() == 0
        assert output in worker.output_text()
        assert "never retrieved" not in worker.output_text() and "was destroyed" not in worker.output_text()


@pytest.mark.parametrize("target, reason", [
    ("app_dies_early", "OSError: the lifespan is over"),
    ("app_twice", "RuntimeError: unexpected ASGI message 'lifespan.startup.complete'")])
def test_a_lifespan_that_fails_right_behind_its_start_has_not_started(start_loop, target, reason):
    with start_loop("asgi_life:" + target) as worker:
        message = worker.message()
        assert message["type"] == "failed" and reason in message["reason"] and reason in message["traceback"]
        assert worker.wait() == 1


def test_a_lifespan_that_fails_while_the_application_serves_is_told(start_loop):
    with start_loop("asgi_life:app_breaks") as worker:
        worker.ready()
        assert worker.get("/").status == 200
        message = worker.message()
        assert message["type"] == "broken" and message["reason"] == "OSError: the ticker stopped"
        assert "in breaks" in message["traceback"]
        # It serves on until another has its place.
        assert worker.get("/").status == 200
        assert worker.stop() == 0
        assert "never retrieved" not in worker.output_text()


# Ends


def test_stop_waits_for_what_is_running(start_loop):
    with start_loop("asgi_life:app_complete") as worker:
        worker.ready()
        streams = [worker.open(target="/waits") for _ in range(3)]
        wait_for_output(worker, "waiting\nwaiting\nwaiting\n")
        assert worker.stop() == 0
        assert [worker.answer(stream).body for stream in streams] == [b"{'database': 'open'}"] * 3
        assert worker.output_text().endswith("closing the database\nbehind the shutdown\n")


def test_sigterm_cancels_what_is_running_and_shuts_down(start_loop):
    with start_loop() as worker:
        worker.ready()
        stream = worker.open(target="/loops")
        wait_for_output(worker, "looping")
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait() == 143
        assert worker.answer(stream).status == 500
        assert "shut down in order" in worker.output_text()


def test_sigterm_that_the_application_caught_ends_the_worker_all_the_same(start_loop):
    with start_loop() as worker:
        worker.ready()
        worker.open(target="/catches-every-exit")
        assert worker.wait() == 143
        assert "shut down in order" in worker.output_text()


def test_sigterm_ends_a_worker_that_waits_for_streams_after_stop(start_loop):
    with start_loop() as worker:
        worker.ready()
        worker.open(target="/loops")
        wait_for_output(worker, "looping")
        worker.tell({"type": "stop"})
        with pytest.raises(WorkerGone):
            worker.wait(0.3)
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait() == 143


def test_ctrl_c_is_for_the_front(start_loop):
    with start_loop() as worker:
        worker.ready()
        os.kill(worker.pid, signal.SIGINT)
        assert worker.get("/hello").body == b"Hello"


def test_a_worker_whose_front_is_gone_shuts_down(start_loop):
    with start_loop() as worker:
        worker.ready()
        assert worker.get("/hello").body == b"Hello"
        worker.control.close()
        assert worker.wait() == 1
        assert "shut down in order" in worker.output_text()


def test_an_application_that_exits_in_a_request_has_failed(start_loop):
    with start_loop() as worker:
        worker.ready()
        assert worker.get("/exits").body == b"bye"
        worker.wait_for_log("SystemExit: 3")
        assert worker.get("/hello").body == b"Hello"
        assert worker.stop() == 0


def test_a_task_of_the_application_s_own_that_exits_ends_the_worker(start_loop):
    with start_loop() as worker:
        worker.ready()
        assert worker.get("/exits-in-a-task").body == b"bye"
        assert worker.wait() == 3
        assert "shut down in order" in worker.output_text()


def test_frames_that_came_before_the_bell_are_read(start_loop):
    with start_loop() as worker:
        super(type(worker), worker).ready()
        stream = worker.open(target="/hello")
        worker.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
        worker.send_file(2**64 - 1, worker.bell)
        assert worker.answer(stream).body == b"Hello"
        assert worker.stop() == 0


# Loops


def has_uvloop(python):
    return subprocess.run([python, "-c", "import uvloop"], capture_output=True).returncode == 0


def test_the_loop_is_uvloop_s_where_that_is_installed(start_loop, python):
    wanted = b"uvloop" if has_uvloop(python) else b"asyncio.unix_events"
    assert body_of(start_loop, "loop_name") == wanted
    assert body_of(start_loop, "loop_name", settings={"event_loop": "asyncio"}) == b"asyncio.unix_events"


def test_uvloop_that_is_asked_for_and_missing_is_a_clear_error(start_loop, python):
    with start_loop("asgi_life:loop_name", settings={"event_loop": "uvloop"}) as worker:
        if has_uvloop(python):
            worker.ready()
            assert worker.get("/").body == b"uvloop"
        else:
            message = worker.message()
            assert message["title"] == "worker cannot start" and "uvloop cannot be imported" in message["reason"]
            assert "pip install uvloop" in message["hint"]


def test_a_loop_that_the_application_made_while_it_was_imported_is_the_one(start_loop):
    environment = {**os.environ, "TEST_LOOP_AT_IMPORT": "1"}
    assert body_of(start_loop, "loop_name", environment=environment).endswith(b" True")
