"""`roost reload`, `scale` and `stop`: what an operator has a running server do."""

import json
import os
import signal

import pytest
from client import Connection, eventually, get, request
from server import run_roost

APP = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'{says}']\n"


@pytest.fixture
def site(tmp_path):
    """An app that a test can change."""
    directory = tmp_path / "site"
    directory.mkdir()

    def says(text, source=None):
        (directory / "changing.part").write_text(source or APP.format(says=text))
        (directory / "changing.part").rename(directory / "changing.py")

    says("one")
    says.directory = directory
    return says


def serve(roost, site, *options, **settings):
    return roost("changing:app", "--processes", 2, "--threads", 1, *options, app_dir=site.directory, **settings)


def test_reload_answers_when_the_new_code_serves(roost, site):
    server = serve(roost, site)
    assert server.get("/").body == b"one"
    site("two")
    ended = server.command("reload")
    assert ended.returncode == 0, ended.stderr
    assert "reloaded" in ended.stdout
    assert {server.get("/").body for _ in range(8)} == {b"two"}


def test_reload_of_broken_code_prints_the_traceback_and_the_old_code_goes_on(roost, site):
    server = serve(roost, site)
    workers = server.workers()
    site(None, source="import a_module_that_nobody_has\n")
    ended = server.command("reload")
    assert ended.returncode == 1
    assert "a_module_that_nobody_has" in ended.stderr and "changing.py" in ended.stderr and "├─ " in ended.stderr
    assert "go on serving" in ended.stderr
    assert server.get("/").body == b"one"
    eventually(lambda: server.workers() == workers, "the new workers are gone, the old ones are not")
    site("three")
    assert server.command("reload").returncode == 0
    assert server.get("/").body == b"three"


def test_reload_with_an_interpreter_that_is_gone_leaves_the_old_workers(roost, site, tmp_path):
    import sys

    python = tmp_path / "python"
    python.symlink_to(sys.executable)
    server = serve(roost, site, python=python)
    python.unlink()
    ended = server.command("reload")
    assert ended.returncode == 1 and str(python) in ended.stderr
    assert server.get("/").body == b"one"


def test_a_client_that_leaves_does_not_stop_the_reload(roost, site):
    server = serve(roost, site)
    site("two")
    with Connection(server.admin_socket) as connection:
        connection.send(b"POST /reload HTTP/1.1\r\nHost: roost\r\nContent-Length: 0\r\n\r\n")
    eventually(lambda: server.get("/").body == b"two", "the new code serves")


def test_scale_changes_the_workers_while_they_serve(roost, site):
    server = serve(roost, site)
    ended = server.command("scale", "--processes", 3)
    assert ended.returncode == 0, ended.stderr
    assert "3 x 1" in ended.stdout
    eventually(lambda: server.metric("roost_workers") == 3, "there are three")
    ended = server.command("scale", "--processes", 1, "--threads=2", "--json")
    assert json.loads(ended.stdout)["processes"] == 1 and json.loads(ended.stdout)["threads"] == 2
    eventually(lambda: len(server.workers()) == 1, "there is one")
    assert server.get("/").status == 200


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (["--processes", "0"], 1, "0"),
        (["--processes", "100000"], 1, "100000"),
        (["--processes", "many"], 1, "many"),
        (["--threads"], 2, "--threads"),
        ([], 2, "--processes"),
    ],
)
def test_a_number_that_cannot_be_is_an_error_that_shows_it(roost, site, arguments, status, says):
    server = serve(roost, site)
    ended = server.command("scale", *arguments)
    assert ended.returncode == status and says in ended.stderr
    assert len(server.workers()) == 2


def test_stop_waits_for_the_end(roost, site):
    server = serve(roost, site)
    pid = server.pid
    ended = server.command("stop")
    assert ended.returncode == 0, ended.stderr
    assert server.process.wait(0.5) == 0
    assert not os.path.exists(f"/proc/{pid}/exe")
    assert not os.path.exists(server.admin_socket)


def test_stop_lets_running_requests_finish(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    running = server.connect().send(request("/gate?stop"))
    server.wait_for_call("GET /gate?stop")
    assert json.loads(get(server.admin_socket, "/stop", method="POST", body=b" ").body)["pid"] == server.pid
    server.open_gate("stop")
    assert running.response().body == b"stop"
    assert server.process.wait(60) == 0


def test_what_is_asked_of_a_server_that_drains_is_refused(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    running = server.connect().send(request("/gate?busy"))
    server.wait_for_call("GET /gate?busy")
    server.signal(signal.SIGTERM)
    eventually(lambda: "draining" in server.log(), "it drains")
    ended = server.command("reload")
    assert ended.returncode == 1 and "drains" in ended.stderr
    server.open_gate("busy")
    assert running.response().status == 200


@pytest.mark.parametrize("command", ["reload", "stop", "upgrade", "scale"])
def test_without_a_server_it_says_so(tmp_path, command):
    options = ["--processes", 2] if command == "scale" else []
    ended = run_roost(command, "--admin-socket", tmp_path / "nobody.sock", *options)
    assert ended.returncode == 1 and "nobody.sock" in ended.stderr and "├─ " in ended.stderr


@pytest.mark.parametrize("command", ["reload", "stop", "upgrade", "scale"])
def test_each_command_has_help(command):
    shown = run_roost(command, "--help")
    assert shown.returncode == 0 and f"roost {command}" in shown.stdout


@pytest.mark.parametrize("target", ["/reload", "/stop", "/upgrade", "/scale?processes=1"])
def test_the_tcp_admin_only_reads(roost, site, target):
    server = serve(roost, site)
    workers = server.workers()
    assert get(server.admin, target, method="POST", body=b" ").status in (404, 405)
    assert get(server.admin_socket, target, method="GET").status in (404, 405)
    assert server.workers() == workers and server.process.poll() is None
