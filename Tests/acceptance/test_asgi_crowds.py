"""Hundreds of large answers at once to clients who do not read: they share one ring, and nobody else waits for them."""

import contextlib
import sys
from pathlib import Path

from client import Connection, eventually, request

sys.path.insert(0, str(Path(__file__).parent / "apps"))

from crowds import block  # noqa: E402

MANY = 300


def test_small_answers_go_on_while_hundreds_of_large_ones_wait_for_slow_clients(roost, tmp_path):
    # Through a Unix socket, of which the kernel holds little.
    path = str(tmp_path / "socket")
    server = roost("crowds:app", "--processes", 1, "--concurrency", MANY + 10, binds=["unix:" + path])
    with contextlib.ExitStack() as stack:
        slow = [stack.enter_context(Connection(path)) for _ in range(MANY)]
        quick = stack.enter_context(Connection(path))
        for number, connection in enumerate(slow):
            connection.send(request(f"/large?{number}"))
            if number % 10 == 0:
                assert quick.send(request("/")).response().body == b"small"
        eventually(lambda: len(server.calls()) == MANY, "all are in the application")
        # Their windows are full, four times what the ring holds and more; whoever is small goes through.
        for _ in range(200):
            assert quick.send(request("/")).response().body == b"small"
        assert server.metric("roost_threads_busy") == MANY
        for number, connection in enumerate(slow):
            assert connection.response().body == b"".join(block(number, index) for index in range(16))
            if number % 10 == 0:
                assert quick.send(request("/")).response().body == b"small"
        eventually(lambda: server.metric("roost_threads_busy") == 0, "all have ended")
