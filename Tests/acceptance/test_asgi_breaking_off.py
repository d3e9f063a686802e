"""What an application holds for an answer is let go soon after its client has left."""

import pytest
from asgi_servers import wait_for_note
from client import request

ON_EVERY_PYTHON = True


@pytest.mark.parametrize("options", [(), ("--event-loop", "asyncio")])
def test_the_generator_of_a_stream_is_closed_at_once(starting, options):
    """Its `finally` does not wait for a collection of garbage: nothing of ours keeps the error. uvicorn raises none."""
    if starting.kind != "roost":
        pytest.skip("send() does nothing when the client has left")
    server = starting("breaking_off:app", *options)
    with server.connect() as connection:
        connection.send(request("/kept"))
        assert connection.head().status == 200
        assert next(connection.chunks()).startswith(b"part\n")
    wait_for_note(server, "/kept: closed")
