"""What an application may say about the request that it runs, and what it may be told."""

import contextvars
import math

#: The stream of the event loop whose request runs in this context.
stream = contextvars.ContextVar("roost_stream")
# What an event loop's library does with a stream; None where none runs.
_extend_stream = _mark_stream = None
# The library of this worker; None elsewhere, and the functions here do nothing then.
_native = None


class RequestTimeout(BaseException):
    """Raised in the thread of a request whose deadline has passed (``--request-timeout``).

    Not an ``Exception``, so that ``except Exception:`` in a loop that tries again does not swallow it; ``finally`` and
    ``with`` run as always. The client has its answer already. Whoever catches it may go on, for a short time: a thread
    that is not back after ``--request-timeout-grace`` costs the whole worker.

    It is raised when the thread next runs Python code: not inside ``time.sleep``, a lock, a query or other C code, but
    when that returns.
    """


# Its public name, in tracebacks too.
RequestTimeout.__module__ = "roost"


def extend_deadline(seconds):
    """Lets the request that this thread runs, or an ASGI app's in this context, go on for ``seconds`` from now, whatever ``--request-timeout`` says.

    To be called again as the work goes on; the last call counts, but never brings the end nearer than the server's own
    deadline. Returns True, and False where there is nothing to extend: under another server, outside a request, in a
    WSGI app in a thread that is not the request's own, in a WebSocket. Raises ValueError unless ``seconds`` is positive and finite.
    """
    seconds = float(seconds)
    if not 0 < seconds < math.inf:
        raise ValueError("extend_deadline: seconds must be positive and finite, not %r" % seconds)
    if _extend_stream is not None:
        name = stream.get(None)
        return name is not None and _extend_stream(name, seconds)
    return _native is not None and _native.extend_deadline(seconds)


def mark_idempotent():
    """Says that the request that this thread, or this context, runs may be run twice: if this worker dies, another one gets it.

    For what the method does not tell, such as a POST that only reads. Returns True, and False where it has no meaning,
    like ``extend_deadline``.
    """
    if _mark_stream is not None:
        name = stream.get(None)
        return name is not None and _mark_stream(name)
    return _native is not None and _native.mark_idempotent()


def bind(native):
    """From now on this process's requests come through ``native``."""
    global _native, _extend_stream, _mark_stream
    _native, _extend_stream, _mark_stream = native, None, None


def bind_loop(extend, mark):
    """From now on this process's requests are streams of an event loop."""
    global _extend_stream, _mark_stream
    _extend_stream, _mark_stream = extend, mark


def absorb():
    """Runs until an interrupt that is pending for this thread has come out of it."""
    for _ in range(10_000):
        pass
