"""A WSGI app with one path for each way to serve well or to go wrong. It runs on every server that is compared.

The directory in VICTIM_DIRECTORY tells it how to start (a file `boot`) and takes its notes (files named for a call).
"""

import ctypes
import os
import sys
import time
import zlib
from urllib.parse import parse_qs

DIRECTORY = os.environ.get("VICTIM_DIRECTORY", "")
PATTERN = bytes(range(256)) * 256


def told(name, otherwise=""):
    try:
        with open(os.path.join(DIRECTORY, name)) as file:
            return file.read().strip()
    except OSError:
        return otherwise


def note(name):
    """Adds a line to the notes of this name: how often something was run, and in which process."""
    descriptor = os.open(os.path.join(DIRECTORY, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    os.write(descriptor, b"%d\n" % os.getpid())
    os.close(descriptor)


def start():
    how, _, value = told("boot", "well").partition(" ")
    if how == "exit":
        note("starts")
        os._exit(1)
    if how == "raise":
        raise RuntimeError("the app was told to fail at its start")
    if how == "slow":
        time.sleep(float(value))


start()
VERSION = told("version", "1")
KEPT = []
note("imports")


def text(start_response, body, status="200 OK", length=None):
    body = body.encode()
    start_response(status, [("Content-Type", "text/plain"), ("Content-Length", str(length or len(body)))])
    return [body]


def pattern(length):
    while length > 0:
        yield PATTERN[:length] if length < len(PATTERN) else PATTERN
        length -= len(PATTERN)


def application(environ, start_response):
    asked = {name: values[0] for name, values in parse_qs(environ.get("QUERY_STRING", "")).items()}
    name = environ["PATH_INFO"].strip("/") or "hello"
    return PATHS[name](environ, start_response, asked)


# What serves well

def hello(environ, start_response, asked):
    return text(start_response, f"hello {asked.get('n', '')}")


def version(environ, start_response, asked):
    return text(start_response, VERSION)


def work(environ, start_response, asked):
    """Waits `ms` and computes `spin` rounds."""
    time.sleep(float(asked.get("ms", 0)) / 1000)
    for _ in range(int(asked.get("spin", 0))):
        zlib.crc32(PATTERN)
    return text(start_response, f"worked {asked.get('n', '')}")


def counted(environ, start_response, asked):
    """Notes that it ran, waits, and answers: to see what runs twice, or though nobody waits for it."""
    note("run-" + asked["as"])
    time.sleep(float(asked.get("s", 0)))
    return text(start_response, f"counted {asked['as']}")


def echo(environ, start_response, asked):
    """The length and the checksum of the body; a body that breaks off is the server's to notice."""
    checksum, length, stream = 0, 0, environ["wsgi.input"]
    left = int(environ.get("CONTENT_LENGTH") or 0)
    while left > 0:
        piece = stream.read(min(left, 65536))
        if not piece:
            break
        checksum, length, left = zlib.crc32(piece, checksum), length + len(piece), left - len(piece)
    return text(start_response, f"{length} {checksum}")


def big(environ, start_response, asked):
    length = int(asked["n"])
    start_response("200 OK", [("Content-Type", "application/octet-stream"), ("Content-Length", str(length))])
    return pattern(length)


def stream(environ, start_response, asked):
    """A body of unknown length in pieces, with a wait between them."""

    def pieces():
        for number in range(int(asked["pieces"])):
            yield b"piece %d," % number
            time.sleep(float(asked.get("ms", 0)) / 1000)

    start_response("200 OK", [("Content-Type", "text/plain")])
    return pieces()


def shout(environ, start_response, asked):
    """Writes `n` lines to standard error, as an app with much to say."""
    for number in range(int(asked["n"])):
        sys.stderr.write(f"line {number} of the app, " + "x" * 100 + "\n")
    return text(start_response, "shouted")


def leak(environ, start_response, asked):
    KEPT.append(bytearray(os.urandom(1 << 12) * (int(asked["mib"]) << 8)))
    return text(start_response, f"leaked {len(KEPT)}")


# What goes wrong

def segfault(environ, start_response, asked):
    note("run-segfault")
    time.sleep(float(asked.get("s", 0)))
    ctypes.string_at(0)


def leave(environ, start_response, asked):
    note("run-leave")
    os._exit(1)


def gluttony(environ, start_response, asked):
    """Takes memory until the kernel objects."""
    while True:
        KEPT.append(bytearray(b"x" * (16 << 20)))


def busy_loop(environ, start_response, asked):
    """Holds the interpreter's lock as Python code does, giving it up every 5 ms when others want it."""
    note("run-busy_loop")
    while True:
        pass


def endless_sleep(environ, start_response, asked):
    """Never comes back, and hinders nobody: the lock is released."""
    note("run-endless_sleep")
    time.sleep(1e9)


def wedged_call(environ, start_response, asked):
    """A C function that keeps the interpreter's lock for half a minute: PyDLL does not release it."""
    note("run-wedged_call")
    ctypes.PyDLL(None).sleep(30)
    return text(start_response, "woke up")


def fail(environ, start_response, asked):
    raise RuntimeError("the app was told to raise")


def fail_midway(environ, start_response, asked):
    def pieces():
        yield b"the first piece,"
        raise RuntimeError("the app was told to raise after its first piece")

    start_response("200 OK", [("Content-Type", "text/plain")])
    return pieces()


def short(environ, start_response, asked):
    """Promises a longer body than it has."""
    return text(start_response, "short", length=500)


PATHS = {
    function.__name__: function
    for function in (
        hello, version, work, counted, echo, big, stream, shout, leak, segfault, leave, gluttony, busy_loop,
        endless_sleep, wedged_call, fail, fail_midway, short,
    )
}
