"""Interrupts, deadlines put off, requests taken back, and stacks of stuck threads: on every interpreter."""

import os
import random
import signal
import subprocess
import time

import pytest

from conftest import PACKAGE
from ring_front import ABORT, CHUNK, END, LOG, OFFERED, PATIENCE, RESPONSE

WARNING, ERROR = 4, 5
STACKS = signal.SIGRTMAX - 2
IDEMPOTENT, EXTENDED, EXTENDED_UNTIL, THREAD_ID, THREAD_NAME = 88, 96, 104, 112, 120


@pytest.fixture(scope="module")
def shared(start):
    """A worker with two lanes; the second one tells what became of interrupts."""
    with start("deadlines:app", threads=2) as worker:
        worker.ready()
        yield worker


@pytest.fixture
def pair(shared):
    assert shared.exit_code is None
    shared.get("/outcomes?0", lane=1)
    shared.get("/closed-what", lane=1)
    yield shared
    assert shared.get("/hello").body == b"Hello"


def outcomes(worker, count):
    return worker.get("/outcomes?%d" % count, lane=1).body.decode()


def wait_until(condition):
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


@pytest.mark.parametrize("target, line", [("/loops", "in loops"), ("/tries-again", "in tries_again")])
def test_a_loop_is_interrupted_logged_with_its_place_and_answered(pair, target, line):
    stream = pair.begun(target)
    pair.interrupt(stream)
    response = pair.response(stream)
    assert (response.status, response.reason, response.ending) == (504, "Gateway Timeout", "whole")
    (level, text), = response.logs
    assert level == WARNING
    assert text.startswith("interrupted after ") and " s, at the request's deadline\nTraceback" in text
    assert line in text and text.endswith("\nroost.RequestTimeout")
    again = pair.get("/hello")
    assert (again.body, again.logs) == (b"Hello", [])
    assert outcomes(pair, 1) == "y"


def test_a_request_whose_head_is_out_breaks_off(pair):
    stream = pair.begun("/loops-after-its-head")
    pair.interrupt(stream)
    kind, _, _, text = pair.frame()
    assert kind == LOG and text[0] == WARNING and b"in loops_after_its_head" in text
    assert pair.frame()[:3] == (ABORT, 0, stream)


def test_a_generator_is_interrupted_between_two_parts_and_closed(pair):
    stream = pair.begun("/generates")
    pair.interrupt(stream)
    kind, _, _, text = pair.frame()
    assert kind == LOG and text[0] == WARNING and b"in generates" in text
    assert pair.frame()[:3] == (ABORT, 0, stream)
    assert pair.get("/closed-what").body == b"generator"


def test_close_is_interrupted_too_and_the_response_stays_whole(pair):
    stream = pair.request(target="/loops-in-close")
    assert [pair.frame()[0], pair.frame()[0]] == [RESPONSE, CHUNK]
    wait_until(lambda: pair.get("/closed-what", lane=1).body == b"close begun")
    pair.interrupt(stream)
    kind, _, _, text = pair.frame()
    assert kind == LOG and text[0] == WARNING and b"in close" in text
    assert pair.frame()[:3] == (END, 0, stream)


def test_an_application_that_catches_it_goes_on(pair):
    stream = pair.begun("/catches")
    pair.interrupt(stream)
    response = pair.response(stream)
    assert (response.status, response.body, response.logs) == (200, b"caught", [])


def test_what_an_application_makes_of_it_is_its_own_error(pair):
    stream = pair.begun("/turns-into-another-error")
    pair.interrupt(stream)
    response = pair.response(stream)
    assert response.status == 500 and response.logs[0][0] == ERROR
    assert response.log_text.startswith("Traceback") and response.log_text.endswith("ValueError: too slow")


def test_an_application_that_raises_it_by_itself_has_failed(pair):
    response = pair.get("/raises-by-itself")
    assert response.status == 500 and response.logs[0][0] == ERROR
    assert "interrupted" not in response.log_text


def test_an_interrupt_of_another_lane_or_request_disturbs_nobody(pair, tmp_path):
    gate = tmp_path / "gate"
    stream = pair.begun("/waits-for-a-file?%s" % gate)
    for lane, number in ((0, stream - 1), (0, stream + 1), (0, 0), (1, stream), (1, 0), (2, stream), (255, stream),
                         (65535, stream), (0, 2**64 - 1)):
        pair.interrupt(number, lane)
    assert outcomes(pair, 9) == "n" * 9
    gate.touch()
    response = pair.response(stream)
    assert (response.body, response.logs) == (b"undisturbed", [])


