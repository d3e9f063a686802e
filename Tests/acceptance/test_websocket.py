"""WebSockets from end to end: a real client library, how they end, backpressure both ways, pings, and workers that go."""

import os
import re
import signal
import socket
import time

import pytest
from client import eventually, get
from server import Roost
from socket_client import BINARY, CLOSE, PING, TEXT, Frames, close_frame, frame

websockets = pytest.importorskip("websockets")
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402
from websockets.sync.client import connect as library_connect  # noqa: E402

ON_EVERY_PYTHON = True

MIB = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory, python):
    server = Roost(tmp_path_factory.mktemp("sockets"), "asgi_sockets:app", python=python)
    yield server
    server.end()


def connect(server, path="/echo", **options):
    options.setdefault("max_size", None)
    options.setdefault("compression", None)
    return library_connect(f"ws://127.0.0.1:{server.address[1]}{path}", **options)


def closed(client, timeout=30):
    """Reads to the end: (code, reason) that the server sent."""
    try:
        while True:
            client.recv(timeout)
    except ConnectionClosed as error:
        return (error.rcvd.code, error.rcvd.reason) if error.rcvd else (None, None)


def calls_since(server, count):
    return server.calls()[count:]


# A real client


@pytest.mark.parametrize("message", ["", "hello", "한글 🐓", "x" * 70_000, b"", b"\0\xff", b"y" * (3 * MIB)])
def test_a_client_library_gets_back_what_it_sends(server, message):
    with connect(server) as client:
        client.send(message)
        assert client.recv(30) == message


def test_messages_sent_in_pieces_are_whole_for_the_app(server):
    with connect(server, "/count") as client:
        client.send(["ab", "", "cde"])
        assert client.recv(30) == "text 5"
        client.send(b"z" * 50_000 for _ in range(4))
        assert client.recv(30) == "bytes 200000"


@pytest.mark.parametrize("written", [16_000, 16_384, 40_000, 49_200, 65_000, 70_001])
def test_large_messages_that_come_slowly_in_pieces_go_on(server, written):
    message = os.urandom(700_001)
    data = frame(BINARY, message)
    with Frames(server.address) as first, Frames(server.address) as second:
        for client in (first, second):
            client.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for _ in range(3):
            for start in range(0, len(data), written):
                for client in (first, second):
                    client.send(data[start:start + written])
            for client in (first, second):
                assert client.read() == (BINARY, message)


def test_many_messages_keep_their_order(server):
    with connect(server) as client:
        for start in range(0, 5000, 250):
            for number in range(start, start + 250):
                client.send(str(number))
            assert [client.recv(30) for _ in range(250)] == [str(number) for number in range(start, start + 250)]


def test_a_burst_of_small_messages_comes_whole(server):
    with connect(server, "/burst") as client:
        client.send("20000")
        assert [client.recv(30) for _ in range(20_000)] == [str(number) for number in range(20_000)]


def test_a_library_is_refused_as_the_app_says(server):
    for path, status in [("/refuse", 403), ("/refuse-response", 418), ("/fail-early", 500)]:
        with pytest.raises(InvalidStatus) as caught:
            connect(server, path)
        assert caught.value.response.status_code == status


def test_a_subprotocol_is_agreed_on(server):
    with connect(server, "/show?choose=two", subprotocols=["one", "two"]) as client:
        assert client.subprotocol == "two"


# How they end


@pytest.mark.parametrize("code, reason", [(1000, ""), (1000, "done"), (1001, ""), (1008, "no"), (3000, ""), (4999, "x" * 100)])
def test_the_apps_close_reaches_the_client(server, code, reason):
    with connect(server, f"/close?code={code}&reason={reason}") as client:
        assert closed(client) == (code, reason)


def test_an_app_that_returns_closes_with_1000(server):
    with connect(server, "/leave") as client:
        assert client.recv(30) == "leaving"
        assert closed(client)[0] == 1000


