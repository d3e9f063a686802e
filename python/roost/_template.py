"""The template: a process that imports the application once, and from which the front has its workers forked.

    front --- template --- between --- worker

A worker's parent is to be the front, which has to know how it ended and whose own end must end it. So it is forked
twice: the process between tells the front of the worker and ends, and the kernel gives the worker to the front, which
has asked for orphans (PR_SET_CHILD_SUBREAPER). The first fork is the C library's, unseen by Python; so the hooks of
``os.register_at_fork`` run once, in the second.
"""

import ctypes
import fcntl
import gc
import json
import os
import select
import signal
import socket
import sys
import threading
import time

from roost import _lanes, _life, _loading
from roost._life import CONTROL, DOORBELL, LINK

#: How long a trial fork may take before the app counts as one that cannot be forked.
TRIAL_SECONDS = 20
# Above whatever a worker has at fixed numbers.
_HIGH = 64


def run(settings):
    """Forks workers until the front says that there will be none; then ends the process.

    Returns in each worker: its settings, the library, and what `_life.load` returned here.
    """
    try:
        native = _life.library(settings)
        loaded = _life.load(settings)
    except _loading.LoadingError as error:
        _life.fail(None, error)
    except SystemExit:
        _life.leave(1)
    # What the import made lives as long as the process: a collection must not touch each of it, for that would make
    # its pages each worker's own.
    gc.collect()
    gc.freeze()
    kernel = _Kernel()
    reason = _reason_not_to_fork(kernel)
    message = _ready(loaded)
    message["reason"] = reason or ""
    _tell(CONTROL, DOORBELL, message)
    if reason:
        _life.leave(0)
    control = socket.socket(fileno=CONTROL)
    while True:
        try:
            order, descriptors = _receive(control)
        except (OSError, SystemExit):
            order = None
        if order is None:
            _life.leave(0)
        sys.stdout.flush()
        sys.stderr.flush()
        between = kernel.fork()
        if between == 0:
            control.detach()
            _become_worker(kernel, settings["front"], descriptors)
            return order, native, loaded
        for descriptor in descriptors:
            os.close(descriptor)
        if between < 0:
            _tell(CONTROL, DOORBELL, _not_forked("fork failed: %s" % os.strerror(ctypes.get_errno())))
        elif _status_of(between) not in (0, None):
            _tell(CONTROL, DOORBELL, _not_forked("the process between ended before it could fork"))


class _Kernel:
    """The calls that Python has not, or not in every build."""

    def __init__(self):
        # PyDLL: the GIL stays held, so that no other thread is in the interpreter while this one forks.
        library = ctypes.PyDLL(None, use_errno=True)
        self.fork = library.fork
        self._prctl = library.prctl
        self._prctl.argtypes = [ctypes.c_int] + [ctypes.c_ulong] * 4
        self._syscall = library.syscall
        self._syscall.argtypes = [ctypes.c_long] * 3
        self._syscall.restype = ctypes.c_long

    def die_with_parent(self):
        self._prctl(1, signal.SIGKILL, 0, 0, 0)

    def process_descriptor(self, pid):
        """A pidfd. Raises OSError. Not ``os.pidfd_open``: a Python that was built on an old system has none."""
        descriptor = self._syscall(434, pid, 0)
        if descriptor < 0:
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return descriptor


def _receive(control):
    """The settings and the descriptors of a worker; None and no descriptors when none will be wanted any more."""
    # More than is sent: a message that came short of its descriptors would be worse than one with too many.
    data, received, _, _ = socket.recv_fds(control, 65536, 16, getattr(socket, "MSG_CMSG_CLOEXEC", 0))
    if not data:
        return None, []
    descriptors = []
    for descriptor in received:
        descriptors.append(fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH))
        os.close(descriptor)
    return json.loads(data.decode("utf-8")), descriptors


def _become_worker(kernel, front, descriptors):
    """Runs in the process between. Returns in the worker only."""
    try:
        control = fcntl.fcntl(CONTROL, fcntl.F_DUPFD_CLOEXEC, _HIGH)
        doorbell = fcntl.fcntl(DOORBELL, fcntl.F_DUPFD_CLOEXEC, _HIGH)
        # Before the fork: what the hooks of the app print in the worker belongs to the worker.
        for descriptor, place in zip(descriptors, (LINK, CONTROL, DOORBELL, 1, 2)):
            os.dup2(descriptor, place, inheritable=place in (1, 2))
            os.close(descriptor)
        between = os.getpid()
        try:
            worker = os.fork()
            if worker != 0:
                _introduce(kernel, worker, control, doorbell)
        except OSError as error:
            _tell(control, doorbell, _not_forked("fork failed: %s" % error))
            worker = -1
    except BaseException:
        # Whatever it is: this process must not go on as a second template.
        os._exit(1)
    if worker != 0:
        os._exit(0)
    os.close(control)
    os.close(doorbell)
    # A group of its own, as every worker has: Ctrl-C in the terminal is for the front.
    os.setpgid(0, 0)
    while os.getppid() == between:
        time.sleep(0.0005)
    kernel.die_with_parent()
    if os.getppid() != front:
        os._exit(1)


def _introduce(kernel, worker, control, doorbell):
    """Sends the front a pidfd: a number could be another process's by the time it is read. Raises OSError."""
    try:
        descriptor = kernel.process_descriptor(worker)
        with socket.socket(fileno=os.dup(control)) as sender:
            socket.send_fds(sender, [json.dumps({"type": "forked"}).encode("utf-8")], [descriptor])
    except BaseException:
        os.kill(worker, signal.SIGKILL)
        raise
    _ring(doorbell)


