"""Whether the front may send files by itself (``http.response.pathsend``).

To offer that to an app changes what its middleware sees: one message that names a file, where parts of a body were. Some
that rewrite bodies drop what they do not know, and the file with it: brotli-asgi does, and Gradio's copy of it.
"""

import os
import sys

from roost import _frameworks


def unaware(application):
    """The name of a module of the app that handles bodies and has not heard of files; None if there is none.

    To be asked after the lifespan's start-up. Reads the sources of the app's middleware.
    """
    for name in sorted(_modules(application)):
        source = _source(name)
        if b"http.response.body" in source and b"http.response.pathsend" not in source:
            return name
    return None


def _modules(application):
    """The modules of what an app is made of, and of the middleware that its parts have been given."""
    names = set()
    for part, _ in _frameworks.parts(application):
        kinds = [part] if hasattr(part, "__code__") else list(type(part).__mro__)
        given = getattr(part, "user_middleware", None)
        if isinstance(given, (list, tuple)):
            kinds += [getattr(item, "cls", None) for item in given]
        names.update(name for kind in kinds if isinstance(name := getattr(kind, "__module__", None), str))
    return names


def _source(name):
    path = getattr(sys.modules.get(name), "__file__", None)
    if not isinstance(path, str) or not path.endswith(".py"):
        return b""
    try:
        with open(os.fspath(path), "rb") as file:
            return file.read()
    except OSError:
        return b""