def test_an_app_that_raises_closes_with_1011(server):
    with connect(server, "/fail") as client:
        assert closed(client)[0] == 1011
    eventually(lambda: "RuntimeError: on purpose" in server.log(), "the traceback is in the log")


def test_after_its_own_close_the_app_is_told_of_the_end(server):
    before = len(server.calls())
    with connect(server, "/close?code=4001&receive=1") as client:
        assert closed(client)[0] == 4001
    eventually(lambda: "closed" in calls_since(server, before), "the app went on")
    assert any(call.startswith("disconnect ") for call in calls_since(server, before))


def test_a_client_that_vanishes_is_told_as_1006(server):
    before = len(server.calls())
    with Frames(server.address) as client:
        client.send(frame(TEXT, "a"))
        client.read()
    eventually(lambda: "disconnect 1006" in calls_since(server, before), "the app was told")


def test_a_client_that_is_cut_off_is_told_as_1006(server):
    before = len(server.calls())
    with Frames(server.address) as client:
        client.send(frame(TEXT, "a"))
        client.read()
        client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    eventually(lambda: "disconnect 1006" in calls_since(server, before), "the app was told")


def test_a_client_that_does_not_answer_a_close_is_left(server):
    with Frames(server.address, "/close?code=1000") as client:
        opcode, _ = client.read()
        assert opcode == CLOSE
        # Not answered. The server waits ten seconds, then goes.
        client.read_end()


def test_the_metrics_and_the_log_tell_of_them(roost):
    server = roost("asgi_sockets:app", "--access-log", "json")
    with connect(server, "/echo?page=1") as client:
        client.send("12345")
        client.recv(30)
        assert server.metric("roost_websockets") == 1 and server.metric("roost_worker_websockets") == 1
        assert re.search(r"websockets +1 open, 1 since the start", server.command("status").stdout)
        client.close(4321)
    eventually(lambda: server.metric("roost_websockets") == 0, "it is closed")
    assert server.metric("roost_websockets_closed_total", code="4xxx") == 1
    assert server.metric("roost_websocket_messages_total", direction="in") == 1
    assert server.metric("roost_websocket_bytes_total", direction="out") == 5
    assert server.metric("roost_requests_total", status="101") == 1
    eventually(lambda: "/echo?page=1" in server.log(), "the log has it")
    lines = [line for line in server.log().splitlines() if "/echo?page=1" in line]
    assert len(lines) == 1 and '"status":101' in lines[0].replace(" ", "") and '"cut":false' in lines[0].replace(" ", "")


# Sizes and backpressure


@pytest.mark.slow
def test_a_message_of_100_megabytes_with_the_option(roost):
    server = roost("asgi_sockets:app", "--ws-max-size", "200MiB")
    before = server.resident_bytes()
    with connect(server, "/count") as client:
        client.send(b"z" * (100 * MIB))
        assert client.recv(120) == f"bytes {100 * MIB}"
    assert server.resident_bytes() - before < 16 * MIB


def test_a_message_beyond_32_mebibytes_closes_with_1009_by_default(server):
    with connect(server, "/count") as client:
        client.send(b"z" * (32 * MIB))
        assert client.recv(60) == f"bytes {32 * MIB}"
        try:
            client.send(b"z" * (32 * MIB + 1))
        except ConnectionClosed:
            pass
        assert closed(client)[0] == 1009


