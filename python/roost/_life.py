"""The life of a worker process, from its first line to its last."""

import atexit
import faulthandler
import json
import os
import signal
import sys
import threading
import time

from roost import _lanes, _loading
from roost._native import Native

LINK, CONTROL, DOORBELL = 3, 4, 5
# The signal for which the stacks of all threads are written to the log.
STACKS = signal.SIGRTMAX - 2
# How long exit handlers may take after the front has said stop.
LEAVING_SECONDS = 10


def main():
    settings = json.loads(os.environ.pop("ROOST_WORKER"))
    for descriptor in (LINK, CONTROL, DOORBELL):
        os.set_inheritable(descriptor, False)
    # Before the app is imported: it may set its own.
    if "switch_interval" in settings:
        sys.setswitchinterval(settings["switch_interval"] / 1e6)
    # Ctrl-C is for the front, which then drains.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _leave_on_signal)
    wake, wake_entry = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_entry, False)
    signal.set_wakeup_fd(wake_entry, warn_on_full_buffer=False)
    # Output is a pipe into the log: what the application prints belongs there at once, and so does a crash.
    sys.stdout.reconfigure(line_buffering=True)
    faulthandler.enable()
    # Where a thread is stuck, asked for by the front: written in C, without the GIL, whatever became of sys.stderr.
    faulthandler.register(STACKS, file=2, all_threads=True, chain=False)
    native = None
    try:
        native = _open(settings)
        application, seconds = _load(settings)
        lanes = _lanes.Lanes(native, application, settings)
    except _loading.LoadingError as error:
        _fail(native, error)
    except SystemExit:
        _leave(1)
    lanes.start()
    _lanes.send(native, CONTROL, _lanes.ready_message(application, seconds))
    code = 1
    try:
        if _lanes.wait_for_stop(native, CONTROL, lanes, wake):
            code = 0
            lanes.join(1)
    except SystemExit:
        code = 128 + signal.SIGTERM
    native.limit_leaving(LEAVING_SECONDS)
    _leave(code)


def _open(settings):
    try:
        native = Native(settings["library"])
        native.open(LINK, CONTROL, DOORBELL, settings, watches_front=True)
    except OSError as error:
        raise _loading.LoadingError(
            "worker cannot start",
            "%s (Python %s)" % (error, sys.version.split()[0]),
            "roost needs CPython 3.9 or later and glibc 2.34 or later, of the same architecture",
        ) from error
    os.register_at_fork(after_in_child=native.forked)
    return native


def _load(settings):
    app_dir = os.path.abspath(settings["app_dir"])
    sys.path.insert(0, app_dir)
    sys.argv = [settings["target"]]
    began = time.monotonic()
    return _loading.load(settings["target"], app_dir), time.monotonic() - began


def _fail(native, error):
    """Tells the front why there is no worker, and ends."""
    try:
        os.write(CONTROL, json.dumps(error.message()).encode("utf-8"))
        if native is not None:
            native.announce()
        else:
            os.write(DOORBELL, (1).to_bytes(8, "little"))
    except OSError:
        sys.stderr.write("roost: %s: %s\n" % (error.title, error.reason))
    _leave(1)


def _leave_on_signal(number, frame):
    sys.exit(128 + number)


def _leave(code):
    """Runs the exit handlers and ends.

    Not by returning: a thread that is still in the application would be ended wherever it is when it next wants the
    GIL, in the library's frames perhaps.
    """
    try:
        threading._shutdown()
        atexit._run_exitfuncs()
        sys.stdout.flush()
        sys.stderr.flush()
    except BaseException:
        pass
    finally:
        os._exit(code)