def test_messages_that_mean_nothing_disturb_nobody(pair, tmp_path):
    gate = tmp_path / "gate"
    stream = pair.begun("/waits-for-a-file?%s" % gate)
    for fields in ({}, {"lane": 0}, {"stream": stream}, {"lane": "0", "stream": stream}, {"lane": -1, "stream": stream},
                   {"lane": 0, "stream": -1}, {"lane": 0, "stream": 2**64 + stream}, {"lane": 2**32, "stream": stream},
                   {"lane": 0.0, "stream": stream}, {"lane": False, "stream": stream}, {"lane": None, "stream": None},
                   {"lane": [0], "stream": {"stream": stream}}):
        pair.tell({"type": "interrupt", **fields})
    for text in (b"[" * 4000, b'{"type":["interrupt"]}', b'{"type":null}', b"7", b"\xff\xfe", b'"interrupt"'):
        pair.control.send(text)
    # What comes last has been read, and so all before it.
    pair.interrupt(0)
    assert outcomes(pair, 1) == "n"
    gate.touch()
    response = pair.response(stream)
    assert (response.body, response.logs) == (b"undisturbed", [])


def test_an_interrupt_that_is_pending_when_the_request_ends_is_nobody_s(pair, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    stream = pair.request(target="/reads-in-c?%s" % gate)
    with open(gate, "wb", buffering=0) as file:
        file.write(b"a")
        assert pair.frame()[0] == RESPONSE
        pair.interrupt(stream)
        # It is set, and the thread is in C: nothing of Python runs there until its end.
        assert outcomes(pair, 1) == "y"
        file.write(b"b")
        assert pair.frame()[::3] == (CHUNK, b"b")
        file.write(b".")
        assert pair.frame()[:3] == (END, 0, stream)
    for _ in range(20):
        response = pair.get("/short?2000")
        assert (response.body, response.logs) == (b"done", [])


# ```
#   front                     main thread                thread of the lane
#   request 7 ──────────────────────────────────────────▶ runs for a random time
#   waits for a random time
#   interrupt 7 ────────────▶ raise in the lane, if 7     …
#   request 8 ──────────────────────────────────────────▶ must not see it
# ```
@pytest.mark.parametrize("page", ["short", "short-generator"])
def test_an_interrupt_that_comes_too_late_never_comes_up_in_the_next_request(pair, page):
    dice = random.Random(page)
    # So that the main thread comes to it while the request runs.
    before = pair.get("/switches?1e-5").body.decode()
    whole, cut = 0, 0
    for turn in range(2000):
        stream = pair.request(target="/%s?%d" % (page, dice.randrange(20_000)))
        end = time.monotonic_ns() + dice.randrange(250_000)
        while time.monotonic_ns() < end:
            pass
        pair.interrupt(stream)
        response = pair.response(stream)
        if response.status == 200 and response.ending in ("whole", "end"):
            assert response.logs == [] and response.body in (b"done", b"part" * 4)
            whole += 1
        else:
            assert (response.status, response.ending) == (504, "whole") or response.ending == "abort"
            assert [level for level, _ in response.logs] == [WARNING], response.log_text
            cut += 1
        after = pair.get("/short?300")
        assert (after.status, after.body, after.logs) == (200, b"done", []), after.log_text
    pair.get("/switches?" + before)
    assert pair.exit_code is None and "Traceback" not in pair.output_text()
    # Otherwise nothing was tried.
    assert whole > 20 and cut > 20, (whole, cut)


def test_many_interrupts_at_once_lose_no_message_to_stop(start):
    with start("deadlines:app") as worker:
        worker.ready()
        # More than its socket holds.
        worker.control.setblocking(True)
        for _ in range(300):
            worker.interrupt(1)
        assert worker.stop() == 0


def test_a_deadline_is_put_off_in_shared_memory(pair):
    before = time.monotonic_ns()
    stream = pair.request(target="/extends?120")
    assert pair.response(stream).body == b"True"
    assert pair.word(EXTENDED) == stream
    assert before + 120 * 10**9 <= pair.word(EXTENDED_UNTIL) <= time.monotonic_ns() + 120 * 10**9
    assert pair.word(EXTENDED, lane=1) == 0
    # However many seconds: no number breaks out of its word.
    stream = pair.request(target="/extends?1e300")
    assert pair.response(stream).body == b"True"
    assert pair.word(EXTENDED_UNTIL) < 2**62


def test_a_request_is_marked_as_idempotent_in_shared_memory(pair):
    stream = pair.request(target="/marks")
    assert pair.response(stream).body == b"True"
    assert pair.word(IDEMPOTENT) == stream


def test_both_are_in_the_environ(pair):
    stream = pair.request(target="/extends-by-environ")
    assert pair.response(stream).body == b"(True, True)"
    assert pair.word(EXTENDED) == pair.word(IDEMPOTENT) == stream


def test_other_threads_have_nothing_to_extend_and_wrong_numbers_are_errors(pair):
    words = pair.word(EXTENDED), pair.word(IDEMPOTENT)
    assert pair.get("/extends-elsewhere").body == b"[False, False]"
    assert pair.get("/extends-wrongly").body.decode() == repr(["ValueError"] * 5 + ["TypeError"])
    assert (pair.word(EXTENDED), pair.word(IDEMPOTENT)) == words


def test_without_a_server_both_are_harmless(python):
    program = "import roost; print(roost.extend_deadline(5), roost.mark_idempotent(), roost.RequestTimeout.__mro__[1])"
    answer = subprocess.run([python, "-c", program], capture_output=True, text=True,
                            env={**os.environ, "PYTHONPATH": str(PACKAGE.parent)})
    assert (answer.stdout, answer.stderr) == ("False False <class 'BaseException'>\n", "")


def test_a_request_that_waits_for_the_gil_can_be_taken_back(start, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with start("deadlines:app", threads=2) as worker:
        worker.ready()
        holder = worker.request(target="/holds-the-gil?%s" % gate)
        descriptor = os.open(gate, os.O_WRONLY)
        # The GIL is held in C from here.
        position = worker.tails[1]
        worker.request(target="/raises-by-itself", lane=1)
        end = time.monotonic() + 0.1
        while time.monotonic() < end:
            assert worker.claim_of(1, position) == OFFERED
        worker.revoke(1, position)
        stream = worker.request(target="/hello", lane=1)
        os.close(descriptor)
        assert worker.response(holder).body == b"let go"
        response = worker.response(stream, lane=1)
        assert (response.body, response.logs) == (b"Hello", [])
        assert worker.stop() == 0


def test_the_stacks_of_all_threads_are_written_when_asked_for(start):
    with start("deadlines:app", threads=2) as worker:
        worker.ready()
        worker.get("/replaces-its-error-output", lane=1)
        stream = worker.begun("/loops")
        os.kill(worker.pid, STACKS)
        # The main thread comes last, from wherever it is up to its first line.
        wait_until(lambda: "_worker.py\"" in worker.output_text())
        text = worker.output_text()
        assert "in loops" in text
        # The lane's thread is found in it, and among the kernel's.
        assert "hread 0x%016x (most recent call first)" % worker.word(THREAD_NAME) in text
        assert os.path.isdir("/proc/%d/task/%d" % (worker.pid, worker.word(THREAD_ID)))
        assert worker.word(THREAD_ID) != worker.word(THREAD_ID, lane=1) != 0
        worker.interrupt(stream)
        assert worker.response(stream).status == 504


def test_the_stacks_are_written_while_c_code_holds_the_gil(start, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    with start("deadlines:app", threads=2) as worker:
        worker.ready()
        stream = worker.request(target="/holds-the-gil?%s" % gate)
        descriptor = os.open(gate, os.O_WRONLY)
        os.kill(worker.pid, STACKS)
        wait_until(lambda: "in holds_the_gil" in worker.output_text())
        os.close(descriptor)
        assert worker.response(stream).body == b"let go"


def test_a_forked_child_is_not_touched_by_its_parent_s_interrupt(pair, tmp_path):
    path = tmp_path / "go"
    stream = pair.begun("/loops-beside-a-child?%s" % path)
    pair.interrupt(stream)
    response = pair.response(stream)
    assert response.status == 504
    assert [text for _, text in response.logs if text == "left"] == ["left"]
    path.touch()
    result = tmp_path / "go.out"
    wait_until(result.exists)
    assert result.read_text() == "child: False False"
    assert (pair.word(EXTENDED), pair.word(IDEMPOTENT)) != (stream, stream)
