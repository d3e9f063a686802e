"""An app answers before it has read a large body: what the answer says of the connection is what becomes of it."""

import pytest
from client import request

APP = "asgi_probe:app"
MEGABYTE = 1 << 20


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from server import Roost

    server = Roost(tmp_path_factory.mktemp("early"), APP, "--processes", 1)
    yield server
    server.end()


def upload(path, length, sent):
    return request(path, "POST", fields=[("Content-Length", str(length))]) + bytes(sent)


def test_with_more_to_come_than_is_waited_for_it_announces_the_close(server):
    with server.connect() as connection:
        connection.send(upload("/early", 50 * MEGABYTE, 200_000))
        response = connection.response()
        assert (response.status, response.body) == (200, b"early")
        assert response["Connection"] == "close"
        assert connection.is_closed_by_server()


def test_so_does_our_own_answer_for_an_app_that_fails(server):
    with server.connect() as connection:
        connection.send(upload("/fails", 50 * MEGABYTE, 200_000))
        response = connection.response()
        assert response.status == 500 and response["Connection"] == "close"
        assert connection.is_closed_by_server()


def test_with_little_to_come_the_connection_goes_on(server):
    with server.connect() as connection:
        connection.send(upload("/early", 500_000, 200_000))
        response = connection.response()
        assert response.body == b"early" and response["Connection"] is None
        connection.send(bytes(300_000) + request("/"))
        assert connection.response().body == b"Hello\n"


def test_of_a_body_that_the_app_reads_nothing_is_announced(server):
    with server.connect() as connection:
        connection.send(upload("/digest", 5 * MEGABYTE, 5 * MEGABYTE))
        response = connection.response()
        assert response.status == 200 and response["Connection"] is None
        connection.send(request("/"))
        assert connection.response().body == b"Hello\n"


def test_an_answer_that_begins_while_the_body_is_read_keeps_the_connection(server):
    with server.connect() as connection:
        connection.send(upload("/echo", 3 * MEGABYTE, 100_000))
        assert connection.head()["Connection"] is None
