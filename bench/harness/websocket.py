"""The client's side of RFC 6455, without extensions: what the loads send, and a connection on asyncio."""

from __future__ import annotations

import asyncio
import base64
import os
import struct
import time

from .servers import HOST

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
#: Any other than zero, so that the server has something to do.
MASK = b"\x5a\xc3\x19\x7e"


class SocketClosed(Exception):
    """The server refused the handshake, closed the WebSocket or dropped the connection."""


def frame(payload: bytes, opcode: int = BINARY) -> bytes:
    """One whole, masked frame."""
    size = len(payload)
    if size < 126:
        length = struct.pack(">BB", 0x80 | opcode, 0x80 | size)
    elif size < 65_536:
        length = struct.pack(">BBH", 0x80 | opcode, 0x80 | 126, size)
    else:
        length = struct.pack(">BBQ", 0x80 | opcode, 0x80 | 127, size)
    key = (MASK * (size // 4 + 1))[:size]
    masked = int.from_bytes(payload, "little") ^ int.from_bytes(key, "little")
    return length + MASK + masked.to_bytes(size, "little")


def handshake(port: int, path: str = "/", headers: dict[str, str] | None = None) -> bytes:
    key = base64.b64encode(os.urandom(16)).decode("ascii")
    lines = [
        f"GET {path} HTTP/1.1", f"Host: {HOST}:{port}", f"Origin: http://{HOST}:{port}", "Upgrade: websocket",
        "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13",
    ]
    lines += [f"{name}: {value}" for name, value in (headers or {}).items()]
    return "\r\n".join([*lines, "", ""]).encode("ascii")


def frame_head(data: bytes, at: int = 0) -> tuple[int, int, int] | None:
    """First byte, payload size and size of the head of the server's frame at `at`; None when the head is not whole."""
    left = len(data) - at
    if left < 2:
        return None
    first, size = data[at], data[at + 1] & 0x7F
    if size < 126:
        return first, size, 2
    if size == 126:
        return (first, int.from_bytes(data[at + 2:at + 4], "big"), 4) if left >= 4 else None
    return (first, int.from_bytes(data[at + 2:at + 10], "big"), 10) if left >= 10 else None


class WebSocket:
    """An open WebSocket, confined to its loop. Pings are answered, and pongs awaited, while `receive` is waiting."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, head: bytes) -> None:
        self.reader, self.writer, self.head = reader, writer, head
        self.pongs: dict[bytes, asyncio.Future] = {}

    @classmethod
    async def open(cls, port: int, path: str = "/", headers: dict[str, str] | None = None) -> WebSocket:
        """Raises `SocketClosed` when the answer is not 101, OSError when there is none."""
        reader, writer = await asyncio.open_connection(HOST, port)
        try:
            writer.write(handshake(port, path, headers))
            head = await reader.readuntil(b"\r\n\r\n")
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError) as error:
            writer.transport.abort()
            raise SocketClosed("no answer to the handshake") from error
        if not head.startswith(b"HTTP/1.1 101"):
            writer.transport.abort()
            raise SocketClosed(f"the handshake was answered {head[9:40]!r}")
        return cls(reader, writer, head)

    def send(self, payload: bytes, opcode: int = BINARY) -> None:
        self.writer.write(frame(payload, opcode))

    async def receive(self) -> bytes:
        """The next message. Raises `SocketClosed`."""
        message = b""
        try:
            while True:
                head = await self.reader.readexactly(2)
                more = {126: 2, 127: 8}.get(head[1] & 0x7F, 0)
                first, size, _ = frame_head(head + await self.reader.readexactly(more))
                payload = await self.reader.readexactly(size)
                opcode = first & 0x0F
                if opcode == PING:
                    self.send(payload, PONG)
                elif opcode == PONG:
                    waiting = self.pongs.pop(payload, None)
                    if waiting is not None and not waiting.done():
                        waiting.set_result(time.monotonic())
                elif opcode == CLOSE:
                    raise SocketClosed(f"closed by the server: {payload[:2].hex()} {payload[2:]!r}")
                else:
                    message += payload
                    if first & 0x80:
                        return message
        except (asyncio.IncompleteReadError, OSError) as error:
            raise SocketClosed("the connection was lost") from error

    async def ping(self) -> float:
        """Seconds until the server's pong, which another task's `receive` must read."""
        began, payload = time.monotonic(), os.urandom(8)
        pong = self.pongs[payload] = asyncio.get_running_loop().create_future()
        self.send(payload, PING)
        return await pong - began

    def close(self) -> None:
        self.writer.transport.abort()


async def echoes(port: int, payload: bytes) -> bool:
    """Whether the server gives one message back byte for byte, within 10 s."""
    socket = await WebSocket.open(port)
    try:
        socket.send(payload)
        return await asyncio.wait_for(socket.receive(), 10) == payload
    except asyncio.TimeoutError:
        return False
    finally:
        socket.close()
