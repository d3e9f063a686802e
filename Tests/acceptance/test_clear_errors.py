"""What people see who mistype something, or ask for an address that they can't have."""

import os
import re
import signal
import socket

import pytest
from client import eventually, request
from server import free_port, run_roost


@pytest.mark.parametrize("arguments, said", [
    (("sevre", "probe:app"), "roost serve\n"),
    (("probe:app",), "roost serve probe:app\n"),
    (("serve", "probe:app", "--threads", "-1"), "threads: -1 is not between"),
    (("serve", "probe:app", "--certfile", "x.pem"), "docs/deployment.md"),
])
def test_mistakes_of_the_command_line(arguments, said):
    answer = run_roost(*arguments)
    assert answer.returncode == 2 and said in answer.stderr, answer.stderr


def test_a_busy_port_names_who_has_it():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        answer = run_roost("serve", "probe:app", "--bind", "127.0.0.1:%d" % taken.getsockname()[1], "--admin-socket", "none")
    assert answer.returncode == 1 and "process %d (" % os.getpid() in answer.stderr, answer.stderr


def test_an_address_of_another_machine():
    answer = run_roost("serve", "probe:app", "--bind", "192.0.2.1:%d" % free_port(), "--admin-socket", "none")
    assert answer.returncode == 1 and "an address of this machine" in answer.stderr, answer.stderr
    assert "end what listens" not in answer.stderr


def test_nothing_is_served_before_the_app_is_there(tmp_path):
    (tmp_path / "broken_at_import.py").write_text("raise RuntimeError('not today')\n")
    answer = run_roost("serve", "broken_at_import:app", "--bind", "127.0.0.1:%d" % free_port(), "--admin-socket", "none",
                       cwd=tmp_path)
    assert answer.returncode == 1 and "not today" in answer.stderr, answer.stderr
    assert not re.search(r"\bserving\b", answer.stderr), answer.stderr


def test_ctrl_c_says_what_still_runs(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--graceful-timeout", "50s")
    running = server.connect().send(request("/gate?last"))
    server.wait_for_call("GET /gate?last")
    server.process.send_signal(signal.SIGINT)
    eventually(lambda: "1 request is given at most 50 s; a second Ctrl-C ends now" in server.log(), "it says so")
    server.open_gate("last")
    assert running.response().body == b"last"
    assert server.process.wait(60) == 0