def _tell(control, doorbell, message):
    try:
        os.write(control, json.dumps(message).encode("utf-8"))
    except OSError:
        # The front is gone, and so are we in a moment.
        return
    _ring(doorbell)


def _ring(doorbell):
    try:
        os.write(doorbell, (1).to_bytes(8, "little"))
    except OSError:
        # Full: it has been rung.
        pass


def _not_forked(reason):
    return {"type": "not_forked", "reason": reason}


def _ready(loaded):
    message = _lanes.ready_message(loaded)
    message["type"] = "loaded"
    return message


def _status_of(pid):
    """How the process ended; None when the app's own handler of SIGCHLD was quicker."""
    try:
        return os.waitpid(pid, 0)[1]
    except ChildProcessError:
        return None


# What must not be forked


def _reason_not_to_fork(kernel):
    """Why workers must not be forked from this process as it is now; None when they may be."""
    threads = [thread.name for thread in threading.enumerate() if thread is not threading.main_thread()]
    if threads:
        return "the app started threads when it was imported, which a fork leaves behind: %s" % _some(threads)
    children = _children()
    if children:
        return "the app started processes when it was imported, which would not be the workers': %s" % _some(children)
    sockets = _connected_sockets()
    try:
        # What the app closes or opens anew in its own hooks (os.register_at_fork) is not shared.
        kept = _in_trial(kernel, lambda: sorted(_connected_sockets()))
    except _TrialError as error:
        return "a trial fork failed: %s" % error
    shared = [place for inode, place in sorted(sockets.items()) if inode in kept]
    if shared:
        return (
            "the app opened connections when it was imported, which workers would share: %s"
            "; close them, or open them anew in os.register_at_fork(after_in_child=...)" % _some(shared)
        )
    # After the trial: libraries that know about forks end their threads before one and start them when needed.
    names = _native_threads()
    if names:
        return "a library started threads when it was imported, which a fork leaves behind: %s" % _some(names)
    return None


def _some(names):
    return ", ".join(names[:5]) + (" and %d more" % (len(names) - 5) if len(names) > 5 else "")


def _children():
    found = []
    for task in os.listdir("/proc/self/task"):
        try:
            with open("/proc/self/task/%s/children" % task) as file:
                for pid in file.read().split():
                    with open("/proc/%s/comm" % pid) as name:
                        found.append("%s (%s)" % (name.read().strip(), pid))
        except OSError:
            # A kernel without this list, or a process that has just ended.
            continue
    return found


def _native_threads():
    """The names of the threads that are alive beside this one. Those that are about to end have a second for it."""
    main = str(threading.get_native_id())
    for _ in range(100):
        names = []
        for task in os.listdir("/proc/self/task"):
            try:
                if task != main:
                    with open("/proc/self/task/%s/comm" % task) as file:
                        names.append(file.read().strip())
            except OSError:
                continue
        if not names:
            break
        time.sleep(0.01)
    return names


def _connected_sockets():
    """The stream sockets that are connected: {inode: where to}."""
    found = {}
    for entry in os.listdir("/proc/self/fd"):
        descriptor = int(entry)
        if descriptor in (LINK, CONTROL, DOORBELL):
            continue
        try:
            target = os.readlink("/proc/self/fd/" + entry)
            if not target.startswith("socket:["):
                continue
            with socket.socket(fileno=os.dup(descriptor)) as copy:
                if copy.type & ~(socket.SOCK_NONBLOCK | socket.SOCK_CLOEXEC) == socket.SOCK_DGRAM:
                    # Each datagram stands for itself.
                    continue
                found[target] = _place(copy.getpeername())
        except OSError:
            # Closed meanwhile, as the directory's own descriptor is; or not connected.
            continue
    return found


def _place(peer):
    if isinstance(peer, tuple):
        return "%s:%s" % peer[:2]
    if isinstance(peer, bytes):
        peer = peer.decode("utf-8", "replace")
    return peer or "a socket pair"


class _TrialError(Exception):
    pass


def _in_trial(kernel, look):
    """What `look` returns in a process that was made as a worker is. Raises _TrialError."""
    reader, writer = os.pipe()
    sys.stdout.flush()
    sys.stderr.flush()
    between = kernel.fork()
    if between == 0:
        _try_out(writer, look)
    os.close(writer)
    if between < 0:
        os.close(reader)
        raise _TrialError(os.strerror(ctypes.get_errno()))
    try:
        text = _read_within(reader, TRIAL_SECONDS)
    except _TrialError:
        os.killpg(between, signal.SIGKILL)
        raise
    finally:
        os.close(reader)
        _status_of(between)
    try:
        return json.loads(text)
    except ValueError:
        raise _TrialError("the forked process ended at once") from None


def _try_out(writer, look):
    """Runs in the process between. Does not return."""
    try:
        os.setpgid(0, 0)
        child = os.fork()
        if child == 0:
            os.write(writer, json.dumps(look()).encode("utf-8"))
        else:
            os.waitpid(child, 0)
    finally:
        os._exit(0)


def _read_within(reader, seconds):
    until = time.monotonic() + seconds
    text = b""
    while True:
        if not select.select([reader], [], [], max(0, until - time.monotonic()))[0]:
            raise _TrialError("it did not come back within %d s" % seconds)
        part = os.read(reader, 65536)
        if not part:
            return text.decode("utf-8")
        text += part
