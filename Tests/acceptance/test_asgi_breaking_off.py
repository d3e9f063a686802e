"""What an application holds for an answer is let go soon after its client has left."""

import pytest
from asgi_servers import wait_for_note
from client import request

ON_EVERY_PYTHON = True


@pytest.mark.parametrize("options", [(), ("--event-loop", "asyncio")])
def test_the_generator_of_a_stream_is_closed_although_its_error_is_part_of_a_circle(starting, options):
    """As with FastAPI. On uvicorn it is closed with the next collection of garbage."""
    if starting.kind != "roost":
        pytest.skip("it is closed at some time")
    server = starting("breaking_off:app", *options)
    with server.connect() as connection:
        connection.send(request("/kept"))
        assert connection.head().status == 200
        assert next(connection.chunks()).startswith(b"part\n")
    wait_for_note(server, "/kept: closed")
