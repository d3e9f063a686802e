"""What a worker tells of the pools of threads inside its application, on every interpreter."""

import os

import pytest


@pytest.fixture(params=["asyncio", "uvloop"])
def worker(start_loop, python, request):
    if request.param == "uvloop" and os.system("%s -c 'import uvloop' 2>/dev/null" % python) != 0:
        pytest.skip("no uvloop for this interpreter")
    worker = start_loop("asgi_pools:app", settings={"event_loop": request.param})
    worker.ready()
    yield worker
    if worker.exit_code is None:
        worker.get("/?release")
    worker.close()


MOST = min(32, (os.cpu_count() or 1) + 4)


def test_the_default_executor_is_told_of_once_it_has_threads(worker):
    worker.get("/?hold=%d" % (MOST + 3))
    assert worker.message() == {
        "type": "pools", "executor_threads": MOST, "executor_busy": MOST, "executor_waiting": 3}
    worker.get("/?release")
    assert worker.message() == {"type": "pools", "executor_threads": MOST, "executor_busy": 0, "executor_waiting": 0}


def test_one_that_takes_its_place_is_told_of_instead(worker):
    worker.get("/?replace=2")
    worker.get("/?hold=5")
    assert worker.message() == {"type": "pools", "executor_threads": 2, "executor_busy": 2, "executor_waiting": 3}


def test_anyio_s_limiter_is_told_of_where_the_application_has_it(worker):
    assert "anyio" not in eval(worker.get("/").body)
    worker.get("/?anyio=40")
    assert worker.message() == {"type": "pools", "anyio_threads": 40, "anyio_busy": 40, "anyio_waiting": 7}
    # One without a limit is no queue.
    worker.get("/?anyio=inf")
    assert worker.message() == {"type": "pools"}


def test_an_anyio_that_is_another_is_nothing(worker):
    worker.get("/?strange")
    worker.get("/?replace=1")
    worker.get("/?hold=1")
    assert worker.message() == {"type": "pools", "executor_threads": 1, "executor_busy": 1, "executor_waiting": 0}


def test_a_worker_leaves_at_once_all_the_same(worker):
    worker.get("/?anyio=40")
    worker.message()
    assert worker.stop() == 0
