"""Ranges of a file that a framework sends with wsgi.file_wrapper: Flask's send_file."""

import pytest
from client import eventually, request

pytest.importorskip("flask")
SIZE = 3 << 30


@pytest.fixture
def server(roost):
    return roost("file_ranges:app", "--processes", 1, "--threads", 1)


@pytest.mark.parametrize("asked, body, told", [
    ("bytes=-12", b"the very end", f"bytes {SIZE - 12}-{SIZE - 1}/{SIZE}"),
    ("bytes=4-12", b"beginning", f"bytes 4-12/{SIZE}"),
    (f"bytes={SIZE - 3}-", b"end", f"bytes {SIZE - 3}-{SIZE - 1}/{SIZE}"),
])
def test_a_part_is_sent_without_the_app_reading_any_of_it(server, asked, body, told):
    with server.connect() as connection:
        for _ in range(2):
            response = connection.send(request("/file", fields=[("Range", asked)])).response()
            assert (response.status, response.body, response["Content-Range"]) == (206, body, told)
            assert response["Content-Length"] == str(len(body))
    eventually(lambda: server.calls() == ["read 0"] * 2, "both parts have been closed, unread")


def test_the_head_of_a_part_and_a_range_that_is_not_there(server):
    with server.connect() as connection:
        connection.send(request("/file", "HEAD", fields=[("Range", "bytes=-12")]))
        head = connection.response("HEAD")
        assert (head.status, head["Content-Length"]) == (206, "12")
        connection.send(request("/file", fields=[("Range", f"bytes={SIZE}-")]))
        assert connection.response().status == 416
