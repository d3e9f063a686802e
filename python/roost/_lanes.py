"""The threads that serve requests, and the messages that pass beside them. Used by workers and by ``serve``."""

import json
import os
import select
import sys
import threading
import traceback

from roost import _frameworks, _hosts, _request
from roost._wsgi import Glue

# The greatest numbers of a lane and of a request that the library takes.
LAST_LANE = 2**31 - 1
LAST_STREAM = 2**64 - 1
# How long exit handlers may take after the front has said stop.
LEAVING_SECONDS = 10


# What else is to be done with a `Leave` by the handler that raises it; None for nothing. An event loop's.
on_leave = None


class Leave(SystemExit):
    """Raised by our handler of a signal, wherever the main thread is: the worker is to end."""


class Lanes:
    """T threads of Python, each serving one lane of the link."""

    def __init__(self, native, application, settings):
        self._native = native
        self._glue = Glue(application, settings)
        #: The environ that each lane's template is a copy of. To be changed before `start` only.
        self.template = self._glue.template
        self._glues = []
        self._most = settings.get("lanes", settings["threads"])
        self._first = settings["threads"]
        self.threads = []

    def start(self):
        _request.bind(self._native)
        self._grow(self._first)

    def _grow(self, count):
        """Starts threads until there are so many. They are never ended: one without requests sleeps."""
        for lane in range(len(self.threads), min(count, self._most)):
            glue = self._glue.for_lane()
            thread = threading.Thread(target=self._run, args=(lane, glue), name="roost-%d" % (lane + 1), daemon=True)
            thread.start()
            self._glues.append(glue)
            self.threads.append(thread)

    def resize(self, count):
        """Has at least so many threads, and returns the message that says how many there are."""
        for glue in [self._glue, *self._glues]:
            glue.template["wsgi.multithread"] = count > 1
        try:
            self._grow(count)
        except RuntimeError as error:
            # Out of threads or memory: those there are go on.
            sys.stderr.write("roost: warning: no more than %d threads: %s\n" % (len(self.threads), error))
        return {"type": "threads", "count": len(self.threads)}

    def _run(self, lane, glue):
        try:
            self._native.run(lane, glue)
        except BaseException:
            # Without this thread a part of the link is dead, and the front cannot know: better none than some.
            traceback.print_exc()
            os._exit(70)

    def join(self, seconds):
        """Waits for the threads, which end when the front has told them to; at most about so long."""
        for thread in self.threads:
            thread.join(max(0.001, seconds / len(self.threads)))


def ready_message(loaded):
    """What the front is told when the application is served."""
    kind = type(loaded.application)
    message = {
        "type": "ready",
        "pid": os.getpid(),
        "python": ".".join(str(part) for part in sys.version_info[:3]),
        "app": "function" if kind.__module__ == "builtins" else "%s.%s" % (kind.__module__, kind.__qualname__),
        "interface": loaded.interface,
        "import_seconds": round(loaded.seconds, 6),
    }
    host = _hosts.accepted()
    if host is not None:
        message["warm_up_host"] = host
    if loaded.interface == "asgi":
        message.update(_frameworks.introduction(loaded.application))
    return message


def send(native, control, message):
    """Sends a message to the front and rings its bell. The front may be gone: that is found out elsewhere."""
    try:
        os.write(control, json.dumps(message).encode("utf-8"))
    except OSError:
        return
    native.announce()


def wait_for_stop(native, control, lanes, wake=None):
    """Waits on the main thread, where signal handlers run, until the front says stop, and does what else it says.

    Returns True then, and False when the front is gone. `wake`, if given, is a descriptor on which Python tells of
    signals: one that comes just before the wait begins would not be seen otherwise.
    """
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(native.notice(), select.POLLIN)
    if wake is not None:
        poll.register(wake, select.POLLIN)
    while True:
        for descriptor, _ in poll.poll():
            if descriptor == wake:
                os.read(wake, 512)
        try:
            message = native.message()
            while message is not None:
                wish = wish_of(message)
                if wish.get("type") == "stop":
                    return True
                if wish.get("type") == "threads" and is_number(wish.get("count"), LAST_LANE):
                    send(native, control, lanes.resize(wish["count"]))
                elif wish.get("type") == "interrupt":
                    _interrupt(native, wish.get("lane"), wish.get("stream"))
                message = native.message()
        except EOFError:
            return False


def _interrupt(native, lane, stream):
    """Interrupts a request, unless the front speaks of none that could be."""
    if is_number(lane, LAST_LANE) and is_number(stream, LAST_STREAM):
        native.interrupt(lane, stream)


def is_number(value, most):
    return type(value) is int and 0 <= value <= most


def wish_of(message):
    """What the front says; what cannot be read, or says nothing that is known, is no wish."""
    try:
        wish = json.loads(message.decode("utf-8"))
    except (ValueError, RecursionError):
        return {}
    return wish if isinstance(wish, dict) else {}
