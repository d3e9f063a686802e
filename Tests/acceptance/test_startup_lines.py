"""What the log says at the start: nothing that is not known yet, and then what is right for the app."""

import re
import socket
import textwrap

import pytest
from client import eventually


def messages(server):
    """The lines of the server's log, without their times and levels."""
    return [re.sub(r"^\S+ +\w+ +", "", line) for line in server.log().splitlines()]


def test_of_an_asgi_app_it_says_event_loops_and_never_threads(roost):
    server = roost("conform_raw:app", "--processes", 1, "--concurrency", 20)
    said = "the app is ASGI, on event loops: 20 requests in flight in each worker (concurrency), 100 may wait"
    text = eventually(lambda: said in server.log() and server.log(), "the log says what is known")
    assert "with 1 worker process" in text
    assert not re.search(r"\bthreads\b|12 x", text), text


def test_of_a_wsgi_app_it_says_how_many_threads_and_why_once_that_is_known(roost):
    server = roost("probe:app", "--processes", 2)
    lines = eventually(lambda: "queue-limit 100: " in server.log() and messages(server), "the log says what is known")

    def place(part):
        return next(number for number, line in enumerate(lines) if part in line)

    known = place("the app is WSGI: 4 threads in each worker, 100 requests may wait (queue-limit)")
    assert place("with 2 worker processes") < known
    assert known < place("threads 4: ") and known < place("12 for each of 8 threads, at least 100")


@pytest.mark.parametrize("interface, said", [
    ("asgi", "with 2 event loops (asgi), 256 in flight in each"), ("wsgi", "with 2 x 3 threads"),
])
def test_an_interface_that_is_given_is_said_at_once(roost, interface, said):
    app = "conform_raw:app" if interface == "asgi" else "probe:app"
    threads = [] if interface == "asgi" else ["--threads", 3]
    server = roost(app, "--processes", 2, "--interface", interface, *threads)
    eventually(lambda: f"the app is {interface.upper()}" in server.log(), "the log says what is known")
    assert said in server.log()
    assert (interface == "asgi") != bool(re.search(r"\bthreads\b", server.log())), server.log()


def test_a_request_before_any_worker_is_ready_is_said_to_wait_for_that(roost, tmp_path):
    (tmp_path / "slow.py").write_text(textwrap.dedent("""
        import os, time
        while not os.path.exists(os.path.join(os.environ["PROBE_DIRECTORY"], "open-import")):
            time.sleep(0.01)
        def app(environ, start_response):
            start_response("200 OK", [("Content-Length", "2")])
            return [b"ok"]
    """))
    server = roost("slow:app", "--processes", 1, "--threads", 1, app_dir=tmp_path, wait=False)

    def is_listening():
        with socket.socket() as probe:
            return probe.connect_ex(server.address) == 0

    eventually(is_listening, "it listens")
    connection = server.connect().send(b"GET / HTTP/1.1\r\nHost: roost.test\r\n\r\n")
    eventually(lambda: "no worker is ready: queue depth 1 (limit 100), oldest" in server.log(), "the log says why")
    assert "threads busy" not in server.log()
    (server.directory / "open-import").touch()
    assert connection.response().body == b"ok"
    eventually(lambda: "nothing waits in the queue any more: requests did for" in server.log(), "that it is over")
