"""A server that stops while an app is busy with a WebSocket whose client has gone."""

import time

from test_sticky import handshake, says, serve

ON_EVERY_PYTHON = True


def test_the_stop_waits_for_the_app_and_no_longer(roost):
    server = serve(roost, app="sessions:asgi", processes=1)
    connection, _ = handshake(server, path="/slow-end")
    says(connection)
    connection.close()
    begun = time.monotonic()
    server.stop()
    # Not the thirty seconds that a worker has which does not finish.
    assert time.monotonic() - begun < 28
