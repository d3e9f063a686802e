"""WebSockets, as a plain ASGI application sees them; how frames are spoken is tested elsewhere.

Each claim holds on uvicorn too unless it says otherwise.
"""

import json
import threading
from socket import SHUT_RDWR

import pytest
from asgi_servers import KINDS, notes, start, wait_for_note
from client import eventually

websockets = pytest.importorskip("websockets.sync.client")

ON_EVERY_PYTHON = True


@pytest.fixture(scope="module", params=KINDS)
def sockets(request, tmp_path_factory, python):
    server = start(request.param, tmp_path_factory.mktemp("sockets"), "conform_socket:app", python=python)
    yield server
    server.end()


def connect(server, path, **options):
    return websockets.connect(f"ws://127.0.0.1:{server.address[1]}{path}", open_timeout=30, max_size=None, **options)


def closing(socket):
    """Reads to the end, and returns how the server closed."""
    from websockets.exceptions import ConnectionClosed

    try:
        while True:
            socket.recv(30)
    except ConnectionClosed as closed:
        return closed.rcvd and (closed.rcvd.code, closed.rcvd.reason)


def test_a_websocket_scope_has_every_key_of_the_specification(sockets):
    with connect(sockets, "/scope?x=1", subprotocols=["one", "two|x", "three"],
                 additional_headers={"X-One": "1"}) as socket:
        seen = json.loads(socket.recv(30))
    assert seen["type"] == "websocket" and seen["scheme"] == "ws" and seen["http_version"] == "1.1"
    assert seen["path"] == "/scope" and seen["raw_path"] == "bytes:/scope" and seen["query_string"] == "bytes:x=1"
    assert seen["subprotocols"] == ["one", "two|x", "three"] and seen["root_path"] == ""
    assert seen["client"][0] == "127.0.0.1" and seen["server"] == ["127.0.0.1", sockets.address[1]]
    assert ["bytes:x-one", "bytes:1"] in seen["headers"] and "method" not in seen
    assert ["bytes:sec-websocket-protocol", "bytes:one, two|x, three"] in seen["headers"]
    assert "websocket.http.response" in seen["extensions"]


def test_messages_go_both_ways_as_text_and_as_bytes(sockets):
    with connect(sockets, "/echo") as socket:
        for message in ("hello", "", "\u96ea" * 1000, b"", b"\x00\xff", b"x" * 65536, "y" * 1_000_000, b"z" * 900_000):
            socket.send(message)
            assert socket.recv(30) == message


def test_the_application_chooses_the_subprotocol_and_adds_headers(sockets):
    with connect(sockets, "/chosen", subprotocols=["one", "two"]) as socket:
        assert socket.subprotocol == "two"
        assert socket.response.headers["X-One"] == "1" and socket.response.headers["Set-Cookie"] == "socket=1"
        assert closing(socket) == (1000, "")


def refusal(server, path):
    from websockets.exceptions import InvalidStatus

    with pytest.raises(InvalidStatus) as refused:
        connect(server, path)
    return refused.value.response


def test_a_refused_handshake_is_403(sockets):
    assert refusal(sockets, "/refused").status_code == 403


def test_a_denied_handshake_is_the_applications_own_answer(sockets):
    response = refusal(sockets, "/denied")
    assert response.status_code == 401 and response.body == b"who are you?"
    assert response.headers["WWW-Authenticate"] == "Basic"


def test_an_error_before_accept_is_500(sockets):
    assert refusal(sockets, "/raises-before").status_code == 500
    assert refusal(sockets, "/says-nothing").status_code in (403, 500)


def test_the_applications_close_reaches_the_client_with_code_and_reason(sockets):
    with connect(sockets, "/closes") as socket:
        assert socket.recv(30) == "before"
        assert closing(socket) == (4321, "enough \u2713")
    wait_for_note(sockets, "closes: websocket.disconnect")


def test_an_application_that_returns_closes_with_1000(sockets):
    """uvicorn drops the connection."""
    with connect(sockets, "/returns") as socket:
        assert closing(socket) == ((1000, "") if sockets.kind == "roost" else None)


def test_an_application_that_raises_closes_with_1011(sockets):
    """uvicorn drops the connection."""
    with connect(sockets, "/raises") as socket:
        assert closing(socket) == ((1011, "") if sockets.kind == "roost" else None)
    eventually(lambda: "raised after accept" in sockets.log(), "it is logged")


@pytest.mark.parametrize("code, reason", [(1000, ""), (1001, "away"), (3000, "x" * 100), (4999, "\u96ea")])
def test_the_clients_close_reaches_the_application_with_code_and_reason(sockets, code, reason):
    with connect(sockets, "/echo") as socket:
        socket.send("hello")
        socket.recv(30)
        socket.close(code, reason)
    wait_for_note(sockets, "echo: " + json.dumps({"code": code, "reason": reason}))


def test_a_client_that_is_cut_off_is_1006_or_1005(sockets):
    with connect(sockets, "/echo") as socket:
        socket.send("hello")
        socket.recv(30)
        socket.socket.shutdown(SHUT_RDWR)
    eventually(
        lambda: any(f'"code": {code}' in line for line in notes(sockets) for code in (1005, 1006)),
        f"the application is told; it was {notes(sockets)}",
    )


def test_sending_to_a_closed_socket_is_an_oserror(sockets):
    """As of specification version 2.4; uvicorn raises its ClientDisconnected, which is one."""
    with connect(sockets, "/sends-after"):
        pass
    wait_for_note(sockets, "sends_after: " + ("OSError" if sockets.kind == "roost" else notes(sockets)[-1][13:]))


def test_the_application_sends_while_it_waits(sockets):
    with connect(sockets, "/pushes") as socket:
        assert [socket.recv(30) for _ in range(3)] == ["push 0", "push 1", "push 2"]
        socket.send("hello")
        assert [socket.recv(30) for _ in range(3)] == ["push 3", "push 4", "got hello"]


def test_a_client_that_reads_slowly_stops_send(sockets):
    """64 MB are offered; the application gets as far as the buffers reach."""
    with connect(sockets, "/flood", compression=None, max_queue=2) as socket:

        def stalled():
            before = len(notes(sockets))
            threading.Event().wait(0.5)
            return before and len(notes(sockets)) == before

        eventually(stalled, "send() waits")
        reached = max(int(line.split()[1]) for line in notes(sockets) if line.startswith("flood: ") and line[7:].isdigit())
        assert reached < 1500
        for number in range(2000):
            assert int.from_bytes(socket.recv(30)[:4], "big") == number
        assert closing(socket)[0] == 1000


def test_plain_requests_reach_an_application_with_websockets(sockets):
    assert sockets.get("/").body == b"not a WebSocket"
