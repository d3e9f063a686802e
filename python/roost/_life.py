"""The life of a worker process, from its first line to its last."""

import atexit
import faulthandler
import json
import os
import signal
import sys
import threading
import time

from roost import _forks, _importing, _lanes, _loading
from roost._native import Native

LINK, CONTROL, DOORBELL = 3, 4, 5
# The signal for which the stacks of all threads are written to the log.
STACKS = signal.SIGRTMAX - 2


def main():
    settings = json.loads(os.environ.pop("ROOST_WORKER"))
    for descriptor in (LINK, CONTROL, DOORBELL):
        os.set_inheritable(descriptor, False)
    # Before the app is imported: it may set its own.
    if "switch_interval" in settings:
        sys.setswitchinterval(settings["switch_interval"] / 1e6)
    # Ctrl-C is for the front, which then drains. Not SIG_IGN: programs that the application starts would inherit that.
    signal.signal(signal.SIGINT, _pass_over)
    signal.signal(signal.SIGTERM, _leave_on_signal)
    # Output is a pipe into the log: what the application prints belongs there at once, and so does a crash.
    sys.stdout.reconfigure(line_buffering=True)
    faulthandler.enable()
    if settings.get("template"):
        from roost import _template

        settings, native, loaded = _template.run(settings)
        live(settings, native, loaded)
    else:
        live(settings)


def live(settings, native=None, loaded=None):
    """Serves until the front says stop, then ends the process.

    `native` and `loaded` are what a template has prepared.
    """
    wake, wake_entry = os.pipe()
    os.set_blocking(wake, False)
    os.set_blocking(wake_entry, False)
    signal.set_wakeup_fd(wake_entry, warn_on_full_buffer=False)
    # Where a thread is stuck, asked for by the front: written in C, without the GIL, whatever became of sys.stderr.
    faulthandler.register(STACKS, file=2, all_threads=True, chain=False)
    link = None
    try:
        link = _open(native or library(settings), settings)
        loaded = loaded or load(settings, link)
        serve = _serve_on_threads if loaded.interface == "wsgi" else _serve_on_loop
        code = serve(link, loaded, settings, wake)
    except _loading.LoadingError as error:
        fail(link, error)
    except SystemExit:
        leave(1)
    leave(code)


def _serve_on_threads(link, loaded, settings, wake):
    lanes = _lanes.Lanes(link, loaded.application, settings)
    code = 1
    try:
        lanes.start()
        # From here on somebody may send SIGTERM to a worker that serves.
        _lanes.send(link, CONTROL, _lanes.ready_message(loaded))
        if _lanes.wait_for_stop(link, CONTROL, lanes, wake):
            code = 0
            lanes.join(1)
    except SystemExit:
        code = 128 + signal.SIGTERM
    link.limit_leaving(_lanes.LEAVING_SECONDS)
    return code


def _serve_on_loop(link, loaded, settings, wake):
    # Imported here: who serves WSGI needs no asyncio.
    from roost import _asgi

    return _asgi.serve(link, CONTROL, loaded, settings, wake)


def library(settings):
    """The library, not opened yet: it has no threads then. Raises LoadingError."""
    try:
        return Native(settings["library"])
    except OSError as error:
        raise _cannot_start(error) from error


def _open(native, settings):
    try:
        native.open(LINK, CONTROL, DOORBELL, settings, watches_front=True)
    except OSError as error:
        raise _cannot_start(error) from error
    replaced = {
        signal.SIGINT: (_pass_over, signal.default_int_handler),
        signal.SIGTERM: (_leave_on_signal, signal.SIG_DFL),
    }
    _forks.guard(native, replaced)
    return native


def _cannot_start(error):
    return _loading.LoadingError(
        "worker cannot start",
        "%s (Python %s)" % (error, sys.version.split()[0]),
        "roost needs CPython 3.9 or later and glibc 2.34 or later, of the same architecture",
    )


def load(settings, native=None):
    """Imports the application. Raises LoadingError. `native` is None when the link is not open."""
    app_dir = os.path.abspath(settings["app_dir"])
    sys.path.insert(0, app_dir)
    arguments = settings.get("script_arguments")
    # One text, for the settings are flat: no argument has a NUL.
    sys.argv = [settings["target"]] + (arguments.split("\0") if arguments else [])
    began = time.monotonic()

    def tell(text):
        if native is None:
            sys.stderr.write("roost: %s\n" % text)
        else:
            _lanes.send(native, CONTROL, {"type": "log", "level": "warning", "message": text})

    with _importing.Watch(settings["target"], lambda error: _give_up(native, error), tell):
        application, interface = _loading.load(settings["target"], app_dir, settings)
    return _loading.Loaded(application, interface, time.monotonic() - began)


def _give_up(native, error):
    """Ends a process whose main thread does not come back."""
    tell_failure(native, error)
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(1)


def fail(native, error):
    """Tells the front why there is no worker, and ends. `native` is None when the link is not open."""
    tell_failure(native, error)
    leave(1)


def tell_failure(native, error):
    """Tells the front why there is no worker."""
    try:
        os.write(CONTROL, json.dumps(error.message()).encode("utf-8"))
        if native is not None:
            native.announce()
        else:
            os.write(DOORBELL, (1).to_bytes(8, "little"))
    except OSError:
        sys.stderr.write("roost: error: %s: %s\n" % (error.title, error.reason))


def _pass_over(number, frame):
    """What a signal does that is not for us."""


def _leave_on_signal(number, frame):
    leave = _lanes.Leave(128 + number)
    if _lanes.on_leave is not None:
        _lanes.on_leave(leave)
    raise leave


def leave(code):
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
