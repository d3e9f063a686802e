"""Whose a line of the log is."""

import re
import textwrap

from client import eventually
from test_sticky import handshake


def test_the_lines_of_a_websocket_carry_the_id_of_its_handshake(roost, tmp_path):
    (tmp_path / "sockets.py").write_text(textwrap.dedent("""
        async def app(scope, receive, send):
            if scope["type"] != "websocket":
                raise RuntimeError("only WebSockets here")
            await receive()
            name = scope["extensions"]["roost"]["request_id"]
            await send({"type": "websocket.accept", "headers": [(b"x-name", name.encode())]})
            await receive()
            raise ValueError("on purpose")
    """))
    server = roost("sockets:app", "--processes", 1, "--interface", "asgi", app_dir=tmp_path)
    connection, head = handshake(server)
    with connection:
        connection.send(b"\x82\x81\x00\x00\x00\x00x")
        assert connection.exactly(2)[0] & 15 == 8
    name = head["X-Name"]
    assert re.fullmatch("[0-9a-f]{16}", name)
    line = eventually(
        lambda: [line for line in server.log().splitlines() if "ValueError: on purpose" in line],
        "the traceback is in the log",
    )[0]
    assert f"request={name}" in server.log(), line
