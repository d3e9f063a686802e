"""The command line as people type it."""

import json
import os
import stat

import pytest
from server import APPS, run_roost


def test_help_is_short_and_grouped():
    shown = run_roost("serve", "--help")
    assert shown.returncode == 0
    for option in ("--bind", "--processes", "--threads", "--queue-limit", "--queue-timeout", "--admin", "--app-dir"):
        assert option in shown.stdout
    assert all(len(line) <= 120 for line in shown.stdout.splitlines())


def test_help_and_version_of_the_command_itself():
    assert "serve" in run_roost("--help").stdout
    assert any(character.isdigit() for character in run_roost("--version").stdout)


def test_config_shows_each_value_and_its_origin(tmp_path):
    (tmp_path / "roost.toml").write_text("threads = 3\n")
    shown = run_roost("config", "probe:app", "--processes", 2, cwd=tmp_path, ROOST_QUEUE_LIMIT="77")
    assert shown.returncode == 0, shown.stderr
    lines = {line.split()[0]: line for line in shown.stdout.splitlines() if line.strip()}
    assert "2" in lines["processes"] and "--processes" in lines["processes"]
    assert "3" in lines["threads"] and "roost.toml:1" in lines["threads"]
    assert "77" in lines["queue-limit"] and "ROOST_QUEUE_LIMIT" in lines["queue-limit"]
    assert "default" in lines["keep-alive"]


def test_flags_win_over_the_environment_over_the_file(tmp_path):
    (tmp_path / "pyproject.toml").write_text("[tool.roost]\nthreads = 3\nprocesses = 3\nqueue-limit = 30\n")
    shown = run_roost("config", "probe:app", "--threads", 5, cwd=tmp_path, ROOST_THREADS=4, ROOST_PROCESSES=4)
    lines = {line.split()[0]: line.split()[1:] for line in shown.stdout.splitlines() if line.strip()}
    assert "5" in lines["threads"] and "4" in lines["processes"] and "30" in lines["queue-limit"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--thread", "8"], ["--thread", "--threads"]),
        (["--threads", "many"], ["--threads", "many"]),
        (["--threads", "0"], ["threads", "0"]),
        (["--bind", "nowhere:port"], ["--bind", "nowhere:port"]),
        (["--queue-timeout", "soon"], ["soon"]),
    ],
)
def test_a_wrong_flag_is_an_error_that_says_what_to_write(arguments, says):
    ended = run_roost("serve", "probe:app", "--app-dir", APPS, *arguments)
    assert ended.returncode == 2
    for words in says:
        assert words in ended.stderr


def test_a_wrong_key_in_a_file_is_an_error_with_its_line(tmp_path):
    (tmp_path / "roost.toml").write_text("threads = 2\n\nqueue-limits = 5\n")
    ended = run_roost("serve", "probe:app", "--app-dir", APPS, cwd=tmp_path)
    assert ended.returncode == 2
    assert "roost.toml:3" in ended.stderr and "queue-limits" in ended.stderr and "queue-limit" in ended.stderr


def test_an_unknown_variable_is_an_error_that_names_the_nearest():
    ended = run_roost("serve", "probe:app", "--app-dir", APPS, ROOST_THREDS=3)
    assert ended.returncode == 2
    assert "ROOST_THREDS" in ended.stderr and "ROOST_THREADS" in ended.stderr


def test_a_missing_target_and_an_unknown_command_are_usage_errors():
    assert run_roost("serve").returncode == 2
    assert run_roost("srve").returncode == 2


def test_status_is_for_people(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 3)
    server.get("/")
    shown = run_roost("status", "--admin-socket", server.admin_socket)
    assert shown.returncode == 0, shown.stderr
    assert "queue" in shown.stdout and "thread" in shown.stdout
    for pid in server.workers():
        assert str(pid) in shown.stdout


def test_status_without_a_server_says_so(tmp_path):
    ended = run_roost("status", "--admin-socket", tmp_path / "nobody.sock")
    assert ended.returncode == 1 and "nobody.sock" in ended.stderr


def test_the_admin_socket_is_its_owners_alone(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    mode = os.stat(server.admin_socket).st_mode
    assert stat.S_ISSOCK(mode) and stat.S_IMODE(mode) == 0o600


def test_the_status_in_json_carries_the_queue_and_the_workers(roost):
    from client import get

    server = roost("probe:app", "--processes", 2, "--threads", 3)
    text = get(server.admin_socket, "/status").body.decode()
    assert isinstance(json.loads(text), dict)
    for pid in server.workers():
        assert str(pid) in text


def test_it_serves_from_any_directory_with_gunicorns_habits(roost, tmp_path):
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    server = roost("probe:app", "-w", 2, "--threads", 2, cwd=elsewhere)
    assert len(server.workers()) == 2
    assert server.get("/").body == b"Hello\n"


def test_the_active_virtual_environment_is_the_python_that_is_used(roost, tmp_path):
    import subprocess
    import sys

    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "venv"], check=True)
    ended = run_roost("config", "probe:app", VIRTUAL_ENV=tmp_path / "venv")
    assert str(tmp_path / "venv") in ended.stdout
