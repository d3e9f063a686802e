"""Small WSGI applications, one for each path. Loaded by the worker under test, on CPython 3.9 and later."""

import io
import os
import sys
import tempfile
import threading
import types
from wsgiref.validate import validator

PLAIN = [("Content-Type", "text/plain")]
closed = []


def hello(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"Hello"]


def environ(environ, start_response):
    start_response("200 OK", PLAIN)
    lines = []
    for key, value in sorted(environ.items()):
        lines.append("%s=%s" % (key, ascii(value)))
        if key.isupper():
            assert type(value) is str, key
    assert type(environ) is dict
    return ["\n".join(lines).encode()]


def echo(environ, start_response):
    start_response("200 OK", PLAIN)
    return [environ["wsgi.input"].read()]


def read_ways(environ, start_response):
    """Every way to read, in turn; the answer is what each gave."""
    body = environ["wsgi.input"]
    parts = [body.read(3), body.readline(), body.readline(2), body.readlines(4), list(body), body.read(), body.read(5)]
    start_response("200 OK", PLAIN)
    return [repr(parts).encode()]


def no_content_type_length(environ, start_response):
    start_response("200 OK", PLAIN)
    return [repr((environ.get("CONTENT_TYPE"), environ.get("CONTENT_LENGTH"))).encode()]


class Closing:
    """An iterable that notes its close."""

    def __init__(self, parts, error=None):
        self.parts, self.error = iter(parts), error

    def __iter__(self):
        return self

    def __next__(self):
        for part in self.parts:
            return part
        if self.error is not None:
            raise self.error
        raise StopIteration

    def close(self):
        closed.append(True)


def closed_count(environ, start_response):
    start_response("200 OK", PLAIN)
    count = len(closed)
    closed.clear()
    return [str(count).encode()]


def closing(environ, start_response):
    start_response("200 OK", PLAIN)
    return Closing([b"a", b"b"])


def failing_midway(environ, start_response):
    start_response("200 OK", PLAIN)
    return Closing([b"a"], ValueError("midway"))


def failing_first(environ, start_response):
    start_response("200 OK", PLAIN)
    return Closing([], ValueError("first"))


def failing_call(environ, start_response):
    raise LookupError("no such thing: \udcff \u00e9")


def failing_close(environ, start_response):
    start_response("200 OK", PLAIN)
    iterable = Closing([b"whole"])

    def close():
        raise OSError("close failed")

    iterable.close = close
    return iterable


def exits(environ, start_response):
    sys.exit(3)


def interrupted(environ, start_response):
    raise KeyboardInterrupt


