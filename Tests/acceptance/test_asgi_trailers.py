"""Trailer fields of an ASGI application, on the wire."""

import hashlib
import http.client
import time

import pytest
from client import request
from server import Roost


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Roost(tmp_path_factory.mktemp("trailers"), "trailers:app", "--processes", 1)
    yield server
    server.end()


def chunks_and_trailers(connection):
    """The body, and the lines behind its last chunk."""
    body = []
    while size := int(connection.line(), 16):
        body.append(connection.exactly(size))
        assert connection.line() == b""
    trailers = []
    while line := connection.line():
        trailers.append(line)
    return b"".join(body), trailers


@pytest.mark.parametrize("value", ["trailers", "Trailers", "deflate;q=0.5, trailers"])
@pytest.mark.parametrize("parts", [0, 1, 30])
def test_a_client_that_takes_trailers_gets_them_behind_the_body(server, parts, value):
    with server.connect() as connection:
        for _ in range(2):
            connection.send(request(f"/{parts}", fields=[("TE", value), ("Connection", "TE")]))
            head = connection.head()
            assert head["Transfer-Encoding"] == "chunked" and head["Content-Length"] is None
            body, trailers = chunks_and_trailers(connection)
            assert len(body) == parts * 100_000 + 3
            assert trailers == [b"x-parts: %d" % parts, b"digest: " + hashlib.sha256(body).hexdigest().encode()]


def test_a_client_that_reads_slowly_gets_them_too(server):
    with server.connect(receive_buffer=4096) as connection:
        connection.send(request("/60", fields=[("TE", "trailers")]))
        time.sleep(0.5)
        connection.head()
        body, trailers = chunks_and_trailers(connection)
        assert trailers[1] == b"digest: " + hashlib.sha256(body).hexdigest().encode()


@pytest.mark.parametrize("fields", [[], [("TE", "gzip")], [("TE", "")], [("TE", "trailersx")]])
def test_who_does_not_ask_for_trailers_gets_none(server, fields):
    with server.connect() as connection:
        for parts in (0, 3):
            connection.send(request(f"/{parts}", fields=fields))
            answer = connection.response()
            assert len(answer.body) == parts * 100_000 + 3
            assert answer["digest"] is None and connection.buffer == b""


def test_head_and_http_1_0_have_none(server):
    with server.connect() as connection:
        connection.send(request("/1", "HEAD", fields=[("TE", "trailers")]))
        connection.response("HEAD")
        connection.send(b"GET /1 HTTP/1.0\r\nTE: trailers\r\n\r\n")
        answer = connection.head()
        assert answer["Transfer-Encoding"] is None
        assert connection.rest().endswith(b"\0end")


def test_a_client_that_knows_nothing_of_them_reads_on(server):
    client = http.client.HTTPConnection(*server.address, timeout=30)
    for _ in range(3):
        client.request("GET", "/2", headers={"TE": "trailers"})
        assert len(client.getresponse().read()) == 200_003
    client.close()
