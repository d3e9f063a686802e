"""A small HTTP/1.1 client on asyncio, for load whose timing matters: one exchange at a time on each connection."""

from __future__ import annotations

import asyncio
import time

from .servers import HOST


class ConnectionLost(Exception):
    """The server closed or reset before the answer was whole; `began` is False when not a byte of it had come."""

    def __init__(self, began: bool) -> None:
        super().__init__("connection lost")
        self.began = began


class Connection(asyncio.Protocol):
    """Confined to the loop it was opened on."""

    def __init__(self) -> None:
        self.transport: asyncio.Transport | None = None
        self.received = bytearray()
        self.answer: asyncio.Future | None = None
        self.is_open = False
        self.exchanges = 0

    @classmethod
    async def open(cls, port: int) -> Connection:
        _, connection = await asyncio.get_running_loop().create_connection(cls, HOST, port)
        return connection

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.is_open = True

    async def exchange(self, request: bytes) -> int:
        """Sends one request and gives the status of its answer, once the answer is whole."""
        if not self.is_open:
            raise ConnectionLost(began=False)
        self.received.clear()
        self.answer = asyncio.get_running_loop().create_future()
        self.exchanges += 1
        self.transport.write(request)
        return await self.answer

    def data_received(self, data: bytes) -> None:
        self.received += data
        if self.answer is None or self.answer.done():
            return
        head_end = self.received.find(b"\r\n\r\n")
        if head_end < 0:
            return
        status = int(self.received[9:12])
        head = bytes(self.received[:head_end]).lower()
        body = head_end + 4
        length = head.find(b"\r\ncontent-length:")
        if length >= 0:
            value = head[length + 17:].split(b"\r\n", 1)[0]
            whole = len(self.received) - body >= int(value)
        elif b"\r\ntransfer-encoding: chunked" in head:
            whole = self.received.endswith(b"0\r\n\r\n")
        else:
            whole = False
        if whole:
            self.finish(status, b"\r\nconnection: close" in head)

    def finish(self, status: int, closes: bool) -> None:
        if closes:
            self.close()
        self.answer.set_result(status)

    def connection_lost(self, error: Exception | None) -> None:
        self.is_open = False
        if self.answer is not None and not self.answer.done():
            # Without a length the end of the connection is the end of the answer (RFC 9112 section 6.3).
            head, end, _ = bytes(self.received).lower().partition(b"\r\n\r\n")
            if error is None and end and b"content-length:" not in head and b"transfer-encoding:" not in head:
                self.answer.set_result(int(self.received[9:12]))
            else:
                self.answer.set_exception(ConnectionLost(began=bool(self.received)))

    def close(self) -> None:
        """At once, as a browser does when its page is left."""
        self.is_open = False
        if self.transport is not None:
            self.transport.abort()


class Pool:
    """Keep-alive connections to one port, as a browser holds them: at most `limit` at a time, the last used first.

    An exchange that finds its idle connection closed by the server is tried once more on a fresh one, as browsers do.
    """

    def __init__(self, port: int, limit: int) -> None:
        self.port = port
        self.gate = asyncio.Semaphore(limit)
        self.idle: list[Connection] = []
        self.all: set[Connection] = set()

    async def request(self, request: bytes) -> int:
        """The status of the answer; 0 when there was none."""
        async with self.gate:
            while self.idle:
                connection = self.idle.pop()
                if not connection.is_open:
                    self.all.discard(connection)
                    continue
                try:
                    return await self.once(connection, request)
                except ConnectionLost as lost:
                    if lost.began:
                        return 0
            try:
                connection = await Connection.open(self.port)
                self.all.add(connection)
                return await self.once(connection, request)
            except (OSError, ConnectionLost):
                return 0

    async def once(self, connection: Connection, request: bytes) -> int:
        try:
            status = await connection.exchange(request)
        except BaseException:
            connection.close()
            self.all.discard(connection)
            raise
        if connection.is_open:
            self.idle.append(connection)
        else:
            self.all.discard(connection)
        return status

    def close(self) -> None:
        for connection in self.all:
            connection.close()
        self.all.clear()
        self.idle.clear()


class Lateness:
    """How late the generator itself ran: the proof that it was not the bottleneck."""

    def __init__(self) -> None:
        self.late: list[float] = []

    async def until(self, moment: float) -> None:
        """Sleeps to `moment` (monotonic seconds) and notes by how much it was missed."""
        wait = moment - time.monotonic()
        if wait > 0:
            await asyncio.sleep(wait)
        self.late.append(time.monotonic() - moment)


def head(method: str, path: str, body: bytes = b"", destination: str = "") -> bytes:
    """A request with the length of its body; GET without one. `destination` is what a browser says that it is for."""
    fetch = f"Sec-Fetch-Dest: {destination}\r\n" if destination else ""
    length = f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n" if body else ""
    return f"{method} {path} HTTP/1.1\r\nHost: {HOST}\r\n{fetch}{length}\r\n".encode("ascii") + body
