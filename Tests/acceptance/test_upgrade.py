"""`roost upgrade`: a new process takes over from the running one, and nobody notices."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from client import Truncated, eventually, get, request
from load import Load
from server import BINARY, clean_environment
from service import Manager, activation, listening


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def children(pid):
    return [child for task in Path(f"/proc/{pid}/task").iterdir() for child in (task / "children").read_text().split()]


def serving_pid(server):
    return get(server.admin_socket, "/status").json()["pid"]


def upgrade(server, *arguments):
    """Has a new process take over, and follows it."""
    old = server.pid
    ended = server.command("upgrade", *arguments)
    assert ended.returncode == 0, f"{ended.stderr}\n{server.log()}"
    server.pid = serving_pid(server)
    assert server.pid != old and str(server.pid) in ended.stdout
    return old


@pytest.fixture
def upgradable(roost):
    """Starts servers whose last process, whichever that is, is ended with the test."""
    started = []

    def start(*arguments, **settings):
        server = roost(*arguments, **settings)
        started.append(server)
        return server

    yield start
    for server in started:
        for gate in ("every", "import"):
            server.open_gate(gate)
        if server.pid != server.process.pid and is_alive(server.pid):
            ended = server.command("stop")
            assert ended.returncode == 0, ended.stderr
            eventually(lambda: not is_alive(server.pid), "the last process has ended")


@pytest.mark.slow
def test_five_upgrades_under_load_lose_nothing(upgradable):
    server = upgradable("probe:app", "--processes", 2, "--threads", 2)
    processes = {server.pid}
    with Load(server, keep_alive=56, fresh=8) as load:
        for number in range(5):
            before = load.answered()
            eventually(lambda: load.answered() > before + 200, "the load is served")
            old = upgrade(server)
            processes.add(server.pid)
            eventually(lambda: not is_alive(old), f"the old process {old} has ended", 60)
        before = load.answered()
        eventually(lambda: load.answered() > before + 200, "the load is served")
    assert load.failures == []
    assert len(processes) == 6
    assert server.process.wait(10) == 0


def test_a_running_request_is_answered_by_the_old_process(upgradable):
    server = upgradable("probe:app", "--processes", 1, "--threads", 2)
    running = server.connect().send(request("/gate?old"))
    idle = server.connect()
    assert idle.send(request("/")).response().status == 200
    server.wait_for_call("GET /gate?old")
    old = upgrade(server)
    assert server.get("/").status == 200
    assert is_alive(old)
    # Its address is the new one's; it answers what it has, and closes what idles.
    assert idle.is_closed_by_server()
    server.open_gate("old")
    response = running.response()
    assert response.body == b"old" and response["Connection"] == "close"
    assert server.process.wait(60) == 0


def test_an_idle_connection_may_bring_one_more_request_to_the_old_process(upgradable):
    server = upgradable("probe:app", "--processes", 1, "--threads", 2)
    idle = server.connect()
    assert idle.send(request("/")).response().status == 200
    ended = server.command("upgrade")

    def is_the_last():
        response = idle.send(request("/")).response()
        assert response.status == 200
        return response["Connection"] == "close"

    # The old process may begin to drain a moment after the command has its answer.
    eventually(is_the_last, "the old process answers for the last time")
    assert ended.returncode == 0
    server.pid = serving_pid(server)
    assert idle.is_closed_by_server()


def test_preloaded_workers_are_forked_from_the_new_process_template(upgradable):
    server = upgradable("probe:app", "--preload", "--processes", 2, "--threads", 2)
    with Load(server, keep_alive=12, fresh=4) as load:
        old = upgrade(server)
        eventually(lambda: not is_alive(old), f"the old process {old} has ended", 60)
        before = load.answered()
        # From the template of the new process: the old one's is gone.
        os.kill(int(get(server.admin_socket, "/status").json()["workers"][0]["pid"]), signal.SIGTERM)
        eventually(lambda: load.answered() > before + 200, "the load is served")
    assert load.failures == []
    assert server.command("reload").returncode == 0
    assert server.get("/").status == 200
    assert server.process.wait(60) == 0


def test_the_new_process_follows_the_code_as_the_old_one_did(upgradable, tmp_path):
    site = tmp_path / "site"
    site.mkdir()

    def write(text):
        (site / "said.py").write_text(
            "def app(environ, start_response):\n"
            f"    start_response('200 OK', [])\n    return [{text!r}]\n"
        )

    write(b"before")
    server = upgradable("said:app", "--reload", "--processes", 1, app_dir=site)
    assert server.get("/").body == b"before"
    old = upgrade(server)
    eventually(lambda: not is_alive(old), f"the old process {old} has ended", 60)
    write(b"after")
    eventually(lambda: server.get("/").body == b"after", "the edit is served")
    assert server.process.wait(60) == 0


def test_a_unix_socket_and_the_files_pass_to_the_new_process(upgradable, tmp_path):
    path, pid_file = str(tmp_path / "app.sock"), tmp_path / "roost.pid"
    server = upgradable(
        "probe:app", "--processes", 1, "--threads", 1, "--pid-file", pid_file, binds=[f"unix:{path}"],
    )
    inode = os.stat(path).st_ino
    upgrade(server)
    assert server.process.wait(60) == 0
    assert os.stat(path).st_ino == inode
    assert get(path, "/").body == b"Hello\n"
    assert pid_file.read_text() == f"{server.pid}\n"
    # And again: the new one can be replaced just as well.
    old = upgrade(server)
    eventually(lambda: not is_alive(old), "the old process has ended")
    assert get(path, "/").body == b"Hello\n"
    assert pid_file.read_text() == f"{server.pid}\n"
    assert server.command("stop").returncode == 0
    eventually(lambda: not os.path.exists(path), "the last one takes its socket away")
    assert not pid_file.exists()


def test_the_new_process_has_the_new_configuration_and_the_tcp_admin(upgradable, tmp_path):
    file = tmp_path / "roost.toml"
    file.write_text("threads = 1\n")
    server = upgradable("probe:app", "--processes", 1, "--config", file)
    file.write_text("threads = 3\n")
    upgrade(server)
    assert server.process.wait(60) == 0
    eventually(lambda: answers(server), "the TCP admin is the new one's")
    assert get(server.admin, "/status").json()["pid"] == server.pid
    assert server.metric("roost_threads") == 3


def answers(server):
    try:
        return get(server.admin, "/readyz", timeout=5).status == 200
    except OSError:
        return False


def goes_on(server, old, workers):
    assert server.process.poll() is None
    assert serving_pid(server) == old
    assert server.get("/").body == b"Hello\n"
    assert server.workers() == workers


BROKEN = {
    "a configuration that is wrong": ("threads = 'many'\n", "roost.toml:1"),
    "an app that cannot be imported": ("target = 'broken:app'\n", "a_module_that_nobody_has"),
}


@pytest.mark.parametrize("how", BROKEN)
def test_a_new_process_that_cannot_serve_is_explained_and_the_old_one_goes_on(upgradable, tmp_path, how):
    text, says = BROKEN[how]
    file = tmp_path / "roost.toml"
    file.write_text("")
    options = ["--processes", 1, "--threads", 1] if "app" in how else ["--processes", 1]
    server = upgradable("probe:app", *options, "--config", file)
    if "app" in how:
        # The target is an argument, which wins over the file: break what it names instead.
        server.end()
        site = tmp_path / "site"
        site.mkdir()
        (site / "fragile.py").write_text("from probe import app\n")
        server = upgradable("fragile:app", *options, app_dir=site, PYTHONPATH=Path(__file__).parent / "apps")
        (site / "fragile.py").write_text("import a_module_that_nobody_has\n")
    else:
        file.write_text(text)
    workers, old = server.workers(), server.pid
    ended = server.command("upgrade")
    assert ended.returncode == 1
    assert says in ended.stderr and "goes on serving" in ended.stderr
    goes_on(server, old, workers)
    if "app" in how:
        (site / "fragile.py").write_text("from probe import app\n")
    else:
        file.write_text("")
    upgrade(server)
    assert server.process.wait(60) == 0


def test_a_program_that_is_not_there_or_does_not_run_is_explained(upgradable, tmp_path):
    server = upgradable("probe:app", "--processes", 1, "--threads", 1)
    workers, old = server.workers(), server.pid
    ended = server.command("upgrade", "--binary", tmp_path / "nothing")
    assert ended.returncode == 1 and str(tmp_path / "nothing") in ended.stderr
    dies = tmp_path / "dies"
    dies.write_text("#!/bin/sh\nexit 7\n")
    dies.chmod(0o755)
    ended = server.command("upgrade", "--binary", dies)
    assert ended.returncode == 1 and "status 7" in ended.stderr
    goes_on(server, old, workers)


def test_a_new_process_that_is_killed_leaves_the_old_one(upgradable, tmp_path):
    site = tmp_path / "site"
    site.mkdir()
    (site / "gated.py").write_text("from probe import app\n")
    server = upgradable("gated:app", "--processes", 1, "--threads", 1, app_dir=site,
                        PYTHONPATH=Path(__file__).parent / "apps")
    workers, old = server.workers(), server.pid
    (site / "gated.py").write_text("import slow_import\nfrom probe import app\n")
    asked = subprocess.Popen(
        [str(BINARY), "upgrade", "--admin-socket", server.admin_socket], env=clean_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    (heir,) = eventually(lambda: set(server.workers()) - set(workers), "the new process runs")
    second = server.command("upgrade")
    assert second.returncode == 1 and "under way" in second.stderr
    eventually(lambda: children(heir), "it has workers")
    os.kill(heir, signal.SIGKILL)
    said = asked.communicate(timeout=60)[1]
    assert asked.returncode == 1 and "signal 9" in said
    goes_on(server, old, workers)


def test_a_stop_during_an_upgrade_ends_both(upgradable, tmp_path):
    server = upgradable("slow_import:app", "--processes", 1, "--threads", 1, wait=False)
    server.open_gate("import")
    server.wait_until_ready()
    (server.directory / "open-import").unlink()
    workers = server.workers()
    asked = subprocess.Popen(
        [str(BINARY), "upgrade", "--admin-socket", server.admin_socket], env=clean_environment(),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    (heir,) = eventually(lambda: set(server.workers()) - set(workers), "the new process runs")
    server.signal(signal.SIGTERM)
    assert server.process.wait(60) == 0
    assert asked.wait(60) == 1
    eventually(lambda: not is_alive(heir), "the new process has ended")


def test_the_new_process_takes_over_when_the_old_one_is_killed_meanwhile(upgradable):
    server = upgradable("slow_import:app", "--processes", 1, "--threads", 1, wait=False)
    server.open_gate("import")
    server.wait_until_ready()
    (server.directory / "open-import").unlink()
    workers = server.workers()
    with subprocess.Popen(
        [str(BINARY), "upgrade", "--admin-socket", server.admin_socket], env=clean_environment(),
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    ) as asked:
        (heir,) = eventually(lambda: set(server.workers()) - set(workers), "the new process runs")
        server.process.kill()
        server.process.wait()
        assert asked.wait(60) == 1
    waiting = server.connect().send(request("/", close=True))
    server.open_gate("import")
    assert waiting.response().status == 200
    eventually(lambda: answers(server), "it is ready")
    server.pid = heir
    assert serving_pid(server) == heir


def test_the_service_manager_follows_to_the_new_process(upgradable, tmp_path):
    manager = Manager(str(tmp_path / "notify"))
    tcp = listening()
    server = upgradable(
        "probe:app", "--processes", 1, "--threads", 1, NOTIFY_SOCKET=manager.address, WATCHDOG_USEC=500_000,
        **activation(tcp),
    )
    server.address = tcp.getsockname()
    eventually(lambda: "READY=1" in manager.listen(), "it is ready")
    old = upgrade(server)
    new = server.pid
    assert server.process.wait(60) == 0
    eventually(lambda: any(pid == new and "WATCHDOG=1" in said for pid, said in manager.heard) or not manager.listen(),
               "the new one gives signs of life")
    said = manager.heard
    (at,) = [index for index, (pid, message) in enumerate(said) if f"MAINPID={new}" in message]
    assert said[at][0] == old
    # Before it the one, after it the other: systemd listens to its main process only.
    assert {pid for pid, _ in said[:at]} == {old} and {pid for pid, _ in said[at + 1:]} == {new}
    assert any("READY=1" in message for _, message in said[at + 1:])
    assert server.get("/").status == 200
    manager.close()


def test_a_new_program_at_the_old_path_is_what_runs(upgradable, tmp_path):
    place = tmp_path / "bin"
    place.mkdir()
    for name in ("roost", "libRoostWorker.so"):
        shutil.copy(BINARY.parent / name, place / name)
    (tmp_path / "lib" / "roost").mkdir(parents=True)
    shutil.copytree(BINARY.parents[2] / "python", tmp_path / "lib" / "roost" / "python")
    server = upgradable("probe:app", "--processes", 1, "--threads", 1, prefix=[sys.executable, "-c", REPLACE, place])
    (place / "roost").unlink()
    shutil.copy(BINARY, place / "roost")
    upgrade(server)
    assert os.readlink(f"/proc/{server.pid}/exe") == str(place / "roost")


# Starts the copy instead of what it is told to.
REPLACE = "import os, sys; os.execv(sys.argv[1] + '/roost', [sys.argv[1] + '/roost', *sys.argv[3:]])"
