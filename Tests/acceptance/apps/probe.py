"""A plain WSGI application that does what its path says, and notes every call.

The notes go to the directory in PROBE_DIRECTORY: `calls` has a line for each call, `closed` one for each close().
`/gate?NAME` waits there for a file `open-NAME`, so that a test decides when a request ends.
"""

import hashlib
import json
import os
import sys
import tempfile
import threading
import time
from urllib.parse import parse_qs

DIRECTORY = os.environ.get("PROBE_DIRECTORY", tempfile.gettempdir())
BLOCK = bytes(range(256)) * 256


def note(name, line):
    descriptor = os.open(os.path.join(DIRECTORY, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (line + "\n").encode())
    finally:
        os.close(descriptor)


def wait_for(gate):
    while not any(os.path.exists(os.path.join(DIRECTORY, "open-" + name)) for name in (gate, "every")):
        time.sleep(0.01)


class Body:
    """An iterable that notes its close()."""

    def __init__(self, name, items):
        self.name = name
        self.items = iter(items)

    def __iter__(self):
        return self

    def __next__(self):
        return next(self.items)

    def close(self):
        note("closed", self.name)


def blocks(total):
    """Yields `total` bytes that depend on their place."""
    left = total
    while left > 0:
        yield BLOCK if left >= len(BLOCK) else BLOCK[:left]
        left -= len(BLOCK)


def text(start_response, body, status="200 OK", fields=()):
    start_response(
        status, [("Content-Type", "text/plain"), ("Content-Length", str(len(body))), *fields]
    )
    return [body]


def app(environ, start_response):
    path = environ["PATH_INFO"]
    query = environ["QUERY_STRING"]
    note("calls", f"{environ['REQUEST_METHOD']} {path}" + (f"?{query}" if query else ""))
    handler = ROUTES.get(path)
    if handler:
        return handler(environ, start_response, {key: values[-1] for key, values in parse_qs(query).items()})
    return text(start_response, b"Hello\n")


def show_environ(environ, start_response, query):
    shown = {key: value for key, value in environ.items() if isinstance(value, (str, int, bool))}
    shown["wsgi.version"] = list(environ["wsgi.version"])
    shown["python"] = list(sys.version_info[:2])
    shown["thread"] = threading.current_thread().name
    shown["pid"] = os.getpid()
    return text(start_response, json.dumps(shown).encode())


def echo(environ, start_response, query):
    return text(start_response, environ["wsgi.input"].read())


def digest(environ, start_response, query):
    """Reads the body in blocks of odd size and answers its SHA-256 and length."""
    seen = hashlib.sha256()
    length = 0
    while True:
        block = environ["wsgi.input"].read(100_003)
        if not block:
            break
        seen.update(block)
        length += len(block)
    return text(start_response, f"{seen.hexdigest()} {length}".encode())


def read_ways(environ, start_response, query):
    """Reads the body once in each way that PEP 3333 names."""
    source = environ["wsgi.input"]
    read = {"read": source.read(3), "readline": source.readline(), "limited": source.readline(2)}
    read["readlines"] = source.readlines(1)
    read["iterated"] = list(source)
    read["after"] = source.read() + source.read(10) + source.readline()
    shown = {
        key: [line.decode() for line in value] if isinstance(value, list) else value.decode()
        for key, value in read.items()
    }
    return text(start_response, json.dumps(shown).encode())


def gate(environ, start_response, query):
    name = environ["QUERY_STRING"].split("&")[0] or "gate"
    wait_for(name)
    return text(start_response, name.encode())


def sleep(environ, start_response, query):
    time.sleep(float(query.get("seconds", "1")))
    return text(start_response, b"slept")


def big(environ, start_response, query):
    """Streams `bytes` bytes with no length given, or with it when `length` says so."""
    total = int(query["bytes"])
    fields = [("Content-Type", "application/octet-stream")]
    if "length" in query:
        fields.append(("Content-Length", str(total)))
    start_response("200 OK", fields)
    return Body("big", blocks(total))


def pieces(environ, start_response, query):
    """Yields one piece, and the next only after the gate opened."""

    def body():
        yield b"first,"
        wait_for("pieces")
        yield b""
        yield b"second"

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Body("pieces", body())


def status(environ, start_response, query):
    """Answers `code`, with a body even where none may be."""
    code = query["code"]
    body = b"unwanted" if code in ("204", "304") else code.encode()
    start_response(f"{code} As asked", [("Content-Type", "text/plain"), ("X-Kept", "yes")])
    return [body]


def raises(environ, start_response, query):
    raise RuntimeError("raised before start_response")


def raises_midway(environ, start_response, query):
    def body():
        yield b"the beginning"
        raise RuntimeError("raised in mid-stream")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Body("raises-midway", body())


def replaces(environ, start_response, query):
    """PEP 3333: start_response again with exc_info replaces a head that was not sent."""
    start_response("200 OK", [("X-First", "yes")])
    try:
        raise ValueError("found in time")
    except ValueError:
        start_response("418 Teapot", [("Content-Type", "text/plain")], sys.exc_info())
    return [b"replaced"]


def replaces_late(environ, start_response, query):
    """PEP 3333: after the head was sent, start_response raises the exc_info it is given."""

    def body():
        yield b"sent"
        try:
            raise ValueError("found too late")
        except ValueError:
            start_response("500 Never", [], sys.exc_info())
        yield b"never"

    start_response("200 OK", [("Content-Type", "text/plain")])
    return Body("replaces-late", body())


def writes(environ, start_response, query):
    write = start_response("200 OK", [("Content-Type", "text/plain")])
    write(b"written, ")
    write(b"twice, ")
    return [b"and returned"]


def too_short(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "100")])
    return Body("short", [b"only this"])


