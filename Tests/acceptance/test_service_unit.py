"""`roost service` and `roost serve --check`: what is made and tried before a server is started."""

import os
import shutil
import subprocess
import sys

import pytest
from server import APPS, run_roost

VERIFIES = pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")


def unit(*options, name="shop"):
    made = run_roost(
        "service", name, "--user", "daemon", "--app-dir", APPS, "--python", sys.executable, "probe:app", *options
    )
    assert made.returncode == 0, made.stderr
    return made.stdout


@VERIFIES
@pytest.mark.parametrize("name", ["shop.service", "shop.socket"])
def test_the_printed_units_are_valid(tmp_path, name):
    options = ("--bind", "127.0.0.1:8123", "--bind", "unix:/run/shop/app.sock", "--warm-up", "/50%25$x")
    (tmp_path / "shop.service").write_text(unit(*options))
    (tmp_path / "shop.socket").write_text(unit(*options, "--socket"))
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / name], capture_output=True, text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert ended.returncode == 0, ended.stderr
    assert name not in ended.stderr, ended.stderr


def test_a_unit_has_what_the_command_line_says():
    lines = unit("--bind", "127.0.0.1:8123", "--threads", "3").splitlines()
    started = next(line for line in lines if line.startswith("ExecStart="))
    for words in ("probe:app", "--bind 127.0.0.1:8123", "--threads 3", f"--app-dir {APPS}", f"--python {sys.executable}"):
        assert words in started
    assert "--user" not in started and "User=daemon" in lines and f"WorkingDirectory={APPS}" in lines
    assert "ListenStream=127.0.0.1:8123" in unit("--bind", "127.0.0.1:8123", "--socket").splitlines()


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["shop"], "--user"),
        (["a/b", "--user", "nobody", "probe:app"], "'a/b'"),
        (["shop", "--user", "nobody", "probe:app", "--thread", "3"], "--threads"),
        (["shop", "--user", "nobody"], "no app"),
    ],
)
def test_what_would_not_start_is_no_unit(arguments, says, tmp_path):
    ended = run_roost("service", *arguments, cwd=tmp_path)
    assert ended.returncode == 2 and not ended.stdout
    assert says in ended.stderr


def check(*arguments, **settings):
    return run_roost("serve", "--check", "--app-dir", APPS, "--python", sys.executable, *arguments, **settings)


def test_check_imports_the_app_and_listens_on_nothing(tmp_path):
    path = tmp_path / "app.sock"
    path.write_text("a file that a server would refuse to replace")
    ended = check("probe:app", "--bind", f"unix:{path}", "--processes", 2)
    assert ended.returncode == 0, ended.stderr
    assert "probe:app" in ended.stdout
    assert path.read_text().startswith("a file")


@pytest.mark.parametrize(
    ("source", "says"), [("raise RuntimeError('no database')", "no database"), ("x = 1", "app")]
)
def test_check_fails_as_a_start_would(tmp_path, source, says):
    (tmp_path / "failing.py").write_text(source + "\n")
    ended = run_roost("serve", "--check", "failing:app", "--app-dir", tmp_path, "--python", sys.executable)
    assert ended.returncode == 1
    assert says in ended.stderr


def test_check_tries_an_asgi_app_with_its_lifespan(tmp_path):
    (tmp_path / "lives.py").write_text(
        "async def app(scope, receive, send):\n"
        "    await receive()\n"
        "    print('lifespan began', flush=True)\n"
        "    await send({'type': 'lifespan.startup.complete'})\n"
        "    await receive()\n"
        "    await send({'type': 'lifespan.shutdown.complete'})\n"
    )
    ended = run_roost("serve", "--check", "lives:app", "--app-dir", tmp_path, "--python", sys.executable)
    assert ended.returncode == 0, ended.stderr
    assert "lifespan began" in ended.stderr + ended.stdout


def test_check_names_a_wrong_option():
    ended = check("probe:app", "--threads", "many")
    assert ended.returncode == 2
    assert "many" in ended.stderr
