"""The admin's TCP port: idle connections keep nobody out, names of others are not answered, HTTP/1.0 ends."""

import socket

import pytest
from client import get
from server import Roost


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Roost(tmp_path_factory.mktemp("admin"), "probe:app", "--processes", 1, "--threads", 1)
    yield server
    server.end()


def ask(server, text):
    """Sends a request and reads until the server closes."""
    with socket.create_connection(server.admin, 60) as connection:
        connection.sendall(text.encode())
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    return answer.decode()


def read_to(connection, end):
    """Reads one answer up to its last bytes."""
    answer = b""
    while not answer.endswith(end):
        piece = connection.recv(65536)
        assert piece, f"the server has closed after {answer!r}"
        answer += piece
    return answer


def test_idle_connections_keep_nobody_out(server):
    idle = []
    try:
        for _ in range(321):
            idle.append(socket.create_connection(server.admin, 60))
        for _ in range(5):
            assert get(server.admin, "/healthz", timeout=60).status == 200
    finally:
        for connection in idle:
            connection.close()


def test_a_connection_that_is_kept_and_used_outlives_those_that_idle(server):
    with socket.create_connection(server.admin, 60) as kept:
        kept.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_to(kept, b"ok\n").startswith(b"HTTP/1.1 200")
        idle = [socket.create_connection(server.admin, 60) for _ in range(200)]
        assert get(server.admin, "/healthz", timeout=60).status == 200
        kept.sendall(b"GET /readyz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert read_to(kept, b"ready\n").startswith(b"HTTP/1.1 200")
        for connection in idle:
            connection.close()


@pytest.mark.parametrize("fields", ["", "Host: localhost\r\n", "Connection: keep-alive\r\n"])
def test_http_1_0_is_answered_and_closed(server, fields):
    answer = ask(server, f"GET /healthz HTTP/1.0\r\n{fields}\r\n")
    assert answer.startswith("HTTP/1.") and " 200 " in answer.splitlines()[0]
    assert "connection: close" in answer.lower()
    assert answer.endswith("ok\n")


def test_http_1_0_in_pieces_is_closed_too(server):
    with socket.create_connection(server.admin, 60) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for piece in (b"GET /hea", b"lthz HTT", b"P/1", b".0\r", b"\n\r\n"):
            connection.sendall(piece)
        answer = b""
        while piece := connection.recv(65536):
            answer += piece
    assert answer.endswith(b"ok\n")


@pytest.mark.parametrize("path", ["/healthz", "/status", "/metrics"])
def test_a_name_of_another_is_not_answered(server, path):
    answer = ask(server, f"GET {path} HTTP/1.1\r\nHost: evil.example:9090\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 421") and "--admin-hosts" in answer and "roost_" not in answer


def test_a_name_that_was_given_is_answered(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--admin-hosts", "metrics.example,other.example")
    answer = ask(server, "GET /healthz HTTP/1.1\r\nHost: Other.example:1\r\nConnection: close\r\n\r\n")
    assert answer.startswith("HTTP/1.1 200")
