"""`roost.serve` with an ASGI application: an event loop in a program of the user's own."""

import contextlib
import signal
import subprocess
import sys

import pytest
from client import Connection, eventually, get, request
from server import APPS, BINARY, ROOT, clean_environment, free_port
from socket_client import Frames, frame

PROGRAM = APPS / "served_asgi.py"


@contextlib.contextmanager
def serving(*how, python=sys.executable, waits=True):
    address = ("127.0.0.1", free_port())
    process = subprocess.Popen(
        [str(python), str(PROGRAM), str(address[1]), *how],
        env=clean_environment(PYTHONPATH=ROOT / "python", ROOST_BINARY=BINARY, PYTHONUNBUFFERED=1),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        if waits:
            eventually(lambda: process.poll() is not None or answers(address), "it serves")
            assert process.poll() is None, process.stdout.read()
        yield process, address
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def answers(address):
    try:
        return get(address, timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_serves_in_this_process_and_returns_after_a_signal(interpreter, number):
    with serving(python=interpreter) as (process, address):
        seen = get(address, "/a/b").json()
        assert (seen["pid"], seen["thread"], seen["path"]) == (process.pid, "MainThread", "/a/b")
        assert (seen["scheme"], seen["root_path"], seen["state"]) == ("http", "", {"started": True})
        assert seen["extends"] is True
        process.send_signal(number)
        output, _ = process.communicate(timeout=60)
        assert "serve returned ['shut down']" in output and "the program goes on" in output, output
        assert process.returncode == 0


def test_what_runs_is_answered_first():
    with serving() as (process, address), Connection(address) as connection:
        connection.send(request("/slow"))
        eventually(lambda: "slow" in get(address).json()["said"], "it is in the application")
        process.send_signal(signal.SIGTERM)
        assert connection.response().status == 200
        assert "serve returned ['slow', 'shut down']" in process.communicate(timeout=60)[0]


def test_websockets_are_served():
    with serving() as (process, address):
        with Frames(address, "/") as client:
            client.send(frame(1, b"hello"))
            assert client.read_message() == (1, b"HELLO")


def test_a_prefix_and_a_scheme():
    with serving("mounted") as (process, address):
        seen = get(address, "/shop/cart").json()
        assert (seen["path"], seen["root_path"], seen["scheme"]) == ("/shop/cart", "/shop", "https")
        assert get(address, "/shopping").json()["root_path"] == ""


def test_a_thread_may_serve_too():
    with serving("thread") as (process, address):
        assert get(address).json()["thread"] == "server"


def test_a_program_may_serve_twice():
    with serving("twice") as (process, address):
        process.send_signal(signal.SIGTERM)
        assert any("serve returned" in line for line in process.stdout)
        eventually(lambda: process.poll() is not None or answers(address), "it serves again")
        process.send_signal(signal.SIGTERM)
        output, _ = process.communicate(timeout=60)
        assert "serve returned" in output and process.returncode == 0, output


def test_a_start_up_that_fails_is_an_error_of_the_program():
    with serving("fails", waits=False) as (process, address):
        output, _ = process.communicate(timeout=60)
        assert "ServingError: application cannot start: its start-up (lifespan) failed: no database" in output
        assert process.returncode == 1


def test_an_application_that_exits_ends_the_program():
    with serving() as (process, address):
        get(address, "/exits")
        output, _ = process.communicate(timeout=60)
        assert process.returncode == 7 and "serve returned" not in output, output
