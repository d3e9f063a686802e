"""What is to be known of a web framework before its app is served: found out from the objects that it is made of."""

import functools
import sys
from collections import deque

#: The packages whose apps keep a session in one process: its requests and its WebSocket must reach that one.
STICKY = frozenset(
    """
    bokeh bokeh_fastapi chainlit engineio flet gradio marimo mesop nicegui panel reflex shiny socketio solara streamlit
    """.split()
)
# Where wrappers (middleware, mounts, partial functions) keep what they wrap.
_INNER = ("app", "asgi", "application", "other_asgi_app", "_app", "asgi_app", "func", "__wrapped__", "__func__", "__self__")
# How many objects are looked at: a bound on what an app with thousands of routes costs at its start.
_MOST = 2000


def introduction(application):
    """What a worker says of its ASGI app: whether a browser has to stay with it, and the path to warm it up with.

    `warm_up` is missing where the usual one will do. Looks at objects only: nothing of the app is called.
    """
    said = {"sticky": False}
    for part, prefix in parts(application):
        packages = _packages(part)
        if packages & STICKY:
            said["sticky"] = True
        if "streamlit" in packages and "roost._streamlit" in sys.modules:
            warm_up = sys.modules["roost._streamlit"].warm_up_path()
            if warm_up is not None:
                said["warm_up"] = prefix + warm_up
        if "warm_up" in said:
            break
    return said


def knows_root_path(application, root_path):
    """Whether the app serves its pages below the root path by itself: a Streamlit app with that as its base path.

    Routers take `root_path` off the path and look up the rest, which then has nothing of it left.
    """
    if not root_path or "streamlit" not in _packages(application) or "roost._streamlit" not in sys.modules:
        return False
    return sys.modules["roost._streamlit"].base_path() == root_path


def includes(application, package):
    """Whether a part of the app is of that package: the app, what its wrappers wrap, what is mounted, its endpoints."""
    return any(package in _packages(part) for part, _ in parts(application))


def parts(application):
    """The app and what it is made of, the outermost first, each with the path under which it is mounted."""
    waiting = deque([(application, "")])
    seen = set()
    while waiting and len(seen) < _MOST:
        part, prefix = waiting.popleft()
        if part is None or isinstance(part, (str, bytes, int, float, type)) or id(part) in seen:
            continue
        seen.add(id(part))
        yield part, prefix
        for name in _INNER:
            inner = _attribute(part, name)
            if callable(inner):
                waiting.append((inner, prefix))
        for route in _list(_attribute(part, "routes")):
            path = _attribute(route, "path")
            inner = _attribute(route, "app")
            is_mount = _list(_attribute(route, "routes")) or type(route).__name__ == "Mount"
            under = prefix + path.rstrip("/") if is_mount and isinstance(path, str) else prefix
            waiting.append((inner, under))
            waiting.append((_attribute(route, "endpoint"), prefix))


def _packages(part):
    """The top-level packages of the types of an object, or of the function that it is."""
    kinds = [part] if hasattr(part, "__code__") or isinstance(part, functools.partial) else type(part).__mro__
    names = (_attribute(kind, "__module__") for kind in kinds)
    return {name.partition(".")[0] for name in names if isinstance(name, str)}


def _attribute(part, name):
    """An attribute; None for one that is not there, or whose property fails."""
    try:
        return getattr(part, name, None)
    except Exception:
        return None


def _list(value):
    return value if isinstance(value, (list, tuple)) else ()
