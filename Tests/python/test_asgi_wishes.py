"""``roost.extend_deadline`` and ``roost.mark_idempotent`` in an ASGI app, on every interpreter."""

import struct
import time

import pytest

from ring_front import PATIENCE


@pytest.fixture(scope="module")
def worker(start_loop):
    worker = start_loop("asgi_wishes:app")
    worker.ready()
    yield worker
    worker.close()


def wishes_and_answer(worker, target):
    stream = worker.open(target=target)
    frames = []
    while True:
        frame = worker.next(stream)
        if frame.kind == "response":
            return frames, eval(frame.head.body)
        frames.append(frame)


def seconds_from_now(frame):
    assert frame.kind == "extend"
    return (struct.unpack("<Q", frame.payload)[0] - time.monotonic_ns()) / 1e9


def test_an_extension_says_until_when(worker):
    (frame,), answer = wishes_and_answer(worker, "/extends?30.5")
    assert answer is True and 20 < seconds_from_now(frame) <= 30.5


def test_one_beyond_all_numbers_is_very_long(worker):
    (frame,), answer = wishes_and_answer(worker, "/extends?1e300")
    assert answer is True and seconds_from_now(frame) > 86_400


def test_a_mark_is_a_frame_of_its_own(worker):
    (frame,), answer = wishes_and_answer(worker, "/marks")
    assert answer is True and (frame.kind, frame.payload) == ("idempotent", b"")


def test_what_belongs_to_the_request_speaks_for_it_and_nothing_else_does(worker):
    frames, answer = wishes_and_answer(worker, "/everywhere")
    yes, no = (True, True), (False, False)
    assert answer == [yes, yes, yes, no, no]
    assert [frame.kind for frame in frames] == ["extend", "idempotent"] * 3


def test_each_request_speaks_for_itself(worker):
    streams = [worker.open(target="/crossing") for _ in range(20)]
    for stream in reversed(streams):
        assert worker.next(stream).kind == "extend"
        assert worker.next(stream).is_whole


def test_an_answer_that_is_out_has_no_deadline(worker):
    worker.get("/after")
    later = {}
    # What it does behind its answer may come after the next request.
    deadline = time.monotonic() + PATIENCE
    while "returned" not in later and time.monotonic() < deadline:
        later = eval(worker.get("/later").body)
    assert later["after"] == later["returned"] == (False, False)


def test_neither_has_the_lifespan(worker):
    assert eval(worker.get("/later").body)["lifespan"] == (False, False)


def test_neither_has_a_websocket(worker):
    stream = worker.accepted("/socket")
    assert worker.app_message(stream) == "((False, False), (False, False))"
    assert worker.next(stream).kind == "close" and worker.next(stream).kind == "end"


def test_odd_numbers_are_errors(worker):
    frames, answer = wishes_and_answer(worker, "/errors")
    assert frames == [] and answer == ["ValueError"] * 5 + ["TypeError"]
