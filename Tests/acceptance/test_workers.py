"""How workers die, and that nobody but their own request notices."""

import os
import signal

import pytest
from client import Truncated, eventually, get, request
from server import APPS, free_port, run_roost


def test_a_killed_worker_costs_its_own_request_a_502_and_is_replaced(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 2)
    (worker,) = server.workers()
    with server.connect() as connection:
        connection.send(request("/gate?killed", "POST", b"x"))
        server.wait_for_call("POST /gate?killed")
        os.kill(worker, signal.SIGKILL)
        assert connection.response().status == 502
    assert server.get("/echo", method="POST", body=b"alive").body == b"alive"
    eventually(lambda: server.workers() and server.workers() != [worker], "another worker took its place")


def test_requests_that_wait_outlive_the_worker(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (worker,) = server.workers()
    running = server.connect().send(request("/gate?killed", "POST", b"x"))
    server.wait_for_call("POST /gate?killed")
    waiting = [server.connect().send(request("/echo", "POST", b"%d" % number)) for number in range(5)]
    eventually(lambda: server.metric("roost_queue_depth") == 5, "five wait")
    os.kill(worker, signal.SIGKILL)
    assert running.response().status == 502
    assert [connection.response().body for connection in waiting] == [b"0", b"1", b"2", b"3", b"4"]


def test_the_other_worker_serves_on_without_a_pause(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 1)
    running = server.connect().send(request("/gate?killed", "POST", b"x"))
    server.wait_for_call("POST /gate?killed")
    idle = server.get("/environ").json()["pid"]
    (busy,) = set(server.workers()) - {idle}
    os.kill(busy, signal.SIGKILL)
    for number in range(20):
        assert server.get("/").status == 200
    assert running.response().status == 502
    assert idle in server.workers()


def test_a_worker_that_dies_in_mid_response_cuts_it_without_a_last_chunk(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (worker,) = server.workers()
    with server.connect() as connection:
        connection.send(request("/pieces"))
        connection.head()
        assert next(connection.chunks()) == b"first,"
        os.kill(worker, signal.SIGKILL)
        with pytest.raises(Truncated):
            list(connection.chunks())
    assert server.get("/").status == 200


HOSTILE = [
    "tail-far-ahead", "tail-behind", "tail-torn", "frame-overruns", "unknown-kind", "front-kind", "response-cut-short",
    "head-too-long", "field-overruns", "head-splits", "chunk-before-head", "end-before-head", "file-never-sent", "noise",
]


@pytest.mark.parametrize("how", HOSTILE)
def test_a_worker_that_breaks_the_protocol_is_killed_and_replaced(roost, how):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (worker,) = server.workers()
    with server.connect() as connection:
        response = connection.send(request(f"/scribble?how={how}", close=True)).response()
        assert response.status in (500, 502) and response["X-Injected"] is None
        assert connection.is_closed_by_server()
    assert server.get("/echo", method="POST", body=b"alive").body == b"alive"
    assert server.process.poll() is None
    eventually(lambda: server.workers() and server.workers() != [worker], "the worker was replaced")


def test_sigterm_lets_running_and_waiting_requests_finish(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    running = server.connect().send(request("/gate?drain"))
    server.wait_for_call("GET /gate?drain")
    waiting = server.connect().send(request("/echo", "POST", b"waited"))
    eventually(lambda: server.metric("roost_queue_depth") == 1, "one waits")
    server.signal(signal.SIGTERM)
    eventually(lambda: not accepts(server), "new connections are not accepted")
    server.open_gate("drain")
    assert running.response().body == b"drain"
    assert waiting.response().body == b"waited"
    assert server.process.wait(60) == 0


def accepts(server):
    try:
        server.connect().close()
        return True
    except OSError:
        return False


def test_sigterm_closes_idle_connections_and_leaves(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 1)
    workers = server.workers()
    idle = server.connect()
    assert idle.send(request("/")).response().status == 200
    server.stop()
    assert idle.is_closed_by_server()
    assert not any(os.path.exists(f"/proc/{pid}") for pid in workers)


def test_sigint_drains_too(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    server.signal(signal.SIGINT)
    assert server.process.wait(60) == 0


def test_a_request_that_outlives_the_graceful_timeout_is_cut_and_the_server_leaves(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--graceful-timeout", "1s")
    stuck = server.connect().send(request("/gate?never"))
    server.wait_for_call("GET /gate?never")
    server.signal(signal.SIGTERM)
    server.process.wait(60)
    data = stuck.rest()
    assert data == b"" or data.startswith((b"HTTP/1.1 502", b"HTTP/1.1 503"))


def test_a_killed_front_leaves_no_worker_behind(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 1)
    workers = server.workers()
    server.process.kill()
    server.process.wait()
    eventually(lambda: not any(alive(pid) for pid in workers), "the workers are gone")


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def test_readiness_says_no_until_a_worker_is_ready(roost):
    server = roost("slow_import:app", "--processes", 1, "--threads", 1, wait=False)

    def answers(target):
        try:
            return get(server.admin, target, timeout=5).status
        except OSError:
            return None

    eventually(lambda: answers("/healthz") == 200, "the process is alive")
    assert answers("/readyz") == 503
    server.open_gate("import")
    server.wait_until_ready()
    assert server.get("/").status == 200


def serve_to_the_end(target, *options, tmp_path):
    return run_roost(
        "serve", target, "--app-dir", APPS, "--bind", f"127.0.0.1:{free_port()}", "--processes", 1, "--threads", 1,
        "--admin-socket", tmp_path / "admin.sock", *options, PROBE_DIRECTORY=tmp_path,
    )


def test_an_app_that_cannot_be_imported_ends_the_start_with_the_traceback(tmp_path):
    ended = serve_to_the_end("broken:app", tmp_path=tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "├─ " in said and "a_module_that_nobody_has" in said
    assert "broken.py" in said, "the traceback names the file"


def test_a_missing_attribute_is_an_error_that_names_those_there_are(tmp_path):
    ended = serve_to_the_end("probe:appp", tmp_path=tmp_path)
    said = ended.stdout + ended.stderr
    assert ended.returncode == 1
    assert "├─ " in said and "appp" in said and "probe:app" in said


def test_a_missing_module_and_a_thing_that_is_no_app_are_errors(tmp_path):
    for target in ("no_such_module:app", "probe:not_callable"):
        ended = serve_to_the_end(target, tmp_path=tmp_path)
        assert ended.returncode == 1
        assert target.split(":")[1 if "callable" in target else 0] in ended.stdout + ended.stderr


def test_an_interpreter_that_is_not_there_is_an_error_that_names_it(tmp_path):
    ended = serve_to_the_end("probe:app", "--python", "/no/such/python", tmp_path=tmp_path)
    assert ended.returncode in (1, 2)
    assert "/no/such/python" in ended.stdout + ended.stderr


def test_a_port_that_is_taken_is_an_error_that_names_it(roost, tmp_path):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    ended = run_roost(
        "serve", "probe:app", "--app-dir", APPS, "--bind", f"127.0.0.1:{server.address[1]}",
        "--processes", 1, "--threads", 1, "--admin-socket", tmp_path / "admin.sock", PROBE_DIRECTORY=tmp_path,
    )
    assert ended.returncode == 1
    assert str(server.address[1]) in ended.stdout + ended.stderr