def test_an_app_that_does_not_receive_holds_its_client_up(server):
    before = server.resident_bytes()
    with Frames(server.address, "/count?gate=count") as client:
        client.socket.settimeout(2)
        message = frame(BINARY, b"m" * 10_000)
        sent = 0
        with pytest.raises(TimeoutError):
            while sent < 200 * MIB:
                client.socket.sendall(message)
                sent += len(message)
        # What the kernel's buffers and the windows hold.
        assert sent < 32 * MIB
        assert server.resident_bytes() - before < 16 * MIB
        assert server.get("/").status == 200
        with connect(server) as other:
            other.send("not held up")
            assert other.recv(30) == "not held up"
        server.open_gate("count")
        client.socket.settimeout(30)
        for _ in range(sent // len(message)):
            assert client.read_message() == (TEXT, b"bytes 10000")


def test_a_client_that_does_not_read_holds_the_app_up(server):
    before = server.resident_bytes()
    with Frames(server.address, "/flood?n=4000&size=10000", receive_buffer=65536) as client:
        progress = server.directory / "sent"

        eventually(progress.exists, "the app has begun")

        def stands():
            first = progress.read_text()
            time.sleep(0.5)
            return first == progress.read_text() and first

        count = int(eventually(stands, "the app waits") or progress.read_text())
        assert count < 2000
        assert server.resident_bytes() - before < 16 * MIB
        with connect(server) as other:
            other.send("not held up")
            assert other.recv(30) == "not held up"
        for _ in range(4000):
            assert client.read_message() == (BINARY, b"x" * 10_000)


def test_send_raises_when_the_client_has_gone(server):
    before = len(server.calls())
    with Frames(server.address, "/flood?n=4000&size=10000", receive_buffer=65536) as client:
        client.read()
    eventually(lambda: "send raised OSError" in calls_since(server, before), "the app was told")
    eventually(lambda: server.metric("roost_worker_websockets") == 0, "it has returned")


def test_a_client_that_floods_with_pings_and_does_not_read_is_bounded(server):
    before = server.resident_bytes()
    with Frames(server.address, receive_buffer=4096) as client:
        client.socket.settimeout(5)
        pings = b"".join(frame(PING, b"p" * 125) for _ in range(1000))
        for _ in range(200):
            client.socket.sendall(pings)
        assert server.resident_bytes() - before < 16 * MIB


@pytest.mark.slow
def test_a_thousand_idle_sockets(roost):
    server = roost("asgi_sockets:app")
    before = server.resident_bytes()
    clients = [Frames(server.address) for _ in range(1000)]
    assert server.metric("roost_websockets") == 1000
    each = (server.resident_bytes() - before) / 1000
    print(f"{each / 1024:.1f} KiB of the front for each idle WebSocket")
    assert each < 32 << 10
    for client in clients:
        client.send(frame(TEXT, "hello"))
    for client in clients:
        assert client.read() == (TEXT, b"hello")
    for client in clients:
        client.socket.close()
    eventually(lambda: server.metric("roost_worker_websockets") == 0, "all are gone")


# Pings


def test_the_front_pings_and_a_client_that_answers_stays(roost):
    server = roost("asgi_sockets:app", "--ws-ping-interval", "300ms", "--ws-ping-timeout", "1s")
    with connect(server, ping_interval=None) as client:
        deadline = time.monotonic() + 4
        while time.monotonic() < deadline:
            with pytest.raises(TimeoutError):
                client.recv(0.5)
        client.send("still here")
        assert client.recv(30) == "still here"


def test_a_client_that_answers_no_ping_is_lost(roost):
    server = roost("asgi_sockets:app", "--ws-ping-interval", "300ms", "--ws-ping-timeout", "1s")
    with Frames(server.address) as client:
        assert client.read() == (PING, b"")
        assert client.read_close() == (1011, "keepalive ping timeout")
    eventually(lambda: "disconnect 1006" in server.calls(), "the app was told")


def test_pings_go_on_while_the_apps_event_loop_is_blocked(roost):
    server = roost("asgi_sockets:app", "--ws-ping-interval", "300ms", "--ws-ping-timeout", "1s")
    with connect(server, "/pid", ping_interval=None) as client, Frames(server.address, "/pid") as raw:
        client.recv(30)
        raw.read()
        client.send("block 3")
        pings = 0
        deadline = time.monotonic() + 2.5
        raw.send(frame(PING, "mine"))
        answers = []
        while time.monotonic() < deadline:
            opcode, payload = raw.read()
            if opcode == PING:
                pings += 1
                raw.send(frame(10, payload))
            else:
                answers.append(payload)
        assert pings >= 3 and answers == [b"mine"]
        assert client.recv(30) == "block 3"


# Workers that go


@pytest.mark.same_pids
def test_a_worker_that_is_killed_closes_with_1012(roost):
    server = roost("asgi_sockets:app", "--processes", 2)
    clients = [Frames(server.address, "/pid") for _ in range(8)]
    pids = [int(client.read()[1]) for client in clients]
    victim = pids[0]
    os.kill(victim, signal.SIGKILL)
    for client, pid in zip(clients, pids):
        if pid == victim:
            assert client.read_close() == (1012, "the worker has ended")
        else:
            client.send(frame(TEXT, "unharmed"))
            assert client.read() == (TEXT, b"unharmed")
        client.socket.close()
    with connect(server, "/pid") as client:
        assert int(client.recv(30)) != victim


def test_sockets_are_spread_over_the_workers(roost):
    server = roost("asgi_sockets:app", "--processes", 2)
    clients = [Frames(server.address, "/pid") for _ in range(10)]
    pids = [client.read()[1] for client in clients]
    assert sorted(pids.count(pid) for pid in set(pids)) == [5, 5]
    for client in clients:
        client.socket.close()


@pytest.mark.same_pids
def test_a_reload_keeps_sockets_until_they_end(roost):
    server = roost("asgi_sockets:app")
    with connect(server, "/pid") as client:
        old = client.recv(30)
        assert server.command("reload").returncode == 0
        client.send("goes on")
        assert client.recv(30) == "goes on"
        with connect(server, "/pid") as newcomer:
            assert newcomer.recv(30) != old
        assert int(old) in server.workers()
    eventually(lambda: int(old) not in server.workers(), "the old worker has left")
    assert "disconnect 1000" in server.calls()


def test_a_reload_sends_sockets_away_with_1012_when_the_drain_timeout_is_over(roost):
    server = roost("asgi_sockets:app", "--drain-timeout", "2s")
    with connect(server, "/pid") as client:
        old = int(client.recv(30))
        assert server.command("reload").returncode == 0
        assert closed(client)[0] == 1012
    eventually(lambda: "disconnect 1012 the worker is being replaced" in server.calls(), "the app was told")
    eventually(lambda: old not in server.workers(), "the old worker has left")


def test_a_server_that_stops_sends_sockets_away_with_1001(roost):
    server = roost("asgi_sockets:app")
    with connect(server, "/echo") as client:
        client.send("a")
        client.recv(30)
        server.signal(signal.SIGTERM)
        assert closed(client)[0] == 1001
        server.stop()
    assert "disconnect 1001 the server stops" in server.calls()
    assert "shutdown" in server.calls()


def test_a_wsgi_app_sees_an_ordinary_request(roost):
    server = roost("probe:app")
    with pytest.raises(InvalidStatus) as caught:
        connect(server, "/")
    assert caught.value.response.status_code == 200


@pytest.mark.same_pids
def test_a_handshake_whose_worker_dies_goes_to_another(roost):
    server = roost("asgi_sockets:app", "--processes", 2)
    raw = socket.create_connection(server.address)
    raw.sendall(
        b"GET /slow-accept?gate=later HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    server.wait_for_call("connecting")
    busy = [worker["pid"] for worker in get(server.admin, "/status").json()["workers"] if worker["websockets"]]
    assert len(busy) == 1
    os.kill(busy[0], signal.SIGKILL)
    eventually(lambda: server.calls().count("connecting") == 2, "another has it")
    server.open_gate("later")
    raw.settimeout(30)
    assert raw.recv(1000).startswith(b"HTTP/1.1 101 ")
    raw.close()


@pytest.mark.parametrize("sent", [close_frame(1000), b"", frame(TEXT, "half")[:-2]])
def test_clients_come_and_go_without_a_trace(server, sent):
    for _ in range(50):
        with Frames(server.address) as client:
            client.send(sent)
    eventually(lambda: server.metric("roost_websockets") == 0, "the front has forgotten them")
    eventually(lambda: server.metric("roost_worker_websockets") == 0, "the worker has forgotten them")
