"""What lies at a path that the server is told of: nothing but a dead socket and a pid file of its own is replaced."""

import os
import resource
import socket
import stat
import subprocess
from pathlib import Path

import pytest
from client import eventually, get
from server import APPS, BINARY, clean_environment, free_port, run_roost
from test_service import ROOT_ONLY, children, public_copy, somebody, start_to_the_end  # noqa: F401


def serve(*options, tmp_path, **environment):
    return run_roost(
        "serve", "probe:app", "--app-dir", APPS, "--processes", 1, "--threads", 1, "--admin-socket",
        tmp_path / "admin.sock", *options, PROBE_DIRECTORY=tmp_path, **environment,
    )


def occupy(path, kind):
    if kind == "file":
        path.write_text("precious")
    elif kind == "link":
        path.symlink_to(path.with_name("target"))
    elif kind == "fifo":
        os.mkfifo(path)
    else:
        path.mkdir()
    return path.lstat()


NAMES = {"file": "an ordinary file", "link": "a symbolic link", "fifo": "a FIFO", "directory": "a directory"}


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_no_socket_is_never_replaced_by_one(tmp_path, kind):
    path = tmp_path / "app.sock"
    before = occupy(path, kind)
    ended = serve("--bind", f"unix:{path}", tmp_path=tmp_path)
    assert ended.returncode == 1
    assert NAMES[kind] in ended.stderr and str(path) in ended.stderr
    assert os.path.samestat(before, path.lstat())


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_no_pid_file_is_never_replaced_by_one_and_hangs_no_start(tmp_path, kind):
    path = tmp_path / "roost.pid"
    before = occupy(path, kind)
    ended = start_to_the_end("--pid-file", path, tmp_path=tmp_path)
    assert ended.returncode == 1 and str(path) in ended.stderr
    assert os.path.samestat(before, path.lstat())
    if kind == "file":
        assert path.read_text() == "precious"


@pytest.mark.parametrize("kind", NAMES)
def test_what_is_no_socket_is_never_replaced_by_the_admins(roost, tmp_path, kind):
    path = tmp_path / "a.sock"
    before = occupy(path, kind)
    server = roost("probe:app", "--processes", 1, "--admin-socket", path, "--admin", "off", wait=False)
    eventually(lambda: "the admin does not listen" in server.log(), "it is said")
    assert NAMES[kind] in server.log()
    server.stop()
    assert os.path.samestat(before, path.lstat())


def test_an_access_log_that_is_a_fifo_without_a_reader_is_an_error(tmp_path):
    path = tmp_path / "log"
    os.mkfifo(path)
    ended = start_to_the_end("--access-log-file", path, tmp_path=tmp_path)
    assert ended.returncode == 1 and "FIFO" in ended.stderr


def test_a_dead_socket_is_replaced_and_a_live_one_is_not(roost, tmp_path):
    path = tmp_path / "app.sock"
    with socket.socket(socket.AF_UNIX) as dead:
        dead.bind(str(path))
        dead.listen()
        ended = serve("--bind", f"unix:{path}", tmp_path=tmp_path)
        assert ended.returncode == 1
    roost("probe:app", "--processes", 1, binds=[f"unix:{path}"])
    assert get(str(path), "/").status == 200


def test_a_socket_that_another_has_put_in_the_place_stays(roost, tmp_path):
    path = tmp_path / "app.sock"
    server = roost("probe:app", "--processes", 1, binds=[f"unix:{path}"])
    path.unlink()
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(path))
        server.stop()
        assert path.is_socket()


def test_an_abstract_socket_is_refused(tmp_path):
    ended = serve("--bind", "unix:@name", tmp_path=tmp_path)
    assert ended.returncode == 2 and "abstract" in ended.stderr


def test_a_unix_socket_has_the_mode_and_the_group_it_was_told(roost, tmp_path):
    path = tmp_path / "app.sock"
    roost("probe:app", "--processes", 1, "--bind-mode", "660", "--bind-group", os.getegid(), binds=[f"unix:{path}"])
    assert stat.S_IMODE(path.stat().st_mode) == 0o660 and path.stat().st_gid == os.getegid()
    assert get(str(path), "/").status == 200


@pytest.mark.skipif(os.geteuid() == 0, reason="root may give any group")
def test_a_group_that_may_not_be_given_is_an_error(tmp_path):
    ended = serve("--bind", f"unix:{tmp_path / 'app.sock'}", "--bind-group", 0, tmp_path=tmp_path)
    assert ended.returncode == 1 and "--bind-group" in ended.stderr


