"""Applications that are interrupted, put off their deadline, hold the GIL, or fork meanwhile."""

import ctypes
import functools
import io
import os
import sys
import threading
import time

import roost
from roost._native import Native

PLAIN = [("Content-Type", "text/plain")]
closed = []
#: What became of each interrupt that the front asked for, in order.
interrupts = []
changed = threading.Condition()
_interrupt = Native.interrupt


def _noted(native, lane, stream):
    outcome = _interrupt(native, lane, stream)
    with changed:
        interrupts.append(outcome)
        changed.notify_all()
    return outcome


Native.interrupt = _noted


def _here(environ):
    environ["wsgi.errors"].write("here\n")


def hello(environ, start_response):
    start_response("200 OK", PLAIN)
    return [b"Hello"]


def outcomes(environ, start_response):
    """What became of the interrupts so far, when there are as many as asked for."""
    with changed:
        assert changed.wait_for(lambda: len(interrupts) >= int(environ["QUERY_STRING"]), 30)
        text = "".join("yn"[not outcome] for outcome in interrupts)
        interrupts.clear()
    start_response("200 OK", PLAIN)
    return [text.encode()]


def loops(environ, start_response):
    _here(environ)
    while True:
        pass


def tries_again(environ, start_response):
    _here(environ)
    while True:
        try:
            raise ValueError
        except Exception:
            pass


def loops_after_its_head(environ, start_response):
    write = start_response("200 OK", PLAIN)
    write(b"part")
    while True:
        pass


def generates(environ, start_response):
    start_response("200 OK", PLAIN)
    try:
        yield b"part"
        while True:
            pass
    finally:
        closed.append("generator")


class Closing:
    def __init__(self, parts):
        self.parts = iter(parts)

    def __iter__(self):
        return self.parts

    def close(self):
        closed.append("close begun")
        while True:
            pass


def loops_in_close(environ, start_response):
    start_response("200 OK", PLAIN)
    return Closing([b"a", b"b"])


def closed_what(environ, start_response):
    start_response("200 OK", PLAIN)
    text = ", ".join(closed)
    closed.clear()
    return [text.encode()]


def catches(environ, start_response):
    _here(environ)
    try:
        while True:
            pass
    except roost.RequestTimeout:
        start_response("200 OK", PLAIN)
        return [b"caught"]


def turns_into_another_error(environ, start_response):
    _here(environ)
    try:
        while True:
            pass
    except roost.RequestTimeout as error:
        raise ValueError("too slow") from error


def raises_by_itself(environ, start_response):
    raise roost.RequestTimeout


def waits_for_a_file(environ, start_response):
    """Runs Python all the time, until the file is there."""
    _here(environ)
    path = environ["QUERY_STRING"]
    while not os.path.exists(path):
        pass
    start_response("200 OK", PLAIN)
    return [b"undisturbed"]


def reads_in_c(environ, start_response):
    """An iterable that runs no Python code at all, and waits in C."""
    descriptor = os.open(environ["QUERY_STRING"], os.O_RDONLY)
    start_response("200 OK", PLAIN)
    return iter(functools.partial(os.read, descriptor, 1), b".")


def switches(environ, start_response):
    """From now on threads give up the GIL after so many seconds."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(float(environ["QUERY_STRING"]))
    start_response("200 OK", PLAIN)
    return [repr(before).encode()]


def short(environ, start_response):
    """Runs for so many turns."""
    for _ in range(int(environ["QUERY_STRING"])):
        pass
    start_response("200 OK", PLAIN)
    return [b"done"]


def short_generator(environ, start_response):
    start_response("200 OK", PLAIN)
    for _ in range(4):
        for _ in range(int(environ["QUERY_STRING"]) // 4):
            pass
        yield b"part"


def extends(environ, start_response):
    start_response("200 OK", PLAIN)
    return [repr(roost.extend_deadline(float(environ["QUERY_STRING"]))).encode()]


def extends_by_environ(environ, start_response):
    start_response("200 OK", PLAIN)
    return [repr((environ["roost.extend_deadline"](5), environ["roost.mark_idempotent"]())).encode()]


def marks(environ, start_response):
    start_response("200 OK", PLAIN)
    return [repr(roost.mark_idempotent()).encode()]


def extends_elsewhere(environ, start_response):
    """From a thread that is not the request's, where there is nothing to extend."""
    found = []
    thread = threading.Thread(target=lambda: found.extend([roost.extend_deadline(5), roost.mark_idempotent()]))
    thread.start()
    thread.join()
    start_response("200 OK", PLAIN)
    return [repr(found).encode()]


def extends_wrongly(environ, start_response):
    found = []
    for seconds in (0, -1, float("nan"), float("inf"), "no number", None):
        try:
            found.append(roost.extend_deadline(seconds))
        except (ValueError, TypeError) as error:
            found.append(type(error).__name__)
    start_response("200 OK", PLAIN)
    return [repr(found).encode()]


def holds_the_gil(environ, start_response):
    """Waits in C with the GIL: first for somebody to open the pipe for writing, then to close it."""
    library = ctypes.PyDLL(None)
    interval = sys.getswitchinterval()
    # Nobody gets the GIL between the two calls.
    sys.setswitchinterval(1000)
    descriptor = library.open(environ["QUERY_STRING"].encode(), os.O_RDONLY)
    library.read(descriptor, ctypes.create_string_buffer(1), 1)
    sys.setswitchinterval(interval)
    os.close(descriptor)
    start_response("200 OK", PLAIN)
    return [b"let go"]


def replaces_its_error_output(environ, start_response):
    sys.stderr = io.StringIO()
    start_response("200 OK", PLAIN)
    return [b"replaced"]


def loops_beside_a_child(environ, start_response):
    """The child goes on when its parent's request is interrupted."""
    path = environ["QUERY_STRING"]
    pid = os.fork()
    if pid == 0:
        while not os.path.exists(path):
            time.sleep(0.01)
        roost.extend_deadline(5)
        roost.mark_idempotent()
        with open(path + ".part", "w") as file:
            file.write("child: %s %s" % (roost.extend_deadline(5), roost.mark_idempotent()))
        os.rename(path + ".part", path + ".out")
        return [b"from the child"]
    _here(environ)
    try:
        while True:
            pass
    finally:
        environ["wsgi.errors"].write("left\n")


PAGES = {name: page for name, page in globals().items() if callable(page) and not name.startswith("_")}


def app(environ, start_response):
    return PAGES[environ["PATH_INFO"].partition("/")[2].replace("-", "_")](environ, start_response)