def generator(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b""
    yield b"one"
    yield b""
    yield b"two"


def late_start(environ, start_response):
    yield b""
    start_response("201 Created", PLAIN)
    yield b"late"


def gated(environ, start_response):
    """Gives its second part when somebody has opened a pipe: the first must have been seen by then."""
    start_response("200 OK", PLAIN)
    yield b"first"
    with open(environ["QUERY_STRING"], "rb") as gate:
        yield gate.read()


def never_starts(environ, start_response):
    return [b"body"]


def never_starts_empty(environ, start_response):
    return []


def writes(environ, start_response):
    write = start_response("200 OK", PLAIN)
    write(b"one ")
    write(b"")
    write(b"two ")
    return [b"three"]


def starts_twice(environ, start_response):
    start_response("200 OK", PLAIN)
    start_response("200 OK", PLAIN)
    return [b"no"]


def replaces(environ, start_response):
    try:
        start_response("200 OK", [("X-First", "1")])
        raise ValueError("changed my mind")
    except ValueError:
        start_response("503 Sorry", [("X-Second", "2")], sys.exc_info())
    return [b"replaced"]


def replaces_by_keyword(environ, start_response):
    try:
        start_response("200 OK", [("X-First", "1")])
        raise ValueError("changed my mind")
    except ValueError:
        start_response("503 Sorry", [("X-Second", "2")], exc_info=sys.exc_info())
    return [b"replaced"]


def replaces_too_late(environ, start_response):
    write = start_response("200 OK", PLAIN)
    write(b"out")
    try:
        raise ValueError("too late to change")
    except ValueError:
        start_response("500 No", PLAIN, sys.exc_info())
    return [b"never"]


BAD_HEADS = {
    "status-without-reason": ("200", []),
    "status-not-a-number": ("OK 200", []),
    "status-bytes": (b"200 OK", []),
    "status-int": (200, []),
    "status-break": ("200 OK\r\nX: y", []),
    "status-informational": ("100 Continue", []),
    "status-not-latin-1": ("200 \u20ac", []),
    "headers-none": ("200 OK", None),
    "headers-tuple": ("200 OK", (("A", "b"),)),
    "header-not-a-tuple": ("200 OK", [["A", "b"]]),
    "header-of-three": ("200 OK", [("A", "b", "c")]),
    "header-bytes": ("200 OK", [(b"A", "b")]),
    "header-value-bytes": ("200 OK", [("A", b"b")]),
    "header-value-int": ("200 OK", [("A", 1)]),
    "header-value-line-feed": ("200 OK", [("A", "b\nSet-Cookie: x=1")]),
    "header-value-carriage-return": ("200 OK", [("A", "b\rc")]),
    "header-value-nul": ("200 OK", [("A", "b\0c")]),
    "header-value-surrogate": ("200 OK", [("A", "\udc80")]),
    "header-value-not-latin-1": ("200 OK", [("A", "\u20ac")]),
    "header-name-empty": ("200 OK", [("", "b")]),
    "header-name-space": ("200 OK", [("A B", "b")]),
    "header-name-colon": ("200 OK", [("A:", "b")]),
    "header-name-not-ascii": ("200 OK", [("\u00e9", "b")]),
    "status-of-600": ("600 Beyond", []),
    "status-of-999": ("999 Beyond", []),
    "reason-too-long": ("200 " + "x" * 70_000, []),
    "hop-by-hop-line-feed": ("200 OK", [("Connection", "close\nX-A: b")]),
    "length-not-a-number": ("200 OK", [("Content-Length", "x")]),
    "length-negative": ("200 OK", [("Content-Length", "-1")]),
    "length-empty": ("200 OK", [("Content-Length", "")]),
    "length-twice": ("200 OK", [("Content-Length", "5"), ("content-length", "5")]),
    "length-huge": ("200 OK", [("Content-Length", "9" * 40)]),
    "head-too-large": ("200 OK", [("A", "x" * 100_000)]),
}


HOP_BY_HOP = ["Connection", "transfer-encoding", "UPGRADE", "Keep-Alive", "TE", "Trailer", "Proxy-Connection",
              "Proxy-Authenticate"]


def hop_by_hop(environ, start_response):
    """Sets the field that the query names between two others."""
    name = environ["QUERY_STRING"]
    start_response("200 OK", [("X-Before", "1"), (name, "keep-alive"), ("X-After", "2")])
    return [b"seen"]


def bad_head(environ, start_response):
    status, headers = BAD_HEADS[environ["QUERY_STRING"]]
    start_response(status, headers)
    return [b"must not be seen"]


def latin1_head(environ, start_response):
    start_response("200 Gr\u00fc\u00df", [("X-Name", "\u00e9t\u00e9\ttab"), ("X-Empty", "")])
    return [b"x"]


def wrong_part(environ, start_response):
    start_response("200 OK", PLAIN)
    return ["text"]


def wrong_part_later(environ, start_response):
    start_response("200 OK", PLAIN)
    yield b"a"
    yield "text"


def returns_none(environ, start_response):
    start_response("200 OK", PLAIN)


def length(environ, start_response):
    """Declares the first number, sends the others, each as one part."""
    declared, *parts = environ["QUERY_STRING"].split(",")
    start_response("200 OK", [("Content-Length", declared)])
    parts = [b"x" * int(part) for part in parts]
    return parts if len(parts) == 1 else iter(parts)


def status_only(environ, start_response):
    start_response(environ["QUERY_STRING"] + " X", [])
    return [b"body"]


def listed(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"a", b"b", b"", b"c"]


def empty(environ, start_response):
    start_response("200 OK", PLAIN)
    return []


def empty_generator(environ, start_response):
    start_response("200 OK", PLAIN)
    return iter(())


def big(environ, start_response):
    count = int(environ["QUERY_STRING"])
    start_response("200 OK", PLAIN)
    return [bytes(range(256)) * (count // 256)]


def endless(environ, start_response):
    start_response("200 OK", PLAIN)
    return Closing(iter(lambda: b"x" * 1000, None))


def logs(environ, start_response):
    errors = environ["wsgi.errors"]
    errors.write("one\ntw")
    errors.write("o\n")
    errors.writelines(["three\n", "fo"])
    errors.flush()
    print("ur", file=errors)
    errors.write("\u00e9\udc80 last, without a break")
    start_response("200 OK", PLAIN)
    return [b"logged"]


def logs_long(environ, start_response):
    environ["wsgi.errors"].write("x" * 20_000 + "\nshort\n")
    start_response("200 OK", PLAIN)
    return [b"logged"]


def logs_bytes(environ, start_response):
    environ["wsgi.errors"].write(b"bytes")
    return []


def logs_from_a_thread(environ, start_response):
    def write():
        for number in range(50):
            print("thread line", number, file=environ["wsgi.errors"])

    thread = threading.Thread(target=write)
    thread.start()
    start_response("200 OK", PLAIN)
    yield b"x" * 1_000_000
    thread.join()


def starts_in_a_thread(environ, start_response):
    thread = threading.Thread(target=start_response, args=("200 OK", PLAIN))
    thread.start()
    thread.join()
    return [b"from a thread"]


kept = []


def keeps(environ, start_response):
    kept[:] = [start_response, start_response("200 OK", PLAIN), environ]
    return [b"kept"]


def _call_kept(outcome):
    start_response, write, _ = kept
    for call in (lambda: start_response("200 OK", PLAIN), lambda: write(b"stray")):
        try:
            call()
            outcome.append("accepted")
        except RuntimeError as error:
            outcome.append(str(error))


def calls_kept_later(environ, start_response):
    """Answers, and lets a thread use the last request's functions after this one has ended."""
    path = environ["QUERY_STRING"]

    def later():
        with open(path) as gate:
            gate.read()
        outcome = []
        _call_kept(outcome)
        with open(path + ".out", "w") as file:
            file.write(repr(outcome))

    threading.Thread(target=later).start()
    start_response("200 OK", PLAIN)
    return [b"ok"]


def _file(content=b"0123456789"):
    file = tempfile.TemporaryFile()
    file.write(content)
    file.seek(0)
    return file


def file_plain(environ, start_response):
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](_file())


def file_from_position(environ, start_response):
    file = _file()
    file.seek(4)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](file, 3)


def file_with_length(environ, start_response):
    start_response("200 OK", [("Content-Length", environ["QUERY_STRING"])])
    return environ["wsgi.file_wrapper"](_file())


def file_unflushed(environ, start_response):
    file = _file(b"")
    file.write(b"not flushed")
    file.seek(4)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](file)


