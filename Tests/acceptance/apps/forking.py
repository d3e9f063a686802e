"""A WSGI application that starts processes in every way that Python has, from request threads.

`WAYS` are the paths; each answers in JSON what it saw. Children that are to live on are noted in PROBE_DIRECTORY.
"""

import concurrent.futures
import json
import multiprocessing
import os
import signal
import subprocess
import sys
import threading
import time

DIRECTORY = os.environ.get("PROBE_DIRECTORY", "/tmp")
BLOCK = b"from the child " * 70_000

# Signals that children of this worker ended: a handler of the app's own, in the main thread, at import.
ended = []


def child_ended(number, frame):
    ended.append(number)


if os.environ.get("FORKING_SIGCHLD"):
    signal.signal(signal.SIGCHLD, child_ended)

if os.environ.get("FORKING_AT_IMPORT"):
    # A child that comes out of the import as if it were the worker.
    at_import = os.fork()
    if at_import:
        os.waitpid(at_import, 0)


def note(name, text):
    with open(os.path.join(DIRECTORY, name), "a") as file:
        file.write(text + "\n")


def square(number):
    return number * number


def say_pid(queue):
    queue.put(os.getpid())


def status_of(pid):
    """How the child ended: its exit status, or minus the signal."""
    _, status = os.waitpid(pid, 0)
    return -os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


class Forking:
    """A body that forks while it is iterated over, and again when it is closed; the child goes on as if it were us."""

    def __init__(self, place):
        self.place = place
        self.pieces = iter([b"one ", b"two ", b"three"])
        self.child = None

    def __iter__(self):
        return self

    def __next__(self):
        piece = next(self.pieces)
        if self.place == "next" and piece == b"two ":
            self.fork()
        return piece

    def close(self):
        if self.place == "close":
            self.fork()

    def __del__(self):
        if self.place == "del":
            self.fork()

    def fork(self):
        self.child = os.fork()
        if self.child:
            note("children", str(status_of(self.child)))


def body(environ, start_response, place):
    start_response("200 OK", [("Content-Type", "text/plain")])
    return Forking(place)


def writes(environ, start_response, argument):
    """The child writes more than a frame holds, logs, and answers for itself."""
    pid = os.fork()
    if pid == 0:
        environ["wsgi.errors"].write("the child logs\n")
        write = start_response("200 OK", [("Content-Type", "text/plain")])
        write(BLOCK)
        write(BLOCK)
        return [b"the child's answer"]
    return answer(start_response, status_of(pid))


def run(close_fds):
    script = "import os, json; print(json.dumps({f: os.readlink('/proc/self/fd/' + f) for f in os.listdir('/proc/self/fd')" \
             " if os.path.exists('/proc/self/fd/' + f)}))"
    done = subprocess.run([sys.executable, "-I", "-c", script], close_fds=close_fds, capture_output=True, check=True)
    return json.loads(done.stdout)


def signals_of_a_program(environ, start_response, argument):
    """Which signals a program that we start finds ignored or blocked."""
    shown = subprocess.run(["cat", "/proc/self/status"], capture_output=True, text=True, check=True).stdout
    found = dict(line.split(":", 1) for line in shown.splitlines() if line.startswith("Sig"))
    return answer(start_response, {name: int(found[name], 16) for name in ("SigIgn", "SigBlk")})


def terminates(environ, start_response, argument):
    """How a forked child ends that is terminated in a call that returns to Python only when it is over."""
    context = multiprocessing.get_context("fork")
    began = context.Event()
    process = context.Process(target=wait_in_c, args=(began,))
    process.start()
    began.wait(20)
    time.sleep(0.1)
    process.terminate()
    process.join(20)
    code = process.exitcode
    if code is None:
        process.kill()
        process.join()
    return answer(start_response, code)


def wait_in_c(began):
    import ctypes

    lock = ctypes.create_string_buffer(64)
    library = ctypes.CDLL(None)
    library.pthread_mutex_lock(lock)
    began.set()
    library.pthread_mutex_lock(lock)


