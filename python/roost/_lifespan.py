"""The lifespan of an ASGI application: its start-up and its shutdown, once in each process."""

import asyncio
import sys
import traceback

from roost import _loading

# How long the shutdown may take before the worker leaves all the same.
SHUTDOWN_SECONDS = 8
NO_REASON = "it gave no reason"


class Lifespan:
    """One task that runs the application for as long as the worker lives."""

    def __init__(self, application, on_broken=None):
        self._application = application
        #: Told of an error that ends the task while the application serves: how it is said, and its traceback.
        self._on_broken = on_broken
        # A Streamlit app finds out first whether its script is there.
        self._is_known = any(kind.__module__.partition(".")[0] == "streamlit" for kind in type(application).__mro__)
        #: What the application keeps there; each scope has a copy.
        self.state = {}
        self.task = None
        self._messages = None
        self._was_asked = False
        self._is_stopping = False
        self._started = None
        self._stopped = None

    async def startup(self):
        """Returns when the application has started, or wants no lifespan. Raises LoadingError when it has failed."""
        loop = asyncio.get_running_loop()
        self._messages = asyncio.Queue()
        self._started, self._stopped = loop.create_future(), loop.create_future()
        self._messages.put_nowait({"type": "lifespan.startup"})
        self.task = loop.create_task(self._run())
        await asyncio.wait([self._started, self.task], return_when=asyncio.FIRST_COMPLETED)
        if self._started.done() and self._started.result() is None:
            return
        if self._started.done():
            # It raises what went wrong behind its message, most often.
            await asyncio.wait([self.task], timeout=1)
            raise failure(self._started.result(), _error_of(self.task))
        error = _error_of(self.task)
        # Who raises before it has asked for anything knows nothing of lifespans.
        if error is not None and (self._was_asked or self._is_known):
            raise failure(_loading.line_of(error), error)
        self.task = None

    async def shutdown(self):
        """Returns when the application has shut down, or after SHUTDOWN_SECONDS. What goes wrong is written to the log."""
        if self.task is None or self.task.done() or not self._started.done() or self._started.result() is not None:
            return
        self._is_stopping = True
        self._messages.put_nowait({"type": "lifespan.shutdown"})
        await asyncio.wait([self._stopped, self.task], timeout=SHUTDOWN_SECONDS, return_when=asyncio.FIRST_COMPLETED)
        if self._stopped.done() and self._stopped.result() is not None:
            sys.stderr.write("roost: error: the application's shutdown failed: %s\n" % self._stopped.result())
        elif not self._stopped.done() and not self.task.done():
            sys.stderr.write("roost: error: the application's shutdown took more than %d s\n" % SHUTDOWN_SECONDS)

    async def _run(self):
        scope = {
            "type": "lifespan",
            "asgi": {"version": "3.0", "spec_version": "2.0"},
            "state": self.state,
        }
        try:
            await self._application(scope, self._receive, self._send)
        except (SystemExit, KeyboardInterrupt):
            # The loop raises it too.
            raise
        except BaseException as error:
            if not self._started.done() or self._started.result() is not None:
                raise
            if self._is_stopping and isinstance(error, asyncio.CancelledError):
                # It took too long, which has been said.
                raise
            if self._is_stopping:
                sys.stderr.write("roost: error: the application's lifespan failed while it shut down\n")
                traceback.print_exc()
            elif self._on_broken is not None:
                # It serves without what ran in there until another worker has taken its place.
                self._on_broken(error)
            if not isinstance(error, Exception):
                raise

    async def _receive(self):
        self._was_asked = True
        return await self._messages.get()

    async def _send(self, message):
        kind = message["type"]
        if kind == "lifespan.startup.complete":
            self._settle(self._started, None, kind)
        elif kind == "lifespan.startup.failed":
            self._settle(self._started, str(message.get("message") or ""), kind)
        elif kind == "lifespan.shutdown.complete":
            self._settle(self._stopped, None, kind)
        elif kind == "lifespan.shutdown.failed":
            self._settle(self._stopped, str(message.get("message") or NO_REASON), kind)
        else:
            if not str(kind).startswith("lifespan."):
                # It answers a request: it has not looked at what it was called for, and knows of no lifespan.
                self._was_asked = False
            raise RuntimeError("unexpected ASGI message %r in the lifespan" % (kind,))

    @staticmethod
    def _settle(future, result, kind):
        if future.done():
            raise RuntimeError("unexpected ASGI message %r: the lifespan is further on" % kind)
        future.set_result(result)


def failure(message, error):
    """The LoadingError of a start-up that has failed with this message or error."""
    # Starlette sends a whole traceback: its last line says what went wrong.
    reason = _loading.line_of(error) if error is not None else NO_REASON
    lines = message.strip().splitlines() or [reason]
    return _loading.LoadingError(
        "application cannot start",
        "its start-up (lifespan) failed: %s" % lines[-1],
        None,
        error,
        traceback_text=message if error is None and len(lines) > 1 else None,
    )


def broken_message(error):
    """What the front is told of a lifespan that has failed while the application served."""
    said = _loading.LoadingError("lifespan failed", _loading.line_of(error), None, error).message()
    return {"type": "broken", "reason": said["reason"], "traceback": said["traceback"]}


def ended_process(error):
    """The LoadingError of a start-up that left by ``sys.exit``."""
    return _loading.LoadingError(
        "application cannot start",
        "its start-up (lifespan) ended the process (%s)" % _loading.line_of(error),
        None,
        error,
    )


def _error_of(task):
    """What a task has raised; None when it has not, or has not ended."""
    if not task.done() or task.cancelled():
        return None
    return task.exception()
