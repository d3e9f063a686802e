"""The server as a service of its machine: pid file, service manager, sockets passed on, user, process 1."""

import os
import pwd
import shutil
import signal
import socket
import stat
import subprocess
import sys
import time
from pathlib import Path

import pytest
from client import Connection, eventually, get, request
from load import Load
from server import APPS, BINARY, ROOT, clean_environment, free_port, run_roost
from service import Manager, activation, listening

ROOT_ONLY = pytest.mark.root


def small(roost, *options, **settings):
    return roost("probe:app", "--processes", 1, "--threads", 1, *options, **settings)


def environment_of(pid):
    return dict(
        entry.split("=", 1) for entry in Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0") if "=" in entry
    )


# The pid file


def test_the_pid_file_is_there_while_it_accepts(roost, tmp_path):
    path = tmp_path / "roost.pid"
    server = roost(
        "slow_import:app", "--processes", 1, "--threads", 1, "--pid-file", path, wait=False,
    )
    eventually(lambda: "starting" in server.log(), "it has begun")
    assert not path.exists()
    server.open_gate("import")
    eventually(path.exists, "the file is there")
    assert path.read_text() == f"{server.pid}\n"
    server.wait_until_ready()
    server.stop()
    assert list(tmp_path.glob("roost.pid*")) == []


def test_a_pid_file_that_was_left_over_is_replaced(roost, tmp_path):
    path = tmp_path / "roost.pid"
    path.write_text("4194303\n")
    server = small(roost, "--pid-file", path)
    eventually(lambda: path.read_text() == f"{server.pid}\n", "it has our number")


def test_a_pid_file_that_another_wrote_meanwhile_stays(roost, tmp_path):
    path = tmp_path / "roost.pid"
    server = small(roost, "--pid-file", path)
    eventually(lambda: path.exists(), "the file is there")
    path.write_text("1\n")
    server.stop()
    assert path.read_text() == "1\n"


def start_to_the_end(*options, tmp_path, **environment):
    return run_roost(
        "serve", "probe:app", "--app-dir", APPS, "--bind", f"127.0.0.1:{free_port()}", "--processes", 1,
        "--threads", 1, "--admin-socket", tmp_path / "admin.sock", *options, PROBE_DIRECTORY=tmp_path, **environment,
    )


def test_a_pid_file_of_a_server_that_lives_is_an_error_that_says_which(roost, tmp_path):
    path = tmp_path / "roost.pid"
    server = small(roost, "--pid-file", path)
    eventually(path.exists, "the file is there")
    ended = start_to_the_end("--pid-file", path, tmp_path=tmp_path)
    assert ended.returncode == 1
    assert str(server.pid) in ended.stderr and str(path) in ended.stderr
    assert path.read_text() == f"{server.pid}\n"


def test_a_pid_file_that_cannot_be_written_is_an_error_at_the_start(tmp_path):
    ended = start_to_the_end("--pid-file", tmp_path / "no" / "roost.pid", tmp_path=tmp_path)
    assert ended.returncode == 1 and "roost.pid" in ended.stderr and "├─ " in ended.stderr


def test_a_start_that_fails_leaves_no_pid_file(tmp_path):
    ended = run_roost(
        "serve", "broken:app", "--app-dir", APPS, "--bind", f"127.0.0.1:{free_port()}", "--processes", 1,
        "--admin-socket", tmp_path / "admin.sock", "--pid-file", tmp_path / "roost.pid",
    )
    assert ended.returncode == 1
    assert list(tmp_path.glob("roost.pid*")) == []


@pytest.fixture
def full_disk(tmp_path):
    """A file system without room."""
    place = tmp_path / "full"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4k,nr_inodes=8", "tmpfs", place], capture_output=True,
    )
    if mounted.returncode != 0:
        pytest.skip("cannot mount a file system here")
    (place / "fill").write_bytes(b"x" * 4096)
    yield place
    subprocess.run(["umount", "-l", place], check=True)


def test_a_pid_file_on_a_full_disk_is_an_error_at_the_start(full_disk, tmp_path):
    ended = start_to_the_end("--pid-file", full_disk / "roost.pid", tmp_path=tmp_path)
    assert ended.returncode == 1
    assert "No space left" in ended.stderr and "roost.pid" in ended.stderr
    assert [path.name for path in full_disk.iterdir()] == ["fill"]