def multiprocess(environ, start_response, method):
    """A Process, a Pool and an executor of one start method."""
    context = multiprocessing.get_context(method)
    queue = context.Queue()
    process = context.Process(target=say_pid, args=(queue,))
    process.start()
    pid = queue.get(timeout=30)
    process.join(30)
    with context.Pool(2) as pool:
        squares = pool.map(square, range(10))
    with concurrent.futures.ProcessPoolExecutor(2, mp_context=context) as executor:
        sums = sum(executor.map(square, range(10)))
    return answer(start_response, [pid == process.pid, process.exitcode, squares, sums])


def waits_for_any(environ, start_response, argument):
    """`waitpid(-1)` gives the app its own children, and none but them."""
    started = [subprocess.Popen(["true"]) for _ in range(3)]
    expected = {process.pid for process in started}
    found = set()
    while True:
        try:
            found.add(os.waitpid(-1, 0)[0])
        except ChildProcessError:
            return answer(start_response, found == expected)


def count_ended(environ, start_response, argument):
    for _ in range(3):
        before = len(ended)
        subprocess.run(["true"], check=True)
        deadline = time.monotonic() + 20
        while len(ended) == before and time.monotonic() < deadline:
            time.sleep(0.01)
    return answer(start_response, len(ended))


def leaves_a_child(environ, start_response, kind):
    """Starts a process that outlives us, with all the descriptors that a child of that kind inherits."""
    if kind == "fork":
        pid = os.fork()
        if pid == 0:
            # What DiskcacheManager does: a job in a copy of this process.
            time.sleep(600)
            os._exit(0)
    else:
        pid = subprocess.Popen(["sleep", "600"], close_fds=False).pid
    note("left", str(pid))
    return answer(start_response, {"worker": os.getpid(), "child": pid})


def what_a_child_holds(environ, start_response, argument):
    """The descriptors and mappings of ours that a forked child has."""
    reader, writer = os.pipe()
    pid = os.fork()
    if pid == 0:
        links = []
        for name in os.listdir("/proc/self/fd"):
            try:
                links.append(os.readlink("/proc/self/fd/" + name))
            except OSError:
                pass
        with open("/proc/self/maps") as maps:
            links += [line.split()[-1] for line in maps if "roost-link" in line]
        os.write(writer, json.dumps([link for link in links if "roost-link" in link or link.startswith("socket:")])
                 .encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader, "rb") as file:
        held = json.loads(file.read())
    os.waitpid(pid, 0)
    return answer(start_response, held)


def streams(environ, start_response, argument):
    """Keeps the threads of this worker in the link while others fork."""
    start_response("200 OK", [("Content-Type", "application/octet-stream")])
    errors = environ["wsgi.errors"]

    def blocks():
        for number in range(int(argument)):
            errors.write("block %d\n" % number)
            yield BLOCK

    return blocks()


def many(environ, start_response, argument):
    """Forks as often as asked, and lets every child log and come out of the application."""
    for _ in range(int(argument)):
        pid = os.fork()
        if pid == 0:
            environ["wsgi.errors"].write("a child\n")
            start_response("200 OK", [])(BLOCK)
            return [BLOCK]
        if status_of(pid) != 0:
            return answer(start_response, "a child failed")
    return answer(start_response, "done")


def in_a_thread(environ, start_response, argument):
    """A child forked in a thread of the app's own, which comes to that thread's end."""
    codes = []

    def work():
        pid = os.fork()
        if pid:
            codes.append(status_of(pid))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(30)
    return answer(start_response, codes)


def answer(start_response, value):
    text = json.dumps(value).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(text)))])
    return [text]


WAYS = {
    "/": lambda environ, start_response, argument: answer(start_response, os.getpid()),
    "/body": body,
    "/writes": writes,
    "/run": lambda environ, start_response, argument: answer(start_response, run(argument == "closed")),
    "/signals": signals_of_a_program,
    "/terminates": terminates,
    "/multiprocess": multiprocess,
    "/waits-for-any": waits_for_any,
    "/count-ended": count_ended,
    "/leaves-a-child": leaves_a_child,
    "/holds": what_a_child_holds,
    "/streams": streams,
    "/many": many,
    "/in-a-thread": in_a_thread,
}


def app(environ, start_response):
    return WAYS[environ["PATH_INFO"]](environ, start_response, environ["QUERY_STRING"])
