"""Processes that an app starts inside a worker: they are the app's, and hold nothing of ours."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from client import eventually, get, request
from server import APPS, BINARY, clean_environment, free_port
from test_workers import alive

METHODS = ["fork", "forkserver", "spawn"]


@pytest.fixture(scope="module")
def forking(tmp_path_factory):
    from server import Roost

    server = Roost(tmp_path_factory.mktemp("forking"), "forking:app", "--processes", 1, "--threads", 4,
                   FORKING_SIGCHLD=1)
    yield server
    server.end()


@pytest.fixture
def left(roost):
    """A server of one worker, started, whose children are ended when the test is over."""
    servers = []

    def start(*options, **settings):
        servers.append(roost("forking:app", "--processes", 1, "--threads", 2, *options, **settings))
        return servers[-1]

    yield start
    for server in servers:
        for pid in children_left(server):
            if alive(pid) and is_ours(pid):
                os.kill(pid, signal.SIGKILL)


def children_left(server):
    try:
        return [int(line) for line in (server.directory / "left").read_text().split()]
    except OSError:
        return []


def is_ours(pid):
    try:
        command = Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False
    return b"sleep" in command or b"_worker.py" in command


def state_of(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


# The child is inert.


@pytest.mark.parametrize("place", ["next", "close", "del"])
def test_a_child_that_goes_on_as_if_it_were_the_worker_takes_and_sends_nothing(left, place):
    server = left()
    (worker,) = server.workers()
    for _ in range(5):
        assert server.get(f"/body?{place}").body == b"one two three"
    # A child that had gone on into the server's code would be here still, and take the requests of its parent.
    for _ in range(20):
        assert server.get("/").json() == worker
    assert (server.directory / "children").read_text().split() == ["0"] * 5
    assert server.workers() == [worker]


def test_a_child_that_writes_more_than_a_frame_sends_nothing(forking):
    (worker,) = forking.workers()
    assert forking.get("/writes").json() == 0
    assert forking.get("/").json() == worker
    eventually(lambda: "the child logs" in forking.log(), "what a child logs is in the log")


def test_a_child_holds_neither_the_rings_nor_the_sockets_of_its_parent(forking):
    assert forking.get("/holds").json() == []


def test_children_forked_while_the_other_threads_are_in_the_link_all_come_to_their_end(forking):
    (worker,) = forking.workers()
    whole = []

    def stream():
        for _ in range(3):
            whole.append(len(forking.get("/streams?20", timeout=120).body))

    threads = [threading.Thread(target=stream) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert forking.get("/many?60", timeout=120).json() == "done"
    for thread in threads:
        thread.join()
    assert whole == [20 * 15 * 70_000] * 9
    assert forking.workers() == [worker]


def test_a_child_forked_in_a_thread_of_the_apps_own_ends_with_that_thread(forking):
    assert forking.get("/in-a-thread").json() == [0]


def test_a_child_that_comes_out_of_the_import_is_not_taken_for_the_worker(roost):
    server = roost("forking:app", "--processes", 2, "--threads", 2, FORKING_AT_IMPORT=1)
    workers = server.workers()
    assert len(workers) == 2
    for _ in range(10):
        assert server.get("/").json() in workers
    assert "worker ended" not in server.log()


def test_all_this_holds_for_workers_that_are_forked_themselves(roost):
    server = roost("forking:app", "--processes", 2, "--threads", 2, "--preload")
    workers = server.workers()
    assert server.get("/holds").json() == []
    assert server.get("/many?10", timeout=60).json() == "done"
    assert server.get("/body?close").body == b"one two three"
    assert server.get("/terminates", timeout=90).json() == -signal.SIGTERM
    assert server.get("/multiprocess?fork", timeout=60).json()[:2] == [True, 0]
    assert server.workers() == workers


# What Python offers works.


@pytest.mark.parametrize("method", METHODS)
def test_multiprocessing_works_in_a_request_thread(forking, method):
    squares = [number * number for number in range(10)]
    assert forking.get(f"/multiprocess?{method}", timeout=120).json() == [True, 0, squares, sum(squares)]


@pytest.mark.parametrize("kept", ["closed", "inherited"])
def test_a_program_that_an_app_starts_inherits_nothing_but_its_standard_streams(forking, kept):
    held = forking.get(f"/run?{kept}").json()
    # Its own listing of the directory is the only other one.
    assert {number for number, link in held.items() if not link.startswith("/proc/")} == {"0", "1", "2"}, held


def test_a_program_that_an_app_starts_finds_no_signal_ignored_or_blocked(forking):
    found = forking.get("/signals").json()
    ours = 1 << (signal.SIGINT - 1) | 1 << (signal.SIGTERM - 1) | 1 << (signal.SIGCHLD - 1)
    assert found["SigIgn"] & ours == 0 and found["SigBlk"] == 0


def test_a_forked_child_can_be_terminated_in_mid_call(forking):
    assert forking.get("/terminates", timeout=90).json() == -signal.SIGTERM


def test_the_apps_own_handler_of_sigchld_hears_of_its_children(forking):
    assert forking.get("/count-ended").json() >= 3


def test_waiting_for_any_child_gives_the_app_its_own_children_only(left):
    assert left().get("/waits-for-any").json() is True


@pytest.mark.parametrize("method", METHODS)
def test_an_app_that_serves_itself_may_start_processes_too(tmp_path, method):
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, str(APPS / "forking_served.py"), str(port)],
        env=clean_environment(
            PYTHONPATH=Path(__file__).resolve().parents[2] / "python", ROOST_BINARY=BINARY, PROBE_DIRECTORY=tmp_path,
        ),
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )
    try:
        address = ("127.0.0.1", port)
        eventually(lambda: answers(address), "it serves", 60)
        assert get(address, "/holds").json() == []
        assert get(address, f"/multiprocess?{method}", timeout=120).json()[:2] == [True, 0]
        assert get(address, "/").json() == process.pid
        process.send_signal(signal.SIGTERM)
        assert process.wait(60) == 0, process.stdout.read()
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        process.stdout.close()


def answers(address):
    try:
        return get(address, "/", timeout=5).status == 200
    except OSError:
        return False


# Children outlive their worker, and nobody waits for them.


@pytest.mark.parametrize("kind", ["fork", "program"])
def test_a_killed_worker_is_replaced_at_once_though_its_child_lives(left, kind):
    server = left()
    started = server.get(f"/leaves-a-child?{kind}").json()
    with server.connect() as connection:
        connection.send(request("/streams?1000000"))
        connection.head()
        os.kill(started["worker"], signal.SIGKILL)
        # The connection of the request that it had ends: nobody waits for the pipes that the child holds.
        assert connection.rest() is not None
    assert server.get("/").json() != started["worker"]
    assert alive(started["child"]), "it is the app's to end"
    server.stop()
    assert alive(started["child"])


@pytest.mark.parametrize("kind", ["fork", "program"])
def test_a_killed_front_leaves_its_port_free_though_a_child_of_a_worker_lives(left, kind):
    server = left()
    started = server.get(f"/leaves-a-child?{kind}").json()
    server.process.kill()
    server.process.wait()
    eventually(lambda: not alive(started["worker"]), "the worker is gone")
    assert alive(started["child"])
    again = subprocess.Popen(
        [str(BINARY), "serve", "forking:app", "--app-dir", str(APPS), "--bind", "127.0.0.1:%d" % server.address[1],
         "--admin-socket", str(server.directory / "again.sock"), "--python", sys.executable,
         "--processes", "1", "--threads", "1"],
        env=clean_environment(PROBE_DIRECTORY=server.directory), stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    try:
        eventually(lambda: answers(server.address), "the next server listens on the same port")
    finally:
        again.terminate()
        assert again.wait(60) == 0


def test_the_front_leaves_no_zombies(left):
    server = left()
    for _ in range(3):
        worker = server.get("/leaves-a-child?fork").json()["worker"]
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: answers(server.address), "another has taken its place")
    assert [state_of(pid) for pid in server.workers()].count("Z") == 0


@pytest.mark.root
def test_a_front_that_is_the_first_process_reaps_what_is_left_to_it(tmp_path):
    """As in a container: a job whose worker has gone becomes a child of process 1, which is the front."""
    probe = subprocess.run(["unshare", "--fork", "--pid", "--mount-proc", "true"], capture_output=True)
    if probe.returncode != 0:
        pytest.skip("needs to be root: a process namespace")
    port = free_port()
    server = subprocess.Popen(
        ["unshare", "--fork", "--pid", "--mount-proc", "--kill-child", str(BINARY), "serve", "forking:app",
         "--app-dir", str(APPS), "--bind", f"127.0.0.1:{port}", "--admin-socket", str(tmp_path / "admin.sock"),
         "--python", sys.executable, "--processes", "1", "--threads", "2"],
        env=clean_environment(PROBE_DIRECTORY=tmp_path), stdin=subprocess.DEVNULL,
        stdout=open(tmp_path / "log", "wb"), stderr=subprocess.STDOUT,
    )
    try:
        address = ("127.0.0.1", port)
        eventually(lambda: answers(address), "it serves", 60)
        front = children_of(server.pid)[0]
        started = get(address, "/leaves-a-child?fork").json()
        (worker,) = children_of(front)
        (job,) = children_of(worker)
        os.kill(worker, signal.SIGKILL)
        eventually(lambda: job in children_of(front), "the job is process 1's")
        os.kill(job, signal.SIGKILL)
        eventually(lambda: job not in children_of(front), "it was reaped", 60)
        assert get(address, "/").json() != started["worker"]
    finally:
        for pid in children_of(server.pid):
            os.kill(pid, signal.SIGTERM)
        try:
            server.wait(60)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


def children_of(pid):
    """Its children, the dead ones that nobody has reaped included."""
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        found += [int(child) for child in (task / "children").read_text().split()]
    return found
