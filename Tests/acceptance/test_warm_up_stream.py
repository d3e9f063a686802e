"""The warm-up request of an application whose first page never ends."""

import pytest
from client import request

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("target", ["breaking_off:endless", "breaking_off:endless_wsgi"])
def test_an_application_whose_first_page_is_an_endless_stream_becomes_ready(roost, target):
    server = roost(target, "--processes", 1, "--startup-timeout", "60s")
    assert "the answer to the warm-up request goes on, and is cut short" in server.log()
    with server.connect() as connection:
        connection.send(request("/"))
        assert connection.head().status == 200
        assert next(connection.chunks()) == b"tick\n"
    with server.connect() as connection:
        connection.send(request("/"))
        assert connection.head().status == 200
