"""A WSGI application that crashes and hangs as its path says, and notes every call with the process it was in.

`calls` in PROBE_DIRECTORY has a line for each: `PID METHOD path?query`. A path that should do harm only once, or only in one
process, finds out by a file there.
"""

import ctypes
import os
import signal
import time

from probe import DIRECTORY, note, text, wait_for


def app(environ, start_response):
    path, query = environ["PATH_INFO"], environ["QUERY_STRING"]
    note("calls", f"{os.getpid()} {environ['REQUEST_METHOD']} {path}" + (f"?{query}" if query else ""))
    # /segfault-once?NAME does its harm the first time only.
    name = path.strip("/")
    if name.endswith("-once"):
        name = name[: -len("-once")]
        try:
            os.close(os.open(os.path.join(DIRECTORY, f"did-{name}-{query}"), os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            return text(start_response, str(os.getpid()).encode())
    return HARM.get(name, harmless)(environ, start_response)


def harmless(environ, start_response):
    return text(start_response, str(os.getpid()).encode())


def segfault(environ, start_response):
    ctypes.string_at(0)


def leave(environ, start_response):
    os._exit(3)


def killed(environ, start_response):
    os.kill(os.getpid(), signal.SIGKILL)
    time.sleep(60)


def gate(environ, start_response):
    wait_for(environ["QUERY_STRING"] or "gate")
    return text(start_response, str(os.getpid()).encode())


def half(environ, start_response):
    """Sends a piece, then crashes."""
    start_response("200 OK", [("Content-Type", "text/plain")])
    yield b"first,"
    wait_for("half")
    os._exit(4)


def nap(environ, start_response):
    time.sleep(0.005)
    return text(start_response, str(os.getpid()).encode())


def marked(environ, start_response):
    """Says that it may run twice, then crashes."""
    import roost

    roost.mark_idempotent()
    os._exit(5)


def loop(environ, start_response):
    while True:
        pass


def sleeps(environ, start_response):
    time.sleep(1e9)


def holds_lock(environ, start_response):
    """A C function that keeps the interpreter's lock."""
    ctypes.PyDLL(None).sleep(int(environ["QUERY_STRING"] or "1000000"))
    return text(start_response, b"slept")


def never_returns(environ, start_response):
    """A C function that lets the lock go, and never returns."""
    ctypes.CDLL(None).sleep(1_000_000)


def catches(environ, start_response):
    """Catches the interruption and takes its time."""
    try:
        while True:
            pass
    except BaseException as problem:
        note("caught", type(problem).__name__)
    return text(start_response, b"too late")


def extends(environ, start_response):
    import roost

    roost.extend_deadline(30)
    time.sleep(2)
    return text(start_response, b"in time")


HARM = {
    "segfault": segfault,
    "leave": leave,
    "killed": killed,
    "gate": gate,
    "half": half,
    "nap": nap,
    "marked": marked,
    "loop": loop,
    "sleeps": sleeps,
    "holds-lock": holds_lock,
    "never-returns": never_returns,
    "catches": catches,
    "extends": extends,
}
