"""How an application is called: WSGI or ASGI, found out by looking at it."""

import functools
import inspect

WSGI, ASGI = "wsgi", "asgi"


def interface_of(found):
    """``wsgi`` or ``asgi``; None when it does not show, as with ``__call__(self, *args)``."""
    if inspect.isclass(found):
        # Called with what is an application's: a class of WSGI is iterated over, one of ASGI is awaited.
        if hasattr(found, "__await__") or inspect.iscoroutinefunction(getattr(found, "__call__", None)):
            return ASGI
        return _by_names(found)
    if any(inspect.iscoroutinefunction(call) for call in _calls(found)):
        return ASGI
    return _by_names(found)


def is_double(found):
    """Whether it is an application of ASGI 2: ``app(scope)`` makes what is called with ``receive`` and ``send``."""
    if inspect.isclass(found):
        return not hasattr(found, "__await__")
    if any(inspect.iscoroutinefunction(call) for call in _calls(found)):
        return False
    names = _required(found)
    return names is not None and len(names) == 1


def as_single(found):
    """An application of ASGI 3 around one of ASGI 2."""

    async def application(scope, receive, send):
        return await found(scope)(receive, send)

    return application


def carried(found):
    """The application that an object carries, as a Dash object carries its Flask or FastAPI; or the object itself."""
    server = getattr(found, "server", None)
    if callable(server) and (not callable(found) or _required(found) == []):
        return server
    return found


def _calls(found):
    """The functions that run when it is called: itself, or what its class or, in a slot, the object has for that."""
    while isinstance(found, functools.partial):
        found = found.func
    if inspect.isroutine(found):
        return (found,)
    return (getattr(type(found), "__call__", None), getattr(found, "__call__", None))


def _by_names(found):
    names = _required(found)
    if names is None:
        return None
    if names[:1] == ["scope"] or len(names) == 3:
        return ASGI
    return WSGI if len(names) == 2 else None


def _required(found):
    """The names of the positional parameters that must be given; None where that cannot be told."""
    try:
        parameters = inspect.signature(found).parameters.values()
    except (TypeError, ValueError):
        return None
    positional = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return [
        parameter.name
        for parameter in parameters
        if parameter.kind in positional and parameter.default is inspect.Parameter.empty
    ]
