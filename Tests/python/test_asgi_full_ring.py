"""A ring that is full because the front does not come to it, on every interpreter: the loop waits, and goes on."""

import pytest

from loop_front import LOOP_RESPONSE_RING, WINDOW


@pytest.fixture
def worker(start_loop):
    worker = start_loop("asgi_pages:app")
    worker.ready()
    yield worker
    worker.close()


def test_more_than_the_ring_holds_comes_whole_once_it_is_read(worker):
    size = 3 * WINDOW
    count = 2 * LOOP_RESPONSE_RING // WINDOW
    streams = [worker.open(target="/streams?%d" % size) for _ in range(count)]
    # Nothing is read before it is full.
    last = worker.open(target="/hello")
    worker.wait_until_full()
    answers = {}
    # As the front does: whatever comes next, whosever it is.
    for stream in [last, *reversed(streams)]:
        answers[stream] = worker.answer(stream)
    assert answers.pop(last).body == b"Hello"
    assert all((answer.ending, len(answer.body)) == ("end", size) for answer in answers.values())
