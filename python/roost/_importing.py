"""Watching an import that does not come back: whether it runs a server of its own, and where it stands.

The thread that watches is none that `threading` knows of, and has ended before the import's caller goes on: a template
must not be forked with it, nor an application count it.
"""

# Taken before an application can replace them by tasks of its own.
import _socket
import _thread
import os
import sys
import time
import traceback

_sleep = time.sleep
_HERE = os.path.dirname(os.path.abspath(__file__))
#: Seconds between two looks, and until an import that goes on is worth a line in the log.
INTERVAL = 1
LONG = 10
# Packages that serve, and the functions of theirs that do not return while they do; None for any of them.
SERVERS = {
    "aiohttp": ("run_app", "_run_app"),
    "bottle": ("run",),
    "cheroot": None,
    "cherrypy": ("block", "quickstart"),
    "daphne": None,
    "dash": ("run", "run_server"),
    "flask": ("run",),
    "gunicorn": None,
    "http": ("serve_forever",),
    "hypercorn": None,
    "sanic": ("run", "serve", "serve_single"),
    "socketserver": ("serve_forever",),
    "tornado": ("start",),
    "twisted": ("run", "mainLoop"),
    "uvicorn": ("run", "serve", "main_loop"),
    "waitress": None,
    "werkzeug": ("serve_forever", "run_simple"),
}


class Watch:
    """A context around an import. `on_server` and `on_long` are called on the watching thread, each at most once."""

    def __init__(self, name, on_server, on_long, interval=INTERVAL, long=LONG):
        self._name = name
        self._on_server = on_server
        self._on_long = on_long
        self._interval = interval
        self._long = long
        self._process = os.getpid()
        self._watched = _thread.get_ident()
        self._stop = _thread.allocate_lock()
        self._gone = _thread.allocate_lock()
        self._former = None
        self._thread = None

    def __enter__(self):
        self._stop.acquire()
        self._gone.acquire()
        try:
            _thread.start_new_thread(self._run, ())
        except RuntimeError:
            # No thread to be had: the start-up time-out is left.
            self._gone.release()
        return self

    def __exit__(self, *_):
        # A child that was forked meanwhile has no such thread.
        if os.getpid() == self._process:
            self._stop.release()
            self._gone.acquire()
            self._await_end()

    def _await_end(self):
        """Waits for the thread's very last, which comes behind its last line of Python; at most a second."""
        for _ in range(1000):
            if self._thread is None or not os.path.exists("/proc/self/task/%d" % self._thread):
                return
            _sleep(0.001)

    def _run(self):
        self._thread = _thread.get_native_id()
        began = time.monotonic()
        is_told = False
        try:
            while not self._stop.acquire(True, self._interval):
                frame = sys._current_frames().get(self._watched)
                if self._is_server(frame):
                    return self._on_server(found_server(self._name, frame, listening_places()))
                if not is_told and time.monotonic() - began >= self._long:
                    is_told = True
                    self._on_long(still_importing(self._name, frame, listening_places(), self._long))
                # It would keep alive what the import has let go.
                del frame
        finally:
            self._gone.release()

    def _is_server(self, frame):
        """Whether the same call of a server is found twice, in a process that listens."""
        former, self._former = self._former, server_call(frame)
        return former is not None and former == self._former and bool(listening_places())


def server_call(frame):
    """Which call of a server runs, by a name that no later call of it has; None when none does."""
    while frame is not None:
        package = str(frame.f_globals.get("__name__", "")).partition(".")[0]
        if package in SERVERS:
            functions = SERVERS[package]
            if functions is None or frame.f_code.co_name in functions:
                return id(frame), package, frame.f_code.co_name
        frame = frame.f_back
    return None


def found_server(name, frame, places):
    """The LoadingError of an import that serves by itself."""
    from roost import _loading

    call = server_call(frame)
    return _loading.LoadingError(
        "application cannot be imported",
        "importing %r starts a server of its own (%s, %s) and does not return"
        % (name, "%s's %s()" % call[1:] if call else "a loop", _listens(places)),
        "what starts a server belongs under: if __name__ == '__main__'",
        traceback_text=stack_text(frame),
    )


def still_importing(name, frame, places, seconds):
    """What the log is told of an import that takes long."""
    place = _place_in_app(frame)
    return "importing %r has not returned after %d s%s%s; what starts a server or waits for ever belongs under: %s" % (
        name,
        seconds,
        ": it is %s" % place if place else "",
        ", and %s" % _listens(places) if places else "",
        "if __name__ == '__main__'",
    )


def stack_text(frame):
    """The stack of the import as a traceback, without our frames and the import system's."""
    entries = [entry for entry in traceback.extract_stack(frame) if not _is_ours(entry.filename)]
    return ("Traceback (most recent call last):\n" + "".join(traceback.format_list(entries))).rstrip()


def _place_in_app(frame):
    """The innermost line that is neither the library's nor ours."""
    entries = [entry for entry in traceback.extract_stack(frame) if not _is_ours(entry.filename)]
    library = os.path.dirname(os.path.abspath(os.__file__))
    own = [entry for entry in entries if not os.path.abspath(entry.filename).startswith(library)]
    entry = (own or entries or [None])[-1]
    return "in %s, line %d, %s" % (entry.filename, entry.lineno or 0, entry.name) if entry is not None else None


def _is_ours(path):
    return (
        path.startswith("<frozen importlib")
        or os.path.dirname(os.path.abspath(path)) == _HERE
        or path.endswith(os.path.join("importlib", "__init__.py"))
    )


def _listens(places):
    return "listening on %s" % ", ".join(places[:3])


def listening_places():
    """Where this process listens for connections."""
    places = []
    for entry in os.listdir("/proc/self/fd"):
        try:
            if not os.readlink("/proc/self/fd/" + entry).startswith("socket:["):
                continue
            copy = _socket.socket(fileno=os.dup(int(entry)))
            try:
                if copy.getsockopt(_socket.SOL_SOCKET, _socket.SO_ACCEPTCONN):
                    places.append(_name_of(copy.getsockname()))
            finally:
                copy.close()
        except OSError:
            # Closed meanwhile, or no such socket.
            continue
    return sorted(places)


def _name_of(address):
    if isinstance(address, tuple):
        return "port %s" % address[1]
    return address.decode("utf-8", "replace") if isinstance(address, bytes) else str(address)
