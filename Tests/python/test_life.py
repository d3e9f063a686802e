"""A worker's life: finding the application, saying why not, threads, forks, and every way to end."""

import os
import signal
import struct

import pytest

from conftest import APPS, PACKAGE
from ring_front import CLAIMED, REVOKED

FAULTY = APPS / "faulty"


def body_of(start, target, **options):
    with start(target, **options) as worker:
        worker.ready()
        response = worker.get("/")
        assert worker.stop() == 0
        return response.body.decode()


def test_says_when_it_is_ready(start, python):
    with start("life:app") as worker:
        message = worker.ready()
        assert message["pid"] == worker.pid
        assert python.split("/versions/")[-1].startswith(message["python"].rpartition(".")[0])
        assert message["app"] == "function" and message["import_seconds"] >= 0


def test_leaves_the_process_as_the_application_expects_it(start):
    facts = eval(body_of(start, "life:app"))
    assert facts == {
        "cwd": True, "path0": str(APPS), "argv": ["life:app"], "roost": False, "main": str(PACKAGE / "_worker.py"),
        "thread": "roost-1", "own_dir_on_path": False, "inheritable": [False] * 3, "sigint": True}


@pytest.mark.parametrize("target, body", [
    ("life:create_app()", "default"), ("life:create_app('shop', loud=True)", "SHOP"),
    ("life:site", "server of the site"), ("life:Site.inner.application", "nested"),
    ("life:Site.server", "server of the site"),
])
def test_serves_factories_attributes_and_objects_that_carry_an_application(start, target, body):
    assert body_of(start, target) == body


@pytest.mark.parametrize("target, body", [
    ("package.wsgi", "package.wsgi"), ("package.wsgi:app", "package.wsgi"), ("plain.py:app", "plain"),
    ("package/wsgi.py", "wsgi"), (str(FAULTY / "plain.py"), "plain"),
    # A module of the user's with the name of one of ours.
    ("_wsgi:app", "_wsgi"),
])
def test_finds_modules_packages_and_files(start, target, body):
    assert body_of(start, target, app_dir=FAULTY) == body


@pytest.mark.parametrize("target, title, reason, hint, trace", [
    ("nowhere:app", "application not found", "there is no module 'nowhere'", "has: ", None),
    ("miznamed:app", "application not found", "there is no module 'miznamed'", "did you mean misnamed?", None),
    ("package.web:app", "application not found", "there is no module 'package.web'", "", None),
    ("nowhere.py:app", "application not found", "there is no file", "has: ", None),
    ("misnamed:app", "application not found", "no attribute 'app' (it has: create_app, the_application)",
     "misnamed:", None),
    ("misnamed", "application not found", "none of application, app, server (it has: create_app, the_application)",
     "misnamed:", None),
    ("nothing", "application not found", "it defines nothing that could be one", "", None),
    (":app", "application not found", "names no application", "MODULE:NAME", None),
    ("plain:", "application not found", "names no application", "MODULE:NAME", None),
    ("plain:app[0]", "application not found", "is not the name of an application", "plain:app", None),
    ("plain:app(x)", "application not found", "literal arguments", "plain:app", None),
    ("misnamed:create_app()", "application cannot be served", "is a NoneType, which cannot be called", "", None),
    ("misnamed:create_app", "application cannot be served", "looks like a factory", "misnamed:create_app()", None),
    ("needs:app", "application cannot be imported", "No module named 'no_such_library'", "install 'no_such_library'",
     "needs.py"),
    ("raises:app", "application cannot be imported", "ZeroDivisionError: division by zero", "", "raises.py\", line 1"),
    ("syntax:app", "application cannot be imported", "SyntaxError", "", "syntax.py"),
    ("leaves:app", "application cannot be imported", "ended the process while it was imported (SystemExit: 2)",
     "__main__", "leaves.py"),
])
def test_says_clearly_why_there_is_no_application(start, target, title, reason, hint, trace):
    with start(target, app_dir=FAULTY) as worker:
        message = worker.message()
        assert (message["type"], message["title"]) == ("failed", title)
        assert reason in message["reason"] and hint in message["hint"]
        assert (trace in message["traceback"]) if trace else message["traceback"] == ""
        assert "_loading.py" not in message["traceback"] and "importlib" not in message["traceback"]
        assert worker.wait() == 1


@pytest.mark.parametrize("target, reason", [
    ("life:failing_factory()", "the factory life:failing_factory() failed: RuntimeError: the factory is closed"),
    ("life:number", "is an int, which cannot be called"),
])
def test_says_what_a_factory_or_an_object_of_another_kind_did(start, target, reason):
    with start(target) as worker:
        assert reason in worker.message()["reason"]
        assert worker.wait() == 1


def test_a_library_that_cannot_be_loaded_is_told_over_the_socket_with_the_bell_rung(start, tmp_path):
    broken = tmp_path / "libRoostWorker.so"
    broken.write_bytes(b"no library")
    with start("life:app", library=broken) as worker:
        message = worker.message()
        assert message["title"] == "worker cannot start" and "libRoostWorker.so" in message["reason"]
        assert worker.wait() == 1
        assert os.eventfd_read(worker.doorbell) == 1


def test_each_thread_serves_its_own_lane_and_all_at_once(start):
    with start("pages:app", threads=3) as worker:
        worker.ready()
        for lane in range(3):
            assert worker.get("/thread-name", lane=lane).body == b"roost-%d" % (lane + 1)
        streams = [worker.request(target="/meets", lane=lane) for lane in range(3)]
        assert [worker.response(stream, lane).body for lane, stream in enumerate(streams)] == [b"met"] * 3
        assert worker.stop() == 0


