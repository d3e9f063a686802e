"""HTTP with an ASGI application: many requests on one event loop, bodies streamed both ways, and clients who leave."""

import hashlib
import json
import os
import signal
import socket
import threading
import time

import pytest
from client import Connection, Truncated, eventually, get, request
from server import Roost

ON_EVERY_PYTHON = True

APP = "asgi_probe:app"


def notes(server):
    try:
        return (server.directory / "notes").read_text().splitlines()
    except OSError:
        return []


def blocks_sent(server):
    try:
        return int((server.directory / "sent").read_text().splitlines()[-1])
    except (OSError, IndexError):
        return 0


def pattern(count):
    """Bytes that tell where each stands, without a period that fits a buffer's."""
    unit = b"".join(number.to_bytes(3, "little") for number in range(70_001))
    return (unit * (count // len(unit) + 1))[:count]


def status(server):
    return json.loads(get(server.admin, "/status").body)


@pytest.fixture(scope="module")
def server(tmp_path_factory, python):
    server = Roost(tmp_path_factory.mktemp("asgi"), APP, "--processes", 1, python=python)
    yield server
    server.open_gate("every")
    server.end()


# What it is


def test_an_asgi_app_is_found_out(server):
    assert server.get("/").body == b"Hello\n"
    worker = status(server)["workers"][0]
    assert worker["interface"] == "asgi"
    assert worker["threads"] == 256
    assert "in flight" in server.command("status").stdout


def test_connections_are_kept(server):
    with server.connect() as connection:
        for _ in range(5):
            connection.send(request("/"))
            assert connection.response().body == b"Hello\n"


def test_requests_sent_ahead_are_answered_in_order(server):
    with server.connect() as connection:
        connection.send(b"".join(request(path) for path in ("/", "/early", "/", "/early")))
        assert [connection.response().body for _ in range(4)] == [b"Hello\n", b"early", b"Hello\n", b"early"]


def test_head_has_no_body(server):
    with server.connect() as connection:
        connection.send(request("/", "HEAD") + request("/"))
        head = connection.response("HEAD")
        assert head["Content-Length"] == "6"
        assert connection.response().body == b"Hello\n"


def test_many_requests_wait_in_one_loop_at_once(roost):
    server = roost(APP, "--processes", 1)
    connections = [server.connect() for _ in range(100)]
    for connection in connections:
        connection.send(request("/gate?all"))
    eventually(lambda: len(server.calls()) > 100, "all are in the app (and the warm-up was)")
    assert server.get("/").body == b"Hello\n"
    server.open_gate("all")
    assert len({connection.response().body for connection in connections}) == 1


def test_beyond_the_concurrency_requests_wait_and_then_are_refused(roost):
    server = roost(APP, "--processes", 1, "--concurrency", 2, "--queue-limit", 1)
    connections = [server.connect() for _ in range(4)]
    for connection in connections[:2]:
        connection.send(request("/gate?a"))
    eventually(lambda: server.calls().count("GET /gate?a") == 2, "two are in the app")
    connections[2].send(request("/gate?a"))
    eventually(lambda: server.metric("roost_queue_depth") == 1, "the third waits")
    connections[3].send(request("/gate?a"))
    refused = connections[3].response()
    assert refused.status == 503
    assert refused["Retry-After"]
    assert server.calls().count("GET /gate?a") == 2
    server.open_gate("a")
    assert [connection.response().status for connection in connections[:3]] == [200, 200, 200]


@pytest.mark.parametrize("options", [
    ("--interface", "asgi", "--threads", 4),
    ("--interface", "wsgi", "--concurrency", 4),
    ("--interface", "cgi"),
    ("--concurrency", 0),
])
def test_options_that_do_not_go_together_are_refused(options):
    from server import APPS, run_roost

    result = run_roost("serve", APP, "--app-dir", APPS, *options)
    assert result.returncode == 2
    assert any(words in result.stderr for words in ("Try", "not between", "is none of")), result.stderr


def test_threads_of_an_asgi_app_are_not_scaled(server):
    result = server.command("scale", "--threads", 3)
    assert result.returncode != 0
    assert "ASGI" in result.stdout + result.stderr


# Bodies of requests


@pytest.mark.parametrize("length", [1, 1_000, 32 << 10, (32 << 10) + 1, 64 << 10, 65_537, 300_000])
@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_comes_to_the_byte(server, length, chunked):
    body = pattern(length)
    with server.connect() as connection:
        if chunked:
            connection.send(request("/digest", "POST", fields=[("Transfer-Encoding", "chunked")]))
            for start in range(0, length, 10_007):
                part = body[start:start + 10_007]
                connection.send(f"{len(part):x}\r\n".encode() + part + b"\r\n")
            connection.send(b"0\r\n\r\n")
        else:
            connection.send(request("/digest", "POST", body))
        expected = f"{length} {hashlib.sha256(body).hexdigest()}".encode()
        assert connection.response().body == expected
        # The connection is good for another.
        connection.send(request("/"))
        assert connection.response().body == b"Hello\n"


def test_a_large_body_comes_back_to_the_byte_and_is_not_held(server):
    body = pattern(100 << 20)
    before = server.resident_bytes()
    peak = before
    sent, received = hashlib.sha256(body).hexdigest(), hashlib.sha256()
    with server.connect() as connection:
        connection.send(request("/echo", "POST", fields=[("Content-Length", str(len(body)))]))
        sender = threading.Thread(target=connection.socket.sendall, args=(body,))
        sender.start()
        response = connection.head()
        assert response.status == 200
        length = 0
        for number, part in enumerate(connection.chunks()):
            received.update(part)
            length += len(part)
            if number % 100 == 0:
                peak = max(peak, server.resident_bytes())
        sender.join()
    assert length == len(body)
    assert received.hexdigest() == sent
    assert peak - before < 16 << 20
    spooled = [os.readlink(f"/proc/{server.pid}/fd/{fd}") for fd in os.listdir(f"/proc/{server.pid}/fd")
               if os.path.exists(f"/proc/{server.pid}/fd/{fd}")]
    assert not [path for path in spooled if path.startswith("/tmp/") and "(deleted)" in path]


def test_an_app_that_takes_nothing_stops_its_client(roost):
    server = roost(APP, "--processes", 1)
    body = pattern(64 << 20)
    with server.connect() as connection:
        connection.send(request("/late?go", "POST", fields=[("Content-Length", str(len(body)))]))
        server.wait_for_call("POST /late?go")
        connection.socket.settimeout(2)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < len(body):
                sent += connection.socket.send(body[sent:sent + (1 << 20)])
        # What fits the kernel's buffers and ours.
        assert sent < 24 << 20
        assert server.resident_bytes() < 100 << 20
        connection.socket.settimeout(60)
        server.open_gate("go")
        connection.send(body[sent:])
        assert connection.response().body.split()[0] == str(len(body)).encode()


def test_a_client_is_told_to_go_on(server):
    with server.connect() as connection:
        body = pattern(200_000)
        connection.send(request("/digest", "POST", fields=[("Content-Length", "200000"), ("Expect", "100-continue")]))
        assert connection.head().status == 100
        connection.send(body)
        assert connection.response().body.split()[0] == b"200000"


def test_a_body_in_chunks_beyond_the_limit_is_a_413(roost):
    server = roost(APP, "--processes", 1, "--max-body-bytes", "100k")
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Transfer-Encoding", "chunked")]))
        for _ in range(3):
            connection.send(b"c350\r\n" + bytes(50_000) + b"\r\n")
        assert connection.response().status == 413
    eventually(lambda: any(line.startswith("left after") for line in notes(server)), "the app is told")
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Content-Length", "200000")]))
        assert connection.response().status == 413


def test_a_chunk_that_is_none_is_a_400(server):
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Transfer-Encoding", "chunked")]) + b"3\r\nabc\r\nnone\r\n")
        assert connection.response().status == 400


def test_an_early_answer_leaves_the_connection_good(server):
    body = pattern(500_000)
    with server.connect() as connection:
        connection.send(request("/early", "POST", body[:100_000] and body))
        assert connection.response().body == b"early"
        connection.send(request("/"))
        assert connection.response().body == b"Hello\n"


def test_a_client_that_trickles_its_body_is_ended(roost):
    server = roost(APP, "--processes", 1, "--body-grace", "1s", "--body-rate", 1000)
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Content-Length", "200000")]) + b"abc")
        assert connection.response().status == 408
    eventually(lambda: "left after 3" in notes(server), "the app is told")


def test_a_client_that_leaves_in_the_middle_of_its_body_is_seen(roost):
    server = roost(APP, "--processes", 1)
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Content-Length", "200000")]) + bytes(5_000))
        server.wait_for_call("POST /digest")
    eventually(lambda: "left after 5000" in notes(server), f"the app is told: {notes(server)}")


# Answers


@pytest.mark.parametrize("has_length", [0, 1])
@pytest.mark.parametrize("receive_buffer", [None, 4096])
@pytest.mark.parametrize(
    "sizes",
    [(16_383, 16_384, 16_385), (65_536,) * 12, (65_000, 1, 100_000, 17, 300_000), (1 << 20, 1 << 20)],
    ids=["about 16 KiB", "64 KiB", "large and small", "1 MiB"],
)
def test_pieces_of_any_size_arrive_in_their_order(server, sizes, receive_buffer, has_length):
    with server.connect(receive_buffer=receive_buffer) as connection:
        query = ",".join(map(str, (has_length, *sizes)))
        # The second stands behind the first: what is written past the channel must not overtake what is in it.
        connection.send(request(f"/pieces?{query}") + request(f"/pieces?{query}"))
        for _ in range(2):
            response = connection.response()
            assert (response["Content-Length"] is not None) == bool(has_length)
            assert response.body == pattern(sum(sizes))


def test_an_answer_is_streamed_to_the_byte(server):
    with server.connect() as connection:
        connection.send(request("/stream?200"))
        response = connection.response()
        assert response.body == bytes(range(256)) * 256 * 200


def test_a_slow_reader_stops_send(roost):
    server = roost(APP, "--processes", 1)
    with server.connect(receive_buffer=1 << 14) as connection:
        connection.send(request("/stream?2000"))
        connection.head()
        settled = [0]

        def is_stopped():
            before, settled[0] = settled[0], blocks_sent(server)
            time.sleep(0.2)
            return settled[0] == before > 0

        eventually(is_stopped, "the app's send() waits")
        # 125 MiB are to be sent; what is under way fits the kernel's buffers and ours.
        assert blocks_sent(server) < 300
        assert server.resident_bytes() < 80 << 20
        # Another client is served meanwhile.
        assert server.get("/").body == b"Hello\n"
        assert sum(len(part) for part in connection.chunks()) == 2000 << 16
    assert blocks_sent(server) == 2000


def test_an_app_that_fails_is_a_500_or_a_cut_answer(server):
    assert server.get("/fails").status == 500
    with pytest.raises(Truncated), server.connect() as connection:
        connection.send(request("/fails?late"))
        connection.response()
    assert server.get("/").body == b"Hello\n"


# Clients who leave


def test_a_client_that_leaves_is_seen_at_once(roost):
    server = roost(APP, "--processes", 1)
    connection = server.connect()
    connection.send(request("/waits"))
    server.wait_for_call("GET /waits")
    connection.leave()
    eventually(lambda: "http.disconnect" in notes(server), "the app is told", 5)
    eventually(lambda: server.metric("roost_threads_busy") == 0, "its place is free")


def test_a_client_that_closes_its_side_is_seen_and_can_still_be_answered(roost):
    server = roost(APP, "--processes", 1)
    with server.connect() as connection:
        connection.send(request("/waits?answer"))
        server.wait_for_call("GET /waits?answer")
        connection.socket.shutdown(socket.SHUT_WR)
        eventually(lambda: "http.disconnect" in notes(server), "the app is told", 5)
        assert connection.response().body == b"still there?"


def test_send_raises_when_the_client_has_left(roost):
    server = roost(APP, "--processes", 1)
    connection = server.connect()
    connection.send(request("/endless"))
    connection.head()
    connection.leave()
    eventually(lambda: "send raised OSError" in notes(server), "send() raised")
    eventually(lambda: server.metric("roost_threads_busy") == 0, "its place is free")
    assert server.get("/").body == b"Hello\n"


def test_a_client_that_leaves_while_it_waits_never_reaches_the_app(roost):
    server = roost(APP, "--processes", 1, "--concurrency", 1)
    with server.connect() as first:
        first.send(request("/gate?a"))
        server.wait_for_call("GET /gate?a")
        second = server.connect()
        second.send(request("/early"))
        eventually(lambda: server.metric("roost_queue_depth") == 1, "it waits")
        second.leave()
        eventually(lambda: server.metric("roost_queue_depth") == 0, "it is taken out")
        server.open_gate("a")
        assert first.response().status == 200
    assert "GET /early" not in server.calls()


# Time


def test_a_request_that_runs_too_long_is_a_504_and_is_cancelled(roost):
    server = roost(APP, "--processes", 1, "--request-timeout", "500ms")
    pid = server.get("/pid").body
    answer = server.get("/quietly")
    assert answer.status == 504
    eventually(lambda: "cancelled" in notes(server), "the task was cancelled")
    eventually(lambda: server.metric("roost_threads_busy") == 0, "its place is free")
    assert server.get("/pid").body == pid


def test_the_time_of_a_slow_client_is_not_the_apps(roost):
    server = roost(APP, "--processes", 1, "--request-timeout", "1s", "--body-rate", 0)
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Content-Length", "200000")]))
        for _ in range(4):
            connection.send(bytes(50_000))
            time.sleep(0.7)
        assert connection.response().status == 200


@pytest.mark.slow
def test_a_loop_that_is_stuck_is_replaced_when_a_limit_says_so(roost):
    server = roost(APP, "--processes", 1, "--request-timeout", "500ms", "--request-timeout-grace", "500ms")
    before = server.workers()
    assert server.get("/sleeps?300").status == 504
    eventually(lambda: server.workers() and not set(before) & set(server.workers()), "another has taken its place")
    eventually(lambda: server.metric("roost_workers") == 1, "it is ready")
    assert server.get("/", timeout=10).body == b"Hello\n"
    assert "the event loop is stuck" in server.log()


@pytest.mark.slow
def test_a_loop_that_computes_is_not_ended_and_its_requests_go_to_another(roost):
    server = roost(APP, "--processes", 2)
    before = server.workers()
    with server.connect() as busy:
        busy.send(request("/computes?6"))
        server.wait_for_call("GET /computes?6")
        answers = []
        for _ in range(10):
            answers.append(server.get("/", timeout=20).status)
        assert answers == [200] * 10
        assert busy.response().body == b"computed"
    assert server.workers() == before


@pytest.mark.slow
def test_a_loop_that_sleeps_gets_no_more_requests_and_wakes_again(roost):
    server = roost(APP, "--processes", 2)
    before = server.workers()
    with server.connect() as asleep:
        asleep.send(request("/sleeps?4"))
        server.wait_for_call("GET /sleeps?4")
        others = [server.connect() for _ in range(20)]
        for connection in others:
            connection.send(request("/"))
        for connection in others:
            assert connection.response().body == b"Hello\n"
        assert asleep.response().body == b"awake"
    assert server.workers() == before


# Fates of workers


def test_a_worker_that_is_killed_costs_no_safe_request(roost):
    server = roost(APP, "--processes", 2)
    connections = [server.connect() for _ in range(20)]
    for connection in connections:
        connection.send(request("/gate?kill"))
    eventually(lambda: server.calls().count("GET /gate?kill") == 20, "all are in the app")
    os.kill(server.workers()[0], signal.SIGKILL)
    eventually(lambda: server.calls().count("GET /gate?kill") == 30, "half of them run again")
    server.open_gate("kill")
    assert [connection.response().status for connection in connections] == [200] * 20


def test_a_worker_that_is_killed_in_the_middle_of_an_upload_is_a_502(roost):
    server = roost(APP, "--processes", 1)
    with server.connect() as connection:
        connection.send(request("/digest", "POST", fields=[("Content-Length", "200000")]) + bytes(5_000))
        server.wait_for_call("POST /digest")
        os.kill(server.workers()[0], signal.SIGKILL)
        assert connection.response().status == 502
    eventually(lambda: server.metric("roost_workers") == 1, "another is there")
    assert server.get("/").body == b"Hello\n"


@pytest.mark.slow
def test_a_reload_under_load_loses_nothing(roost):
    server = roost(APP, "--processes", 2)
    stop, problems, answered = threading.Event(), [], [0]

    def ask():
        with server.connect() as connection:
            while not stop.is_set():
                connection.send(request("/pid"))
                response = connection.response()
                if response.status != 200:
                    problems.append(response)
                answered[0] += 1

    threads = [threading.Thread(target=ask) for _ in range(8)]
    for thread in threads:
        thread.start()
    upload = server.connect()
    upload.send(request("/digest", "POST", fields=[("Content-Length", "200000")]) + bytes(5_000))
    server.wait_for_call("POST /digest")
    before = server.workers()
    result = server.command("reload")
    assert result.returncode == 0, result.stdout + result.stderr
    upload.send(bytes(195_000))
    assert upload.response().status == 200
    eventually(lambda: not set(before) & set(server.workers()), "the old workers have gone")
    stop.set()
    for thread in threads:
        thread.join()
    assert not problems
    assert answered[0] > 100


def test_a_drain_answers_what_runs(roost):
    server = roost(APP, "--processes", 1)
    with server.connect() as connection:
        connection.send(request("/gate?drain"))
        server.wait_for_call("GET /gate?drain")
        server.signal(signal.SIGTERM)
        eventually(lambda: "draining" in server.log(), "the server drains")
        server.open_gate("drain")
        response = connection.response()
        assert response.status == 200
        assert response["Connection"] == "close"
    assert server.process.wait(30) == 0
