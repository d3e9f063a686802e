"""The Python side of Roost, an application server for Python web apps.

``serve`` serves an application from a program of your own. What an application may use in a request, under any server:
``extend_deadline``, ``mark_idempotent`` and ``RequestTimeout``. Everything that begins with an underscore belongs to
the server.
"""

from roost._request import RequestTimeout, extend_deadline, mark_idempotent

__version__ = "0.1.0"
__all__ = ["RequestTimeout", "extend_deadline", "mark_idempotent", "serve"]


def serve(app, **options):
    """Serves a WSGI or ASGI application until SIGINT or SIGTERM, like ``waitress.serve``. See ``roost._serve.serve``."""
    # Imported here: a worker imports this package too, and needs nothing of this.
    from roost._serve import serve as serve_until_stopped

    serve_until_stopped(app, **options)