def test_logs_on_a_full_disk_stop_nobody(roost, full_disk):
    path = full_disk / "access"
    server = small(roost, "--access-log-file", path)
    for _ in range(50):
        assert server.get("/").status == 200
    with open("/dev/full", "wb") as full:
        other = small(roost, "--access-log", "text", output=full)
        for _ in range(50):
            assert other.get("/").status == 200
        other.stop()
    server.stop()


# The service manager


@pytest.fixture(params=["path", "abstract"])
def manager(request, tmp_path):
    manager = Manager(str(tmp_path / "notify") if request.param == "path" else f"@roost-test-{os.getpid()}")
    yield manager
    manager.close()


@pytest.fixture
def listener(tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    yield manager
    manager.close()


def test_readiness_is_said_when_a_worker_is_ready_and_not_before(roost, manager):
    server = roost(
        "slow_import:app", "--processes", 1, "--threads", 1, wait=False, NOTIFY_SOCKET=manager.address,
    )
    eventually(lambda: "STATUS=starting, 0 of 1 workers, queue 0" in manager.listen(), "it says that it starts")
    assert "READY=1" not in manager.listen()
    server.open_gate("import")
    eventually(lambda: "READY=1" in manager.listen(), "it says that it is ready")
    server.wait_until_ready()
    (worker,) = server.workers()
    assert "NOTIFY_SOCKET" not in environment_of(worker)
    server.stop()
    assert "STOPPING=1" in manager.listen()
    assert {pid for pid, _ in manager.heard} == {server.pid}


def test_status_shows_the_workers_and_the_queue(roost, listener):
    server = small(roost, NOTIFY_SOCKET=listener.address)
    eventually(lambda: "STATUS=1 of 1 workers, queue 0" in listener.listen(), "the workers")
    running = [server.connect().send(request(f"/gate?{number}")) for number in range(2)]
    eventually(lambda: "STATUS=1 of 1 workers, queue 1" in listener.listen(), "the queue")
    server.open_gate("every")
    for connection in running:
        assert connection.response().status == 200


def test_a_reload_is_said_with_its_time(roost, listener):
    server = small(roost, NOTIFY_SOCKET=listener.address)
    eventually(lambda: "READY=1" in listener.listen(), "it is ready")
    listener.heard.clear()
    os.kill(server.pid, signal.SIGHUP)
    eventually(lambda: "READY=1" in listener.listen(), "it is ready again")
    lines = listener.listen()
    assert lines.index("RELOADING=1") < lines.index("READY=1")
    (stamp,) = [line for line in lines if line.startswith("MONOTONIC_USEC=")]
    assert 0 < int(stamp.split("=")[1]) <= time.monotonic_ns() // 1000


def test_signs_of_life_come_as_often_as_they_are_wanted(roost, listener):
    small(roost, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC=200_000)
    eventually(lambda: listener.listen().count("WATCHDOG=1") >= 10, "ten signs of life")


def test_no_signs_of_life_for_a_watchdog_that_watches_another(roost, listener):
    server = small(roost, NOTIFY_SOCKET=listener.address, WATCHDOG_USEC=20_000, WATCHDOG_PID=1)
    eventually(lambda: "READY=1" in listener.listen(), "it is ready")
    server.stop()
    assert "WATCHDOG=1" not in listener.listen()


def test_a_manager_that_is_not_there_or_reads_nothing_stops_nobody(roost, tmp_path):
    server = small(roost, NOTIFY_SOCKET=tmp_path / "nobody", WATCHDOG_USEC=20_000)
    assert server.get("/").status == 200
    deaf = Manager(str(tmp_path / "deaf"))
    other = small(roost, NOTIFY_SOCKET=deaf.address, WATCHDOG_USEC=20_000)
    for _ in range(20):
        assert other.get("/").status == 200
    other.stop()
    deaf.close()


# Sockets passed on


def test_sockets_passed_on_are_the_listeners(roost, tmp_path):
    path = str(tmp_path / "app.sock")
    tcp, unix = listening(), listening(path)
    server = small(roost, **activation(tcp, unix))
    assert get(tcp.getsockname(), "/").body == b"Hello\n"
    assert get(path, "/").body == b"Hello\n"
    (worker,) = server.workers()
    assert not {"LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES"} & set(environment_of(worker))
    inodes = {os.fstat(each.fileno()).st_ino for each in (tcp, unix)}
    held = {os.readlink(entry.path) for entry in os.scandir(f"/proc/{worker}/fd") if os.path.lexists(entry.path)}
    assert not held & {f"socket:[{inode}]" for inode in inodes}
    server.stop()
    assert os.path.exists(path)


def test_an_address_beside_sockets_passed_on_is_passed_over_with_a_warning(roost):
    tcp = listening()
    port = free_port()
    settings = activation(tcp) | {"binds": [f"127.0.0.1:{port}"]}
    server = small(roost, **settings)
    assert get(tcp.getsockname(), "/").status == 200
    with pytest.raises(ConnectionRefusedError):
        get(("127.0.0.1", port), "/")
    assert f"127.0.0.1:{port}" in server.log()


def bad_sockets(tmp_path):
    datagram = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    datagram.bind(("127.0.0.1", 0))
    deaf = socket.socket()
    deaf.bind(("127.0.0.1", 0))
    return {"no stream": datagram, "not listen": deaf, "no socket": open(tmp_path / "file", "w")}


@pytest.mark.parametrize("which", ["no stream", "not listen", "no socket"])
def test_a_socket_that_cannot_be_listened_on_is_an_error_that_says_why(roost, tmp_path, which):
    sockets = bad_sockets(tmp_path)
    server = small(roost, wait=False, **activation(sockets[which]))
    assert server.process.wait(60) == 1
    assert "descriptor 3" in server.log() and which in server.log()


@pytest.mark.slow
def test_restarts_under_load_with_sockets_passed_on_lose_nothing(roost):
    tcp = listening()
    settings = activation(tcp)
    server = roost("probe:app", "--processes", 2, "--threads", 2, **settings)
    server.address = tcp.getsockname()
    with Load(server, keep_alive=56, fresh=8) as load:
        for _ in range(5):
            before = load.answered()
            eventually(lambda: load.answered() > before + 200, "the load is served")
            server.stop()
            server = roost("probe:app", "--processes", 2, "--threads", 2, **settings)
        before = load.answered()
        eventually(lambda: load.answered() > before + 200, "the load is served")
    assert load.failures == []


# The user


def somebody():
    try:
        return pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("there is no user nobody")


@pytest.fixture
def public_copy():
    """The installation and the apps where every user can read them."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="roost-public-") as text:
        place = Path(text)
        place.chmod(0o755)
        (place / "bin").mkdir()
        (place / "lib" / "roost").mkdir(parents=True)
        shutil.copy(BINARY, place / "bin" / "roost")
        shutil.copy(BINARY.parent / "libRoostWorker.so", place / "lib" / "roost")
        shutil.copytree(ROOT / "python", place / "lib" / "roost" / "python")
        shutil.copytree(APPS, place / "apps")
        subprocess.run(["chmod", "-R", "a+rX", place], check=True)
        yield place


@ROOT_ONLY
def test_the_app_runs_as_the_user_it_was_told(public_copy, tmp_path):
    user = somebody()
    python = Path("/usr/bin/python3")
    if not python.exists():
        pytest.skip("no interpreter that every user can run")
    (public_copy / "owned").mkdir()
    os.chown(public_copy / "owned", user.pw_uid, user.pw_gid)
    path, pid_file, admin = public_copy / "app.sock", public_copy / "roost.pid", public_copy / "admin" / "a.sock"
    with open(tmp_path / "log", "wb") as log:
        process = subprocess.Popen(
            [public_copy / "bin" / "roost", "serve", "probe:app", "--app-dir", public_copy / "apps", "--bind",
             f"unix:{path}", "--processes", "1", "--threads", "1", "--python", python, "--user", "nobody",
             "--pid-file", pid_file, "--admin-socket", admin],
            env=clean_environment(PROBE_DIRECTORY=public_copy / "owned"), stdout=log, stderr=log, cwd="/",
        )
    try:
        def says():
            assert process.poll() is None, (tmp_path / "log").read_text()
            return path.exists() and admin.exists() and pid_file.exists() and pid_file.read_text()

        assert eventually(says, "it serves", 60) == f"{process.pid}\n"
        assert get(str(path), "/").body == b"Hello\n"
        for pid in [process.pid, *children(process.pid)]:
            lines = Path(f"/proc/{pid}/status").read_text().splitlines()
            assert f"Uid:\t{user.pw_uid}\t{user.pw_uid}\t{user.pw_uid}\t{user.pw_uid}" in lines
            assert f"Gid:\t{user.pw_gid}\t{user.pw_gid}\t{user.pw_gid}\t{user.pw_gid}" in lines
        assert os.stat(path).st_uid == os.stat(admin).st_uid == user.pw_uid
        assert stat.S_IMODE(os.stat(admin.parent).st_mode) == 0o700
        (worker,) = children(process.pid)
        assert environment_of(worker)["HOME"] == user.pw_dir
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0
    assert not pid_file.exists() or pid_file.read_text() == ""


def children(pid):
    return [int(each) for task in Path(f"/proc/{pid}/task").iterdir()
            for each in (task / "children").read_text().split()]


@ROOT_ONLY
def test_a_user_or_group_that_there_is_not_is_an_error_that_names_it(tmp_path):
    for option in ("--user", "--group"):
        ended = start_to_the_end(option, "nobody-at-all", tmp_path=tmp_path)
        assert ended.returncode == 1 and "nobody-at-all" in ended.stderr


@ROOT_ONLY
def test_another_user_without_root_is_an_error_that_says_so(public_copy):
    user = somebody()
    ended = subprocess.run(
        [public_copy / "bin" / "roost", "config", "probe:app", "--user", "root"],
        env=clean_environment(), cwd="/", capture_output=True, text=True,
        user=user.pw_uid, group=user.pw_gid, extra_groups=[],
    )
    assert ended.returncode == 2 and "root" in ended.stderr and "user" in ended.stderr


@ROOT_ONLY
def test_root_without_a_user_is_warned_once(roost):
    server = small(roost)
    assert server.log().count("runs as root") == 1


# Process 1, and faults around it


@ROOT_ONLY
def test_process_1_takes_orphans_away(roost, tmp_path):
    if subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True).returncode != 0:
        pytest.skip("no pid namespaces here")
    server = roost(
        "orphans:app", "--processes", 1, "--threads", 1,
        prefix=["unshare", "--pid", "--fork", "--kill-child", "--mount-proc"], wait=False,
    )

    def is_ready():
        assert server.process.poll() is None, server.log()
        try:
            return get(server.admin, "/readyz", timeout=5).status == 200
        except OSError:
            return False

    eventually(is_ready, "it is ready", 60)
    for _ in range(5):
        assert server.get("/orphan").status == 200
    eventually(lambda: server.get("/zombies").body == b"0", "the orphans are gone")
    (front,) = children(server.pid)
    (worker,) = children(front)
    os.kill(worker, signal.SIGKILL)
    eventually(lambda: "signal 9" in server.log() or "SIGKILL" in server.log(), "the worker's end is known")
    eventually(lambda: server.get("/zombies").body == b"0", "and another serves")
    ended = server.command("upgrade")
    assert ended.returncode == 1 and "process 1" in ended.stderr
    os.kill(front, signal.SIGTERM)
    assert server.process.wait(60) == 0


def test_sigterm_during_the_start_ends_it(roost):
    server = roost("slow_import:app", "--processes", 2, "--threads", 1, wait=False)
    eventually(lambda: len(server.workers()) == 2, "it starts its workers")
    server.signal(signal.SIGTERM)
    assert server.process.wait(60) == 0


def test_a_killed_front_leaves_its_port_free_and_no_worker_that_is_busy_in_c(roost):
    server = roost("busy_c:app", "--processes", 1, "--threads", 1)
    (worker,) = server.workers()
    stuck = server.connect().send(request("/stuck"))
    eventually(lambda: (server.directory / "stuck").exists(), "it is stuck")
    server.process.kill()
    server.process.wait()
    eventually(lambda: not os.path.exists(f"/proc/{worker}/exe"), "the worker is gone", 5)
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(server.address)
        probe.listen()
    stuck.close()


# The unit


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd-analyze")
@pytest.mark.parametrize("unit", ["roost@shop.service", "roost@shop.socket"])
def test_the_units_are_valid(tmp_path, unit):
    for name in ("roost@.service", "roost@.socket"):
        text = (ROOT / "packaging" / name).read_text()
        # What the unit runs need not be on this machine.
        text = text.replace("/srv/shop/.venv/bin/roost", "/bin/true").replace("/usr/local/bin/roost", "/bin/true")
        (tmp_path / name).write_text(text)
    ended = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / unit], capture_output=True, text=True,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{tmp_path}:"},
    )
    assert ended.returncode == 0, ended.stderr
    assert unit not in ended.stderr, ended.stderr
