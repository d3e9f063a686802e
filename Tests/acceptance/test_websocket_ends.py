"""WebSockets that end before they begin, and ends that cross: nothing is kept, and nothing that was said is lost."""

import os
import socket
import struct

import pytest
from client import eventually, request
from server import Roost
from socket_client import CLOSE, Frames, Refused, close_frame

HANDSHAKE = [
    ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Roost(tmp_path_factory.mktemp("ends"), "asgi_sockets:app", "--processes", 1)
    yield server
    server.end()


def handshake(path):
    return request(path, fields=HANDSHAKE)


def is_empty(server):
    left = {name: server.metric(name) for name in ("roost_connections", "roost_websockets", "roost_threads_busy")}
    print(left)
    return not any(left.values())


@pytest.mark.parametrize("moment", ["while", "with"])
def test_a_handshake_of_half_a_connection_is_let_go(server, moment):
    count = len(server.calls())
    connections = []
    for number in range(5):
        connection = server.connect().send(handshake(f"/slow-accept?gate={moment}-{number}"))
        if moment == "with":
            connection.socket.shutdown(socket.SHUT_WR)
        else:
            eventually(lambda: len(server.calls()) > count + number, "the app has it")
            connection.socket.shutdown(socket.SHUT_WR)
        connections.append(connection)
    for number in range(5):
        server.open_gate(f"{moment}-{number}")
    eventually(lambda: is_empty(server), "nothing is left of them")
    for connection in connections:
        assert b" 101 " not in connection.rest()


def test_a_refusal_goes_out_as_the_app_sends_it(server):
    connection = server.connect().send(handshake("/refuse-at-length?n=2&size=1000&gate=refusal"))
    response = connection.head()
    assert response.status == 403
    assert len(next(connection.chunks())) == 1000
    server.open_gate("refusal")


@pytest.mark.parametrize("size", [8 << 10, 64 << 10])
def test_a_refusal_may_be_long(server, size):
    with server.connect() as connection:
        response = connection.send(handshake(f"/refuse-at-length?n={(2 << 20) // size}&size={size}")).response()
        assert (response.status, len(response.body)) == (403, 2 << 20)
    eventually(lambda: is_empty(server), "nothing is left of it")


def test_a_client_that_leaves_in_the_middle_of_its_refusal_leaves_nothing(server):
    connection = server.connect(receive_buffer=4096).send(handshake("/refuse-at-length?n=400&size=65536"))
    connection.head()
    connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.close()
    eventually(lambda: is_empty(server), "nothing is left of it")


def test_what_the_app_has_sent_arrives_though_the_client_closes_its_side_behind_its_close(server):
    client = Frames(server.address, "/flood?n=100&size=60000", receive_buffer=4096)
    # The answer to a close goes behind all that is under way already.
    client.send(close_frame(1000))
    client.socket.shutdown(socket.SHUT_WR)
    opcode, payload = client.read()
    while opcode != CLOSE:
        assert len(payload) == 60000
        opcode, payload = client.read()
    assert payload == struct.pack(">H", 1000)


def test_the_door_counts_a_handshake_however_it_is_spelled(roost):
    server = roost("asgi_sockets:app", "--processes", 1, "--sticky", "cookie", "--max-sessions", 2)

    def enter():
        fields = [("Upgrade", "h2c, WebSocket"), ("Cookie", f"roost_session={os.urandom(16).hex()}")]
        return Frames(server.address, fields=fields, omit=["Upgrade"])

    inside = [enter() for _ in range(2)]
    with pytest.raises(Refused) as refused:
        enter()
    assert refused.value.status == 503
    for client in inside:
        client.socket.close()
