"""An application between two pairs of eyes: wsgiref.validate objects to whatever the server does wrong."""

from wsgiref.validate import validator


def plain(environ, start_response):
    source = environ["wsgi.input"]
    body = b""
    while True:
        block = source.read(7)
        if not block:
            break
        body += block
    environ["wsgi.errors"].write("looked at\n")
    environ["wsgi.errors"].flush()
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body) + 5))])
    return [b"seen:", body]


app = validator(plain)