def too_long(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", "4")])
    return Body("long", [b"fourteen", b" bytes"])


def lazy(environ, start_response, query):
    """A generator calls start_response when it is first asked for a piece."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b""
    yield b"late "
    yield b"start"


def fields(environ, start_response, query):
    start_response(
        "200 OK",
        [("Content-Type", "text/plain"), ("Set-Cookie", "a=1"), ("Set-Cookie", "b=2"), ("X-Latin", "caf\xe9")],
    )
    return [b"fields"]


BAD_HEADS = {
    "too high": ("999 Beyond", []),
    "crlf": ("200 OK", [("X-A", "1\r\nX-Injected: yes")]),
    "name": ("200 OK", [("X A", "1")]),
    "reason": ("200 OK\r\nX-Injected: yes", []),
    "number": ("OK", []),
    "informational": ("101 Switching", []),
    "types": ("200 OK", [("X-A", 1)]),
    "unicode": ("200 OK", [("X-A", "\u20ac")]),
    "bytes": (b"200 OK", []),
}


def hop_by_hop(environ, start_response, query):
    """What examples of server-sent events set."""
    start_response("200 OK", [
        ("Content-Type", "text/event-stream"), ("Connection", "keep-alive"), ("Transfer-Encoding", "chunked"),
    ])
    yield b"data: one\n\n"
    yield b"data: two\n\n"


def bad_head(environ, start_response, query):
    start_response(*BAD_HEADS[query["kind"]])
    return [b"must not be seen"]


def no_start(environ, start_response, query):
    return [b"start_response was never called"]


def yields_text(environ, start_response, query):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return ["text instead of bytes"]


def exits(environ, start_response, query):
    raise SystemExit(3)


def errors(environ, start_response, query):
    stream = environ["wsgi.errors"]
    stream.write("an application's complaint: " + query.get("text", "") + "\n")
    stream.writelines(["one\n", "two\n"])
    stream.flush()
    return text(start_response, environ.get("roost.request_id", "").encode())


def prints(environ, start_response, query):
    """Writes `bytes` bytes of lines to standard output and to wsgi.errors."""
    line = "x" * 99
    for _ in range(int(query["bytes"]) // 100):
        print(line)
        environ["wsgi.errors"].write(line + "\n")
    sys.stdout.flush()
    return text(start_response, b"printed")


def wrapped_file(environ, start_response, query):
    """Sends a file with wsgi.file_wrapper, from `offset` on."""
    path = os.path.join(DIRECTORY, "wrapped")
    with open(path, "wb") as target:
        for block in blocks(int(query["bytes"])):
            target.write(block)
    source = open(path, "rb")
    source.seek(int(query.get("offset", "0")))
    fields = [("Content-Type", "application/octet-stream")]
    if "length" in query:
        fields.append(("Content-Length", query["length"]))
    start_response("200 OK", fields)
    return environ["wsgi.file_wrapper"](source)


def scribble(environ, start_response, query):
    import scribbler

    scribbler.break_the_link(query["how"])
    time.sleep(60)
    return text(start_response, b"the front did not notice")


def forks(environ, start_response, query):
    """Forks in a request thread, as multiprocessing does, and lets the child return into the server's code."""
    pid = os.fork()
    if pid == 0:
        return text(start_response, b"an answer by the child, which nobody may see")
    os.waitpid(pid, 0)
    return text(start_response, b"parent")


ROUTES = {
    "/environ": show_environ,
    "/echo": echo,
    "/digest": digest,
    "/read-ways": read_ways,
    "/gate": gate,
    "/sleep": sleep,
    "/big": big,
    "/pieces": pieces,
    "/status": status,
    "/raises": raises,
    "/raises-midway": raises_midway,
    "/replaces": replaces,
    "/replaces-late": replaces_late,
    "/writes": writes,
    "/short": too_short,
    "/long": too_long,
    "/lazy": lazy,
    "/fields": fields,
    "/hop-by-hop": hop_by_hop,
    "/bad-head": bad_head,
    "/no-start": no_start,
    "/yields-text": yields_text,
    "/exits": exits,
    "/errors": errors,
    "/prints": prints,
    "/file": wrapped_file,
    "/scribble": scribble,
    "/forks": forks,
}


def make_app():
    """An application factory: `probe:make_app()`."""
    return app


not_callable = "probe:not_callable is text"
