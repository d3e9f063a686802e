"""Handshakes: what is accepted, what is refused and how, and what the app sees of them."""

import json

import pytest
from client import Connection, eventually
from server import Roost
from socket_client import TEXT, Frames, Refused, close_frame, frame

ON_EVERY_PYTHON = True

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


@pytest.fixture(scope="module")
def server(tmp_path_factory, python):
    server = Roost(tmp_path_factory.mktemp("handshake"), "asgi_sockets:app", "--processes", 1, "--max-websockets", 3,
                   python=python)
    yield server
    server.end()


def refused(server, path="/echo", **options):
    with pytest.raises(Refused) as caught:
        Frames(server.address, path, **options)
    return caught.value


def test_the_app_sees_the_handshake(server):
    fields = [("Cookie", "a=b"), ("X-Raw", "caf\xe9"), ("Sec-WebSocket-Protocol", "one, two"), ("Sec-WebSocket-Protocol", "three")]
    with Frames(server.address, "/show?x=%20y", fields=fields) as client:
        scope = json.loads(client.read()[1])
    assert scope["type"] == "websocket" and scope["scheme"] == "ws" and scope["http_version"] == "1.1"
    assert scope["path"] == "/show" and scope["raw_path"] == "/show" and scope["query_string"] == "x=%20y"
    assert scope["subprotocols"] == ["one", "two", "three"] and "method" not in scope
    assert ["cookie", "a=b"] in scope["headers"] and ["x-raw", "caf\xe9"] in scope["headers"]
    assert "websocket.http.response" in scope["extensions"]
    assert scope["client"][0] == "127.0.0.1" and scope["server"] == ["127.0.0.1", server.address[1]]


def test_the_app_chooses_a_subprotocol_and_adds_fields(server):
    with Frames(server.address, "/show?choose=two", fields=[("Sec-WebSocket-Protocol", "one, two")]) as client:
        assert client["sec-websocket-protocol"] == "two"
        assert client["x-one"] == "1" and client["x-two"] == "cafÃ©"
        assert client.all("set-cookie") == ["a=b", "c=d"]
        assert client["date"] and client["content-length"] is None and client["transfer-encoding"] is None


def test_without_a_choice_there_is_no_subprotocol(server):
    with Frames(server.address, "/show", fields=[("Sec-WebSocket-Protocol", "one")]) as client:
        assert client["sec-websocket-protocol"] is None
        assert client["sec-websocket-extensions"] is None


def test_an_app_that_closes_before_it_accepts_refuses_with_403(server):
    assert refused(server, "/refuse").status == 403


def test_an_app_may_refuse_with_an_answer_of_its_own(server):
    answer = refused(server, "/refuse-response", fields=[("Connection", "close")])
    assert answer.status == 418 and ("x-why", "teapot") in answer.head and answer.body == b"short"


def test_an_app_that_raises_before_it_accepts_answers_500(server):
    assert refused(server, "/fail-early", fields=[("Connection", "close")]).status == 500


@pytest.mark.parametrize("version", ["8", "0", "14", "13, 8", "x"])
def test_another_version_is_told_which_there_is(server, version):
    answer = refused(server, omit=["Sec-WebSocket-Version"], fields=[("Sec-WebSocket-Version", version)])
    assert answer.status == 426 and ("Sec-WebSocket-Version", "13") in answer.head


@pytest.mark.parametrize("omit, fields", [
    (["Sec-WebSocket-Key"], []),
    (["Sec-WebSocket-Version"], []),
    (["Sec-WebSocket-Key"], [("Sec-WebSocket-Key", "short")]),
    ([], [("Sec-WebSocket-Key", KEY)]),
    ([], [("Sec-WebSocket-Version", "13")]),
    ([], [("Content-Length", "3")]),
])
def test_a_handshake_that_is_wrong_is_answered_400(server, omit, fields):
    assert refused(server, omit=omit, fields=fields).status == 400


def test_a_post_is_no_handshake(server):
    with Connection(server.address) as client:
        client.socket.sendall(
            f"POST /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
            f"Sec-WebSocket-Key: {KEY}\r\nContent-Length: 0\r\n\r\n".encode()
        )
        assert client.socket.recv(100).startswith(b"HTTP/1.1 400 ")


@pytest.mark.parametrize("omit", [["Upgrade"], ["Connection"]])
def test_what_asks_for_no_websocket_is_an_ordinary_request(server, omit):
    answer = refused(server, omit=omit, fields=[("Connection", "close")])
    assert answer.status == 200 and answer.body.startswith(b"http ")


def test_beyond_the_limit_handshakes_are_answered_503(server):
    clients = [Frames(server.address, "/echo") for _ in range(3)]
    assert refused(server).status == 503
    assert server.get("/").status == 200
    clients[0].send(close_frame(1000))
    clients[0].read_close()
    eventually(lambda: server.metric("roost_websockets") == 2, "one is closed")
    eventually(lambda: server.metric("roost_worker_websockets") == 2, "the app has returned")
    with Frames(server.address) as client:
        client.send(frame(TEXT, "again"))
        assert client.read() == (TEXT, b"again")
    for client in clients[1:]:
        client.socket.close()
    eventually(lambda: server.metric("roost_worker_websockets") == 0, "all are closed")
    assert server.metric("roost_refused_total", cause="too_many_websockets") == 1


def test_a_client_that_leaves_before_the_app_accepts_is_told(server):
    import socket as sockets
    import threading

    raw = sockets.create_connection(server.address)
    raw.sendall(
        f"GET /slow-accept?gate=left HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
        f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode()
    )
    server.wait_for_call("connecting")
    raw.close()
    server.open_gate("left")
    eventually(lambda: server.metric("roost_worker_websockets") == 0, "the app has returned")
    assert any(call in server.calls() for call in ("disconnect 1006", "raised OSError"))
    assert threading.active_count() >= 1


def test_requests_before_the_handshake_are_answered_on_the_same_connection(server):
    with Connection(server.address) as client:
        client.socket.sendall(
            f"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
            f"GET /echo HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
            f"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n".encode() + frame(TEXT, "hi")
        )
        received = b""
        while not received.endswith(b"\x81\x02hi"):
            data = client.socket.recv(65536)
            assert data, received
            received += data
        assert received.startswith(b"HTTP/1.1 200 ") and b"HTTP/1.1 101 " in received
        assert b"s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in received