def test_stop_runs_the_exit_handlers_and_ends_with_0(start, tmp_path):
    note = tmp_path / "note"
    with start("life:exits") as worker:
        worker.ready()
        worker.get("/?%s" % note)
        assert worker.stop() == 0
        assert note.read_text() == "exit handlers ran"


def test_stop_ends_a_worker_whose_exit_handlers_do_not_end(start):
    with start("life:exits_slowly") as worker:
        worker.ready()
        worker.get("/")
        assert worker.stop() == 0


def test_sigterm_runs_the_exit_handlers_too(start, tmp_path):
    note = tmp_path / "note"
    with start("life:exits") as worker:
        worker.ready()
        worker.get("/?%s" % note)
        os.kill(worker.pid, signal.SIGTERM)
        assert worker.wait() == 143
        assert note.read_text() == "exit handlers ran"


def test_ctrl_c_is_for_the_front(start):
    with start("life:app") as worker:
        worker.ready()
        os.kill(worker.pid, signal.SIGINT)
        assert worker.get("/").status == 200


def test_signal_handlers_of_the_application_run_on_the_main_thread(start, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with start("life:signals", environment={**os.environ, "TEST_HANDLES_SIGNALS": str(gate)}) as worker:
        worker.ready()
        stream = worker.request(target="/?%s" % gate)
        assert worker.frame()[0] == 16
        os.kill(worker.pid, signal.SIGUSR1)
        assert worker.frame()[3] == b"[True]"
        assert worker.frame()[0] == 18 and stream


def test_a_worker_whose_front_is_gone_ends(start, tmp_path):
    note = tmp_path / "note"
    with start("life:exits") as worker:
        worker.ready()
        worker.get("/?%s" % note)
        worker.control.close()
        assert worker.wait() == 1
        assert note.read_text() == "exit handlers ran"


def test_a_wedged_worker_whose_front_is_gone_ends(start):
    with start("life:wedges") as worker:
        worker.ready()
        worker.request(target="/")
        assert worker.frame()[0] == 16
        worker.control.close()
        assert worker.wait() == 1


@pytest.mark.parametrize("kind, code", [("returns", 0), ("writes", 0), ("yields", 0), ("raises", 1), ("exits", 7)])
def test_a_forked_child_that_comes_out_of_the_application_sends_nothing(start, kind, code):
    with start() as worker:
        worker.ready()
        response = worker.get("/forks?" + kind)
        assert (response.body, response.ending, response.logs) == (b"parent, child: %d" % code, "whole", []) or \
            response.body == b""
        assert worker.get("/hello").body == b"Hello"
        assert ("ValueError: in the child" in worker.output_text()) == (kind == "raises")


def test_a_forked_child_holds_nothing_of_the_front(start):
    with start() as worker:
        worker.ready()
        assert worker.get("/child-descriptors").body == b"[]"


def test_multiprocessing_works_inside_a_request(start):
    with start() as worker:
        worker.ready()
        response = worker.get("/multiprocesses")
        assert response.status == 200, response.log_text
        assert response.body == b"from the child 0"


@pytest.mark.parametrize("kind", ["list", "generator", "error"])
def test_ten_thousand_requests_leave_nothing_behind(start, kind):
    with start() as worker:
        worker.ready()

        def ask():
            return worker.get("/leaks?" + kind, method="POST", body=b"x" * 500,
                              fields=[("X-Some", "value"), ("Cookie", "a=b"), ("X-%d" % worker.next_stream, "new")])

        def counts():
            # Asked as a list: an error says nothing about itself.
            return [int(part) for part in worker.get("/leaks?list").body.split()]

        for _ in range(1000):
            ask()
        alive, resident, references = counts()
        for _ in range(9000):
            ask()
        alive_later, resident_later, references_later = counts()
        assert (alive, alive_later) == (1, 1)
        assert references_later == references
        assert resident_later - resident < 2 << 20


def test_a_damaged_frame_is_answered_and_the_worker_lives(start):
    with start() as worker:
        worker.ready()
        worker.send(1, b"\xff" * 200, stream=99)
        assert worker.response(99).status == 500
        worker.send(1, b"", stream=100)
        assert worker.response(100).status == 500
        worker.send(77, b"?", stream=101)
        assert worker.get("/hello").body == b"Hello"


def test_a_request_that_was_taken_back_is_passed_over_and_others_are_claimed(start):
    with start() as worker:
        worker.ready()
        worker.request(target="/failing-call", claim=REVOKED)
        worker.request(target="/failing-call", claim=REVOKED)
        position = worker.tails[0]
        stream = worker.request(target="/hello")
        assert worker.response(stream).body == b"Hello"
        assert worker.claim_of(0, position) == CLAIMED
        worker.request(target="/failing-call", claim=REVOKED)
        assert worker.stop() == 0
        assert worker.words[worker._word(0, 128)] == worker.heads[0]


def test_messages_that_mean_nothing_are_passed_over(start):
    with start() as worker:
        worker.ready()
        for text in (b"", b"no json", b"[]", b'{"type":"other"}', b"\xff" * 3000):
            if text:
                worker.control.send(text)
        worker.send_file(12345, worker.doorbell)
        assert worker.get("/hello").body == b"Hello"
        assert worker.stop() == 0


def test_a_body_that_never_arrives_is_500(start):
    with start() as worker:
        worker.ready()
        worker.send(1, b"", stream=1)
        worker.response(1)
        stream = worker.next_stream
        worker.next_stream += 1
        payload = struct.pack("<HHIQQ", 2, 0, 1, 10, 0) + struct.pack("<II", 0, 1) * 10 + b"/"
        worker.send(1, payload, stream)
        response = worker.response(stream)
        assert response.status == 500 and "did not arrive" in response.log_text
