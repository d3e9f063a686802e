"""The queues inside an ASGI application that can be read cheaply: calls that wait for a thread of a pool."""

import concurrent.futures
import math
import select
import sys

from roost import _lanes

SECONDS = 1.0


class Pools:
    """Looks once a second at the pools that the application uses, and tells the front what has changed.

    Imports nothing that the application has not imported. On the loop's thread.
    """

    def __init__(self, loop, native, control):
        self._loop = loop
        self._native = native
        self._control = control
        self._said = {}
        self._is_over = False
        self._executor = _executor_of(loop)
        loop.call_later(SECONDS, self._tick)

    def stop(self):
        self._is_over = True

    def _tick(self):
        if self._is_over or self._native.is_inert():
            return
        self._loop.call_later(SECONDS, self._tick)
        if "anyio.to_thread" in sys.modules:
            # anyio knows its limiter within a task only.
            self._loop.create_task(self._look_from_task())
        else:
            self._look(None)

    async def _look_from_task(self):
        self._look(_limiter(sys.modules["anyio.to_thread"]))

    def _look(self, limiter):
        seen = {}
        for name, reading in (("anyio", limiter), ("executor", _reading(self._executor()))):
            if reading is not None:
                for part, value in zip(("threads", "busy", "waiting"), reading):
                    seen["%s_%s" % (name, part)] = value
        if seen == self._said or not select.select([], [self._control], [], 0)[1]:
            return
        self._said = seen
        _lanes.send(self._native, self._control, dict(seen, type="pools"))


def _limiter(to_thread):
    """Threads, busy, waiting of anyio's default limiter in this loop; None where it has no number."""
    try:
        statistics = to_thread.current_default_thread_limiter().statistics()
        if statistics.total_tokens == math.inf:
            return None
        return int(statistics.total_tokens), int(statistics.borrowed_tokens), int(statistics.tasks_waiting)
    except Exception:
        # Another anyio than those we know.
        return None


def _executor_of(loop):
    """What gives the loop's default executor; None while it has none."""
    if hasattr(loop, "_default_executor"):
        return lambda: loop._default_executor
    # uvloop hides its own: one just like it takes its place, and its successors pass here.
    executors = [concurrent.futures.ThreadPoolExecutor()]
    replace = loop.set_default_executor

    def set_default_executor(executor):
        replace(executor)
        executors[0] = executor

    try:
        loop.set_default_executor = set_default_executor
        replace(executors[0])
    except AttributeError:
        return lambda: None
    return lambda: executors[0]


def _reading(executor):
    """Threads, busy, waiting of a thread pool; None for one without threads so far, or of another kind."""
    try:
        threads = len(executor._threads)
        if threads == 0:
            return None
        return executor._max_workers, max(0, threads - executor._idle_semaphore._value), executor._work_queue.qsize()
    except AttributeError:
        return None
