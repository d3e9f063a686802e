"""Signals to the front: each does what docs/signals.md says, and none ends or stops the server by surprise."""

import os
import pty
import shutil
import signal
import subprocess

import pytest
from client import eventually, request

PASSED_OVER = ["SIGUSR2", "SIGALRM", "SIGABRT", "SIGTTIN", "SIGTTOU", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGPWR", "SIGXCPU"]


def state(pid):
    """The state's letter in /proc/PID/stat: T is stopped."""
    with open(f"/proc/{pid}/stat") as file:
        return file.read().rpartition(")")[2].split()[0]


def is_serving(server):
    assert server.process.poll() is None, server.log()
    assert server.get("/").status == 200
    assert state(server.pid) != "T"


def test_what_means_nothing_is_passed_over_with_a_warning(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    workers = server.workers()
    numbers = [getattr(signal, name) for name in PASSED_OVER] + [signal.SIGRTMIN, signal.SIGRTMAX]
    for count, number in enumerate(numbers, 1):
        server.process.send_signal(number)
        eventually(lambda: server.log().count("is passed over") == count, f"signal {number} is passed over")
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        server.process.send_signal(number)
    is_serving(server)
    assert server.workers() == workers
    assert "roost scale" in server.log() and "SIGUSR2" in server.log()


def test_usr1_opens_the_access_log_anew_and_says_so(roost, tmp_path):
    path = tmp_path / "access.log"
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--access-log-file", path)
    server.get("/before")
    eventually(lambda: "/before" in path.read_text(), "the first line")
    workers = server.workers()
    path.rename(tmp_path / "access.log.1")
    server.process.send_signal(signal.SIGUSR1)
    eventually(lambda: "log files are opened anew" in server.log(), "it says so")
    server.get("/after")
    eventually(lambda: path.exists() and "/after" in path.read_text(), "the next line is in the new file")
    assert "/after" not in (tmp_path / "access.log.1").read_text()
    assert server.workers() == workers


def test_quit_drains(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    running = server.connect().send(request("/gate?quit"))
    server.wait_for_call("GET /gate?quit")
    server.process.send_signal(signal.SIGQUIT)
    eventually(lambda: "draining" in server.log() and "SIGQUIT" in server.log(), "it drains")
    server.open_gate("quit")
    assert running.response().body == b"quit"
    assert server.process.wait(60) == 0


def run_on_a_terminal(roost, *prefix):
    """A server of a session of its own with a terminal; closing what is returned beside it hangs the terminal up."""
    ours, theirs = pty.openpty()
    name = os.ttyname(theirs)
    # Who opens a terminal as leader of a session without one gets it as its controlling terminal.
    server = roost("probe:app", "--processes", 1, "--threads", 1,
                   prefix=("setsid", "sh", "-c", f'exec 0<>{name}; exec "$@"', "sh", *prefix))
    os.close(theirs)
    return server, ours


@pytest.mark.skipif(not shutil.which("setsid"), reason="there is no setsid")
def test_a_terminal_that_closes_leaves_no_server_behind(roost):
    server, terminal = run_on_a_terminal(roost)
    workers = server.workers()
    server.process.send_signal(signal.SIGHUP)
    eventually(lambda: server.workers() not in ([], workers), "with its terminal open, it reloads")
    os.close(terminal)
    assert server.process.wait(60) == 0
    assert "terminal has closed" in server.log()


@pytest.mark.skipif(not shutil.which("setsid"), reason="there is no setsid")
def test_nohup_outlives_its_terminal(roost):
    server, terminal = run_on_a_terminal(roost, "nohup")
    os.close(terminal)
    eventually(lambda: "is passed over" in server.log(), "the signal is passed over")
    is_serving(server)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes a process namespace")
def test_as_process_1_signals_mean_the_same(roost):
    try:
        subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("no process namespaces here")
    server = roost("probe:app", "--processes", 1, "--threads", 1,
                   prefix=("unshare", "--pid", "--fork", "--kill-child", "--mount-proc"))
    with open(f"/proc/{server.pid}/task/{server.pid}/children") as file:
        front = int(file.read().split()[0])
    for count, name in enumerate(PASSED_OVER, 1):
        os.kill(front, getattr(signal, name))
        eventually(lambda: server.log().count("is passed over") == count, f"{name} is passed over")
    assert server.get("/").status == 200
    assert state(front) != "T"
    os.kill(front, signal.SIGQUIT)
    assert server.process.wait(60) == 0