# The user's directories


@ROOT_ONLY
@pytest.mark.parametrize("option", ["--access-log-file", "--pid-file"])
def test_root_opens_nothing_in_a_users_directory(public_copy, tmp_path, option):  # noqa: F811
    """Links that the user laid, soft and hard, lead root nowhere."""
    user = somebody()
    owned = public_copy / "owned"
    owned.mkdir()
    secret = public_copy / "secret"
    secret.write_text("2147483646\n")
    secret.chmod(0o600)
    before = secret.lstat()
    (owned / "soft").symlink_to(secret)
    os.link(secret, owned / "hard")
    os.chown(owned, user.pw_uid, user.pw_gid)
    roots = public_copy / "roots"
    roots.mkdir()
    (roots / "hers").write_text("2147483645\n")
    # A directory of root's behind a link that the user laid where his own was.
    (owned / "way").symlink_to(roots)
    for name in ("soft", "hard", "way/hers", "way/new"):
        ended = subprocess.run(
            [public_copy / "bin" / "roost", "serve", "broken:app", "--app-dir", public_copy / "apps", "--bind",
             f"127.0.0.1:{free_port()}", "--processes", "1", "--python", "/usr/bin/python3", "--user", "nobody",
             "--admin-socket", "none", option, owned / name],
            env=clean_environment(PROBE_DIRECTORY=owned), cwd="/", capture_output=True, text=True, timeout=120,
        )
        assert ended.returncode == 1
        after = secret.lstat()
        assert (after.st_uid, after.st_mode, after.st_size) == (before.st_uid, before.st_mode, before.st_size)
        assert [path.name for path in roots.iterdir()] == ["hers"]
        assert (roots / "hers").stat().st_uid == 0


# Whom the clients of the admin socket believe


@ROOT_ONLY
def test_a_directory_that_another_user_put_there_is_not_believed():
    user = somebody()
    directory = Path(f"/tmp/roost-{2147480000 + os.getpid() % 1000}")
    path = directory / "8000.sock"
    directory.mkdir(0o777)
    try:
        os.chown(directory, user.pw_uid, user.pw_gid)
        for command in ("status", "reload", "stop"):
            ended = run_roost(command, "--admin-socket", path)
            assert ended.returncode == 1 and str(user.pw_uid) in ended.stderr and str(directory) in ended.stderr
    finally:
        directory.rmdir()


def test_what_a_server_answers_moves_no_cursor(tmp_path):
    path = str(tmp_path / "a.sock")
    body = b"fine\n\x1b[2J\xe2\x80\xaegone\n"
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path)
        server.listen()
        for status in (b"200 OK", b"409 Conflict"):
            for command in ("status", "reload"):
                asking = subprocess.Popen(
                    [BINARY, command, "--admin-socket", path], env=clean_environment(), cwd=tmp_path,
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                )
                connection, _ = server.accept()
                with connection:
                    connection.recv(65536)
                    connection.sendall(
                        b"HTTP/1.1 %s\r\nContent-Length: %d\r\nConnection: close\r\n\r\n%s" % (status, len(body), body)
                    )
                    said, _ = asking.communicate(timeout=60)
                assert b"fine\n" in said and b"\\u{1b}[2J\\u{202e}gone" in said
                assert b"\x1b" not in said


# Limits of the process


@pytest.mark.parametrize(
    ("limit", "value", "name"),
    [
        (resource.RLIMIT_AS, 300_000 << 10, "ulimit -v"),
        (resource.RLIMIT_NOFILE, 20, "ulimit -n"),
        (resource.RLIMIT_FSIZE, 0, "ulimit -f"),
    ],
)
def test_a_limit_that_is_too_low_is_named_before_anything_runs(tmp_path, limit, value, name):
    ended = subprocess.run(
        ["prlimit", f"--{ {resource.RLIMIT_AS: 'as', resource.RLIMIT_NOFILE: 'nofile'}.get(limit, 'fsize') }={value}",
         BINARY, "serve", "probe:app", "--app-dir", APPS, "--bind", f"127.0.0.1:{free_port()}", "--admin-socket",
         tmp_path / "admin.sock"],
        env=clean_environment(PROBE_DIRECTORY=tmp_path), cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        text=True, timeout=120,
    )
    assert ended.returncode == 1 and name in ended.stderr
    assert "Traceback" not in ended.stderr and len(ended.stderr.splitlines()) == 3
