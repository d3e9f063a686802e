"""Applications and factories for the tests of a worker's life."""

import atexit
import os
import signal
import sys
import threading

started_in = os.getcwd()


def app(environ, start_response):
    start_response("200 OK", [])
    facts = {
        "cwd": os.getcwd() == started_in, "path0": sys.path[0], "argv": sys.argv, "roost": "ROOST_WORKER" in os.environ,
        "main": sys.modules["__main__"].__file__, "thread": threading.current_thread().name,
        "own_dir_on_path": any(os.path.basename(entry) == "roost" for entry in sys.path),
        "inheritable": [os.get_inheritable(fd) for fd in (3, 4, 5)],
        "sigint": signal.getsignal(signal.SIGINT) not in (signal.SIG_IGN, signal.default_int_handler),
    }
    return [repr(facts).encode()]


def create_app(name="default", *, loud=False):
    def made(environ, start_response):
        start_response("200 OK", [])
        return [(name.upper() if loud else name).encode()]

    return made


def failing_factory():
    raise RuntimeError("the factory is closed")


class Site:
    """Like a Dash object of old: carries its application, cannot be called."""

    class inner:
        application = staticmethod(create_app("nested"))

    server = staticmethod(create_app("server of the site"))


site = Site()
number = 4


def exits(environ, start_response):
    """Leaves a note at exit."""
    path = environ["QUERY_STRING"]
    atexit.register(lambda: open(path, "w").write("exit handlers ran"))
    start_response("200 OK", [])
    return [b"ok"]


def exits_slowly(environ, start_response):
    atexit.register(threading.Event().wait)
    start_response("200 OK", [])
    return [b"ok"]


def wedges(environ, start_response):
    """Holds the GIL for ever, once its response is out."""
    import ctypes

    start_response("200 OK", [])(b"out")
    ctypes.PyDLL(None).pause()
    return []


def signals(environ, start_response):
    """A handler of the application's own runs, on the main thread."""
    noted = []
    start_response("200 OK", [])
    yield b"ready"
    with open(environ["QUERY_STRING"]) as gate:
        gate.read()
    yield repr(signal_log).encode()


signal_log = []
if os.environ.get("TEST_HANDLES_SIGNALS"):
    signal.signal(signal.SIGUSR1, lambda number, frame: (
        signal_log.append(threading.current_thread() is threading.main_thread()),
        open(os.environ["TEST_HANDLES_SIGNALS"], "w").close()))
