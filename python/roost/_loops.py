"""Which event loop a worker runs."""

import asyncio

from roost import _loading


def make(wanted):
    """A new event loop: `wanted` is ``auto``, ``uvloop`` or ``asyncio``. Raises LoadingError.

    With ``auto`` it is uvloop's where that is installed, unless the application has decided otherwise while it was
    imported: by a policy of its own, or by asking for this thread's loop, to which its locks and queues may be bound.
    """
    found = _loop_of_this_thread()
    if wanted == "auto" and found is not None:
        return found
    if wanted == "uvloop" or (wanted == "auto" and _has_usual_policy()):
        try:
            import uvloop
        except ImportError as error:
            if wanted == "uvloop":
                raise _loading.LoadingError(
                    "worker cannot start",
                    "--event-loop uvloop: uvloop cannot be imported (%s)" % error,
                    "pip install uvloop, or choose --event-loop auto",
                ) from error
        else:
            return uvloop.new_event_loop()
    if wanted == "asyncio":
        return found if found is not None else asyncio.SelectorEventLoop()
    return asyncio.new_event_loop()


def _loop_of_this_thread():
    """The loop that was made for this thread when somebody asked for one; None when nobody did."""
    local = getattr(_policy(), "_local", None)
    loop = getattr(local, "_loop", None)
    if loop is None or loop.is_closed() or loop.is_running():
        return None
    return loop


def _has_usual_policy():
    policy = _policy()
    return policy is None or type(policy).__module__.partition(".")[0] == "asyncio"


def _policy():
    # Policies are deprecated from 3.14 on.
    get = getattr(asyncio, "_get_event_loop_policy", None) or asyncio.get_event_loop_policy
    return get()
