"""Libraries that have replaced the interpreter's threads by tasks of their own, under which no worker can serve."""

import sys

# The library, what it is asked by, and the names of the modules without which nothing is served.
_ASKED = (
    ("gevent", "gevent.monkey", "is_module_patched", ("_thread", "threading")),
    ("eventlet", "eventlet.patcher", "is_monkey_patched", ("thread",)),
)


def refuse(interface):
    """Raises LoadingError when the application has patched away the threads that it was to be served on.

    An event loop has no use for them: what is patched for it works, if slowly.
    """
    library = _patcher()
    if library is None or interface != "wsgi":
        return
    # Which imports this module.
    from roost import _loading

    name, call = library
    raise _loading.LoadingError(
        "application cannot be served",
        "%s has replaced Python's threads (%s), and roost serves a WSGI app on real ones, which would never run"
        % (name, call),
        "remove the call: each worker has threads (--threads), so that a request that waits holds up no other; what "
        "needs %s beside the app goes into a process of its own" % name,
    )


def _patcher():
    """The library that has patched the threads, and its call; None when nobody has."""
    for name, module, question, parts in _ASKED:
        # Not imported here: who has patched has imported it.
        ask = getattr(sys.modules.get(module), question, None)
        try:
            if ask is not None and any(ask(part) for part in parts):
                return name, "gevent.monkey.patch_all()" if name == "gevent" else "eventlet.monkey_patch()"
        except Exception:
            # Another version of it, which answers in another way: it shows in what it does.
            continue
    return None
