"""--preload: workers are forked from one process that has imported the app."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys

import pytest
from client import eventually, request
from load import Load
from server import APPS, BINARY, ROOT, clean_environment, free_port, run_roost


def preloaded(roost, *options, processes=2, **settings):
    return roost("preloaded:app", "--preload", "--processes", processes, "--threads", 1, *options, **settings)


def lines(server, name):
    try:
        return (server.directory / name).read_text().split()
    except OSError:
        return []


def template(server):
    """The pid of the newest template, as the log tells it."""
    return int(re.findall(r"app preloaded .*template_pid=(\d+)", server.log())[-1])


def ready(server):
    """The pids of the workers that are ready, in the order in which they became so, as the log tells them."""
    ended = set(re.findall(r"worker ended .*pid=(\d+)", server.log()))
    return [int(pid) for pid in re.findall(r"worker ready .*?pid=(\d+)", server.log()) if pid not in ended]


def ask_each(server, count):
    """What each of the workers says of itself: {pid: facts}."""
    gate = f"asked-{len(lines(server, 'holding'))}"
    connections = [server.connect().send(request(f"/hold?{gate}")) for _ in range(count)]
    eventually(lambda: lines(server, "holding").count(gate) == count, "each worker has one of the requests")
    server.open_gate(gate)
    answers = [connection.response().json() for connection in connections]
    assert len({facts["pid"] for facts in answers}) == count
    return {facts["pid"]: facts for facts in answers}


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_the_app_is_imported_once_and_workers_are_the_fronts_children(roost):
    server = preloaded(roost)
    seen = ask_each(server, 2)
    assert lines(server, "imports") == [str(template(server))]
    for pid, facts in seen.items():
        assert facts["imported_in"] == template(server) != pid
        assert facts["parent"] == server.pid and facts["group"] == pid
        assert facts["argv"] == ["preloaded:app"] and not facts["roost"] and facts["thread"] == "roost-1"


def test_fork_hooks_run_once_for_each_worker_and_print_into_the_log_as_the_worker(roost):
    server = preloaded(roost, processes=1)
    # The first before was the trial's; what hooks do in the parent stays there.
    assert server.get("/").json()["hooks"] == ["before", "child"]
    eventually(lambda: re.search(r"hello from the child.* worker=1", server.log()), "the hook's line is the worker's")


def test_random_numbers_differ_between_workers(roost):
    server = preloaded(roost, processes=3)
    assert len({facts["random"] for facts in ask_each(server, 3).values()}) == 3


def test_a_killed_worker_is_replaced_without_another_import(roost):
    server = preloaded(roost)
    (first, second) = ready(server)
    os.kill(first, signal.SIGKILL)
    eventually(lambda: len(ready(server)) == 2 and first not in ready(server), "another took its place")
    assert second in ready(server) and len(lines(server, "imports")) == 1
    assert re.search(rf'worker ended exit="[^"]*signal 9 \(SIGKILL\)" .*pid={first}', server.log())
    eventually(lambda: not os.path.exists(f"/proc/{first}"), "it is reaped")


def test_the_log_names_the_exit_status_of_a_worker_that_left(roost):
    server = preloaded(roost, processes=1)
    (worker,) = ready(server)
    assert server.get("/leave?7").status == 502
    eventually(lambda: re.search(rf'worker ended exit="[^"]*exit status 7" .*pid={worker}', server.log()), "the log says so")
    assert server.get("/").status == 200


def test_workers_outlive_the_template_and_the_next_one_is_forked_from_a_new_template(roost):
    server = preloaded(roost)
    before, workers = template(server), ready(server)
    os.kill(before, signal.SIGKILL)
    eventually(lambda: template(server) != before, "there is another template")
    assert set(ask_each(server, 2)) == set(workers)
    os.kill(workers[0], signal.SIGKILL)
    eventually(lambda: len(ready(server)) == 2 and workers[0] not in ready(server), "the worker was replaced")
    assert lines(server, "imports") == [str(before), str(template(server))]
    newcomer = (set(ready(server)) - set(workers)).pop()
    assert ask_each(server, 2)[newcomer]["imported_in"] == template(server)


def test_template_and_worker_killed_together_are_both_replaced(roost):
    server = preloaded(roost, processes=1)
    before, (worker,) = template(server), ready(server)
    os.kill(before, signal.SIGKILL)
    os.kill(worker, signal.SIGKILL)
    assert server.get("/").json()["imported_in"] not in (before, worker)
    eventually(lambda: not os.path.exists(f"/proc/{before}"), "the template is reaped")


def test_a_template_that_stands_still_keeps_nobody_from_answering(roost):
    server = preloaded(roost)
    (first, second), stopped = ready(server), template(server)
    os.kill(stopped, signal.SIGSTOP)
    try:
        os.kill(first, signal.SIGKILL)
        assert [server.get("/").json()["pid"] for _ in range(10)] == [second] * 10
    finally:
        os.kill(stopped, signal.SIGCONT)
    eventually(lambda: len(ready(server)) == 2, "it goes on and forks the worker")


def test_a_killed_front_leaves_nothing_behind(roost):
    server = preloaded(roost)
    left = [template(server), *ready(server)]
    server.process.kill()
    server.process.wait()
    eventually(lambda: not any(alive(pid) for pid in left), "template and workers are gone")


def test_sigterm_ends_workers_then_the_template_and_each_runs_its_exit_handlers(roost):
    server = preloaded(roost)
    workers, last = ready(server), template(server)
    server.stop()
    exits = lines(server, "exits")
    assert sorted(exits) == sorted(map(str, [*workers, last])) and exits[-1] == str(last)
    assert not any(os.path.exists(f"/proc/{pid}") for pid in [*workers, last])


def test_sigterm_while_the_template_imports_ends_the_start(roost):
    server = roost("slow_import:app", "--preload", "--processes", 2, "--threads", 1, wait=False)
    eventually(lambda: server.workers(), "the template is there")
    server.stop()


@pytest.mark.parametrize("what, reason", [
    ("thread", "the app started threads when it was imported, which a fork leaves behind: busybody"),
    ("native", "a library started threads when it was imported"),
    ("process", "the app started processes when it was imported, which would not be the workers': sleep"),
    ("connection", "the app opened connections when it was imported, which workers would share: 127.0.0.1:"),
])
def test_an_app_that_must_not_be_forked_is_served_without_and_the_log_says_why(roost, what, reason):
    with socket.create_server(("127.0.0.1", 0)) as peer:
        server = preloaded(roost, PRELOADED=what, PRELOADED_PORT=peer.getsockname()[1])
        assert "preload is not used: each worker imports the app itself" in server.log() and reason in server.log()
        for pid, facts in ask_each(server, 2).items():
            assert facts["imported_in"] == pid and facts["parent"] == server.pid
        # The template's, and one for each worker; and so for one that takes another's place.
        assert len(lines(server, "imports")) == 3
        os.kill(ready(server)[0], signal.SIGKILL)
        eventually(lambda: len(lines(server, "imports")) == 4 and len(ready(server)) == 2, "it imports the app itself")
        assert server.log().count("preload is not used") == 1
        server.stop()


def test_connections_that_the_app_opens_anew_in_its_hook_are_no_reason(roost):
    with socket.create_server(("127.0.0.1", 0)) as peer:
        server = preloaded(roost, PRELOADED="connection reconnects", PRELOADED_PORT=peer.getsockname()[1])
        assert {facts["imported_in"] for facts in ask_each(server, 2).values()} == {template(server)}
        server.stop()


def test_multiprocessing_works_in_a_forked_worker(roost):
    server = preloaded(roost)
    (first, second) = ready(server)
    assert server.get("/pool").json() == [0, 1, 4, 9, 16]
    assert {first, second} == set(ready(server)) and len(lines(server, "imports")) == 1


@pytest.mark.slow
def test_what_a_worker_leaves_behind_is_reaped(roost):
    server = preloaded(roost, processes=1)
    assert server.get("/orphan").status == 200
    (orphan,) = lines(server, "orphan")
    eventually(lambda: not os.path.exists(f"/proc/{orphan}"), "no zombie is left")


def test_every_interpreter_can_be_forked_from(roost, interpreter):
    server = preloaded(roost, python=interpreter)
    assert {facts["imported_in"] for facts in ask_each(server, 2).values()} == {template(server)}
    os.kill(ready(server)[0], signal.SIGKILL)
    eventually(lambda: len(ready(server)) == 2, "the worker is replaced")
    assert len(lines(server, "imports")) == 1


@pytest.mark.parametrize("target, words", [
    ("broken:app", ["a_module_that_nobody_has", "broken.py", "├─ "]),
    ("no_such_module:app", ["no_such_module", "├─ "]),
])
def test_an_app_that_cannot_be_imported_ends_the_start_as_without(tmp_path, target, words):
    ended = run_roost(
        "serve", target, "--preload", "--app-dir", APPS, "--bind", f"127.0.0.1:{free_port()}", "--processes", 3,
        "--threads", 1, "--admin-socket", tmp_path / "admin.sock", PROBE_DIRECTORY=tmp_path,
    )
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1 and all(word in said for word in words)
    assert said.count("StartupError") == 1


def test_a_template_that_dies_in_the_import_ends_the_start_with_how_it_ended(tmp_path):
    ended = run_roost(
        "serve", "preloaded:app", "--preload", "--app-dir", APPS, "--bind", f"127.0.0.1:{free_port()}",
        "--processes", 2, "--threads", 1, "--admin-socket", tmp_path / "admin.sock",
        PROBE_DIRECTORY=tmp_path, PRELOADED="leaves",
    )
    assert ended.returncode == 1 and "signal 9 (SIGKILL)" in ended.stdout + ended.stderr


@pytest.fixture
def place(tmp_path):
    """A copy of the app, to be changed."""
    place = tmp_path / "place"
    place.mkdir()
    for name in ("preloaded.py", "probe.py"):
        shutil.copy(APPS / name, place)
    return place


def change(place, old="", new=""):
    # Renamed into place: an import that begins meanwhile sees the one or the other.
    source = (APPS / "preloaded.py").read_text()
    (place / "part").write_text(source.replace(old, new) if old else new or source)
    (place / "part").rename(place / "preloaded.py")


def test_a_new_template_that_cannot_import_the_app_leaves_the_workers_serving(roost, place):
    server = preloaded(roost, app_dir=place)
    workers = set(ready(server))
    change(place, new="this is no Python")
    os.kill(template(server), signal.SIGKILL)
    eventually(lambda: "template cannot start" in server.log() and "SyntaxError" in server.log(), "the log says why")
    assert set(ask_each(server, 2)) == workers
    change(place)
    eventually(lambda: server.log().count("app preloaded") == 2, "it is tried again")


def test_a_reload_brings_a_template_of_the_new_code_and_the_old_one_leaves(roost, place):
    server = preloaded(roost, app_dir=place)
    before, workers = template(server), ready(server)
    change(place, "VERSION = 1", "VERSION = 2")
    server.signal(signal.SIGHUP)
    eventually(lambda: server.get("/").json()["version"] == 2, "the new code serves")
    eventually(lambda: not any(os.path.exists(f"/proc/{pid}") for pid in [before, *workers]), "the old ones are gone")
    assert {facts["imported_in"] for facts in ask_each(server, 2).values()} == {template(server)} != {before}
    assert lines(server, "exits")[-1] == str(before), "the template goes after its workers"
    os.kill(ready(server)[-1], signal.SIGKILL)
    eventually(lambda: len(ready(server)) >= 2 and server.metric("roost_workers") == 2, "the worker is replaced")
    assert len(lines(server, "imports")) == 2
    assert {facts["version"] for facts in ask_each(server, 2).values()} == {2}


def test_a_reload_of_an_app_that_cannot_be_imported_leaves_workers_and_template_as_they_are(roost, place):
    server = preloaded(roost, app_dir=place)
    before, workers = template(server), ready(server)
    change(place, new="this is no Python")
    server.signal(signal.SIGHUP)
    eventually(lambda: "reload failed" in server.log() and "SyntaxError" in server.log(), "the log says why")
    assert set(ask_each(server, 2)) == set(workers) and alive(before)
    os.kill(workers[0], signal.SIGKILL)
    eventually(lambda: workers[0] not in ready(server) and len(ready(server)) == 2, "the worker is replaced")
    assert {facts["imported_in"] for facts in ask_each(server, 2).values()} == {before}
    eventually(lambda: len(server.workers()) == 3, "template and workers, and nobody else")


def test_reloads_under_load_fail_no_request(roost, place):
    server = preloaded(roost, app_dir=place)
    with Load(server, keep_alive=8, fresh=2) as load:
        for number in range(2, 7):
            change(place, "VERSION = 1", f"VERSION = {number}")
            server.signal(signal.SIGHUP)
            eventually(lambda: server.get("/").json()["version"] == number, "the new code serves")
        load.stop()
    assert set(load.outcomes) == {200}, load.failures[:3]
    eventually(lambda: len(server.workers()) == 3, "template and workers, and nobody else")


def test_preload_can_be_turned_on_and_off_by_a_reload(roost, place):
    (place / "roost.toml").write_text("preload = false\n")
    server = roost("preloaded:app", "--config", place / "roost.toml", "--processes", 2, "--threads", 1, app_dir=place)
    assert all(facts["imported_in"] == pid for pid, facts in ask_each(server, 2).items())
    (place / "roost.toml").write_text("preload = true\n")
    server.signal(signal.SIGHUP)
    eventually(lambda: "app preloaded" in server.log(), "there is a template")
    eventually(lambda: server.get("/").json()["imported_in"] == template(server), "its workers serve")
    (place / "roost.toml").write_text("preload = false\n")
    server.signal(signal.SIGHUP)
    eventually(lambda: server.get("/").json()["imported_in"] != template(server), "workers of their own serve")
    eventually(lambda: not os.path.exists(f"/proc/{template(server)}"), "the template is gone")


def test_recycled_workers_are_forked(roost):
    server = preloaded(roost, "--max-requests", 20, "--max-requests-jitter", 0)
    with Load(server, keep_alive=2, fresh=0) as load:
        eventually(lambda: server.log().count("worker ready") >= 6, "four were replaced")
        load.stop()
    assert set(load.outcomes) == {200} and len(lines(server, "imports")) == 1


def test_roost_serve_refuses_it(tmp_path):
    ended = subprocess.run(
        [sys.executable, "served.py", str(free_port())],
        cwd=APPS,
        env=clean_environment(
            PYTHONPATH=f"{ROOT / 'python'}:{APPS}", ROOST_BINARY=BINARY, ROOST_PRELOAD=1, PROBE_DIRECTORY=tmp_path,
        ),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
    )
    assert ended.returncode != 0
    assert "preload" in ended.stderr and "ROOST_PRELOAD" in ended.stderr