def file_closed(environ, start_response):
    """A file whose close is noted."""
    class Noted(io.FileIO):
        pass

    file = _file()
    wrapper = environ["wsgi.file_wrapper"](file)
    wrapper.close = lambda: (file.close(), closed.append(True))
    start_response("200 OK", PLAIN)
    return wrapper


def file_sought(environ, start_response):
    """What a framework does that knows a seekable wrapper."""
    wrapper = environ["wsgi.file_wrapper"](_file())
    assert wrapper.seekable()
    assert wrapper.seek(-3, os.SEEK_END) == 7 and wrapper.tell() == 7
    start_response("206 Partial Content", PLAIN)
    return wrapper


def file_range_of_webob(environ, start_response):
    wrapper = environ["wsgi.file_wrapper"](_file())
    start_response("206 Partial Content", PLAIN)
    return wrapper.app_iter_range(2, 5)


class _RangeWrapper:
    """What Werkzeug makes of a wrapper, as far as it is looked at."""

    read_length, end_reached = 0, False

    def __init__(self, iterable, start, count):
        self.iterable = iter(iterable)
        self.seekable = hasattr(iterable, "seekable") and iterable.seekable()
        self.start_byte, self.end_byte = start, None if count is None else start + count
        self.close = iterable.close

    def __iter__(self):
        raise AssertionError("the part is not to be read in blocks")


def file_range_of_werkzeug(environ, start_response):
    """Starts and counts as the query says."""
    sys.modules["werkzeug.wsgi"] = types.SimpleNamespace(_RangeWrapper=_RangeWrapper)
    start_response("206 Partial Content", PLAIN)
    return _RangeWrapper(environ["wsgi.file_wrapper"](_file()), *eval(environ["QUERY_STRING"]))


def _bounded(file, size):
    """A file as Falcon bounds it."""
    def read(self, size=-1):
        size = self.remaining if size is None or size < 0 else min(size, self.remaining)
        data = self.fh.read(size)
        self.remaining -= len(data)
        return data

    kind = type("_BoundedFile", (), {"read": read, "__module__": "falcon.routing.static"})
    bounded = kind()
    bounded.fh, bounded.close, bounded.remaining = file, file.close, size
    return bounded


def file_range_of_falcon(environ, start_response):
    file = _file()
    file.seek(1)
    start_response("206 Partial Content", PLAIN)
    return environ["wsgi.file_wrapper"](_bounded(file, 4))


def range_in_memory(environ, start_response):
    wrapper = environ["wsgi.file_wrapper"](io.BytesIO(b"0123456789"), 2)
    start_response("206 Partial Content", PLAIN)
    return wrapper.app_iter_range(3, 8)


