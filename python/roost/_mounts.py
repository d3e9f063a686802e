"""Applications below a prefix, and behind another scheme than the server's own."""


def wsgi(app, prefix):
    """The application mounted at `prefix`, which may be empty."""
    prefix = _normal(prefix)
    if not prefix:
        return app

    def mounted(environ, start_response):
        path = environ["PATH_INFO"]
        if path == prefix or path.startswith(prefix + "/"):
            environ["SCRIPT_NAME"], environ["PATH_INFO"] = prefix, path[len(prefix) :]
        return app(environ, start_response)

    return mounted


def asgi(app, prefix, scheme):
    """The application mounted at `prefix`, which may be empty, and with `scheme` for http, which may be None."""
    prefix = _normal(prefix)
    return _Mounted(app, prefix, scheme) if prefix or scheme not in (None, "http") else app


class _Mounted:
    """An application of ASGI 3 whose scopes are changed. ``app``, so that what it is made of can be found."""

    def __init__(self, app, prefix, scheme):
        self.app = app
        self._prefix = prefix
        self._schemes = {} if scheme is None else {"http": scheme, "ws": {"https": "wss"}.get(scheme, "ws")}

    async def __call__(self, scope, receive, send):
        if scope["type"] != "lifespan":
            path = scope["path"]
            if self._prefix and (path == self._prefix or path.startswith(self._prefix + "/")):
                # The path keeps it: so the specification has it since version 2.1 of HTTP.
                scope["root_path"] = self._prefix
            scope["scheme"] = self._schemes.get(scope["scheme"], scope["scheme"])
        await self.app(scope, receive, send)


def _normal(prefix):
    return "/" + prefix.strip("/") if prefix.strip("/") else ""
