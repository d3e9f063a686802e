"""The Python side of Roost, an application server for Python web apps.

Users need one name: ``serve``. Everything that begins with an underscore belongs to the server.
"""

__version__ = "0.1.0"
__all__ = ["serve"]


def serve(app, **options):
    """Serves a WSGI application until SIGINT or SIGTERM, like ``waitress.serve``. See ``roost._serve.serve``."""
    # Imported here: a worker imports this package too, and needs none of it.
    from roost._serve import serve as serve_until_stopped

    serve_until_stopped(app, **options)