def range_of_pipe(environ, start_response):
    reader, writer = os.pipe()
    os.write(writer, b"0123456789")
    os.close(writer)
    wrapper = environ["wsgi.file_wrapper"](os.fdopen(reader, "rb"), 2)
    assert not wrapper.seekable()
    start_response("206 Partial Content", PLAIN)
    return wrapper.app_iter_range(3, 8)


def generated_part(environ, start_response):
    """A part that is no file's."""
    start_response("206 Partial Content", PLAIN)
    return iter([b"ab", b"cd"])


def file_in_memory(environ, start_response):
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](io.BytesIO(b"in memory"), 4)


def file_compressed(environ, start_response):
    import gzip

    raw = _file(gzip.compress(b"uncompressed"))
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](gzip.GzipFile(fileobj=raw))


def file_text(environ, start_response):
    file = tempfile.TemporaryFile("w+")
    file.write("text")
    file.seek(0)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](file)


def file_named_temporary(environ, start_response):
    file = tempfile.NamedTemporaryFile()
    file.write(b"named")
    file.seek(0)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](file)


def file_pipe(environ, start_response):
    reader, writer = os.pipe()
    os.write(writer, b"through a pipe")
    os.close(writer)
    start_response("200 OK", PLAIN)
    return environ["wsgi.file_wrapper"](os.fdopen(reader, "rb"))


def forks(environ, start_response):
    """A child that goes on as if it were the worker: what it sends must not reach the front."""
    pid = os.fork()
    kind = environ["QUERY_STRING"]
    if pid == 0:
        if kind == "raises":
            raise ValueError("in the child")
        if kind == "exits":
            sys.exit(7)
        environ["wsgi.errors"].write("from the child\n")
        write = start_response("200 OK", PLAIN)
        if kind == "writes":
            write(b"from the child")
        return [b"from the child"] if kind != "yields" else iter([b"from", b"child"])
    _, status = os.waitpid(pid, 0)
    start_response("200 OK", PLAIN)
    return [b"parent, child: %d" % os.waitstatus_to_exitcode(status) if hasattr(os, "waitstatus_to_exitcode") else b""]


def child_descriptors(environ, start_response):
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        found = []
        for fd in (3, 4, 5):
            try:
                os.fstat(fd)
                found.append(fd)
            except OSError:
                pass
        os.write(writer, repr(found).encode())
        os._exit(0)
    os.waitpid(pid, 0)
    start_response("200 OK", PLAIN)
    return [os.read(reader, 100)]


def multiprocesses(environ, start_response):
    import multiprocessing

    context = multiprocessing.get_context("fork")
    queue = context.SimpleQueue()
    process = context.Process(target=queue.put, args=("from the child",))
    process.start()
    result = queue.get()
    process.join()
    start_response("200 OK", PLAIN)
    return [result.encode(), b" %d" % process.exitcode]


class Sentinel:
    alive = 0

    def __init__(self):
        Sentinel.alive += 1

    def __del__(self):
        Sentinel.alive -= 1


def leaks(environ, start_response):
    environ["sentinel"] = Sentinel()
    start_response("200 OK", PLAIN + [("X-Alive", str(Sentinel.alive))])
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * 4096
    counts = "%d %d %d" % (Sentinel.alive, resident, sys.getrefcount(PLAIN))
    kind = environ["QUERY_STRING"]
    if kind == "list":
        return [counts.encode()]
    if kind == "generator":
        return (part for part in [counts.encode(), b" "])
    raise ValueError("leaks?")


def thread_name(environ, start_response):
    start_response("200 OK", PLAIN)
    return [threading.current_thread().name.encode()]


barrier = threading.Barrier(3)


def meets(environ, start_response):
    """Answers only when three requests are here at once."""
    barrier.wait(20)
    start_response("200 OK", PLAIN)
    return [b"met"]


def wsgiref_valid(environ, start_response):
    """What wsgiref.validate watches: reads, writes to the log, answers."""
    def inner(environ, start_response):
        body = environ["wsgi.input"].read(1000)
        environ["wsgi.errors"].write("validated\n")
        environ["wsgi.errors"].writelines(["more\n"])
        environ["wsgi.errors"].flush()
        if environ["QUERY_STRING"] == "write":
            start_response("200 OK", PLAIN)(b"written ")
        else:
            start_response("200 OK", PLAIN)
        return [body, b"valid"]

    return validator(inner)(environ, start_response)


PAGES = {name: page for name, page in globals().items() if callable(page) and not name.startswith("_")}


def app(environ, start_response):
    return PAGES[environ["PATH_INFO"].partition("/")[2].partition("/")[0].replace("-", "_")](environ, start_response)
