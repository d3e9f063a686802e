"""An asyncio HTTP/1.1 client that accounts for each of its requests. Standard library only."""

from __future__ import annotations

import asyncio
import zlib
from typing import Callable

from account import BY_STATUS, Account, End, Outcome, now

PATIENCE = 40.0
"""Seconds after which a request without an end counts as hanging. Longer than the server's own queue timeout."""

Check = Callable[[bytes], bool]


class Ended(Exception):
    """The connection ended inside a response."""


class BrokenResponse(Exception):
    """What came is no HTTP/1.1 response."""


class Client:
    """One client with one connection, which it keeps, or opens anew for each request."""

    def __init__(self, account: Account, address: tuple[str, int], keeps: bool = True, patience: float = PATIENCE):
        self.account = account
        self.address = address
        self.keeps = keeps
        self.patience = patience
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def request(self, target: str, check: Check, method: str = "GET", body: bytes = b"", send=None) -> End:
        """Makes one request and returns how it ended. `send(writer, data)` writes it, all at once when None."""
        began = now()
        number = self.account.send(f"{method} {target}")
        progress = Progress(reused=self.writer is not None)
        try:
            outcome, detail = await asyncio.wait_for(
                self._attempt(method, target, body, check, send or write_at_once, progress), self.patience
            )
        except (asyncio.TimeoutError, TimeoutError):
            outcome, detail = Outcome.UNANSWERED, f"(status so far: {progress.status})"
            await self.close()
        except asyncio.CancelledError:
            self.account.end(number, End(Outcome.LEFT, method, target, progress.status, began, now() - began))
            self.abort()
            raise
        except (Ended, OSError) as problem:
            outcome, detail = progress.outcome_of_end(), f"({problem!r})"
            await self.close()
        except (BrokenResponse, ValueError, AssertionError) as problem:
            outcome, detail = Outcome.WRONG, f"({problem!r})"
            await self.close()
        return self.account.end(number, End(outcome, method, target, progress.status, began, now() - began, detail))

    async def _attempt(self, method, target, body, check, send, progress) -> tuple[Outcome, str]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(*self.address, limit=1 << 20)
        progress.is_connected = True
        try:
            await send(self.writer, request_bytes(method, target, body, keeps=self.keeps))
        except OSError:
            # A server may answer and close while we still send: what it said counts.
            pass
        status, fields = await self._head(progress)
        received, stays = await self._body(method, status, fields)
        if not (stays and self.keeps):
            await self.close()
        if status == 200:
            return (Outcome.ANSWERED, "") if check(received) else (Outcome.WRONG, repr(received[:120]))
        return BY_STATUS.get(status, Outcome.ERROR), f"{status} {received[:120]!r}"

    async def _head(self, progress) -> tuple[int, dict[str, str]]:
        try:
            head = await self.reader.readuntil(b"\r\n\r\n")
        except asyncio.IncompleteReadError as problem:
            progress.has_bytes = bool(problem.partial)
            raise Ended("in the head") from None
        progress.has_bytes = True
        first, *lines = head[:-4].decode("latin-1").split("\r\n")
        version, _, rest = first.partition(" ")
        if not version.startswith("HTTP/1."):
            raise BrokenResponse(first[:80])
        fields = {}
        for line in lines:
            name, _, value = line.partition(":")
            fields[name.lower()] = value.strip()
        progress.status = int(rest[:3])
        if version == "HTTP/1.0" and fields.get("connection", "").lower() != "keep-alive":
            fields["connection"] = "close"
        return progress.status, fields

    async def _body(self, method, status, fields) -> tuple[bytes, bool]:
        """The body, and whether the connection is good for another request."""
        stays = fields.get("connection", "").lower() != "close"
        try:
            if method == "HEAD" or status in (204, 304):
                return b"", stays
            if fields.get("transfer-encoding", "").lower() == "chunked":
                return await self._chunks(), stays
            if "content-length" in fields:
                return await self.reader.readexactly(int(fields["content-length"])), stays
            return await self.reader.read(-1), False
        except asyncio.IncompleteReadError:
            raise Ended("in the body") from None

    async def _chunks(self) -> bytes:
        pieces = []
        while True:
            size = int(await self.reader.readuntil(b"\r\n"), 16)
            piece = await self.reader.readexactly(size + 2)
            if size == 0:
                return b"".join(pieces)
            pieces.append(piece[:-2])

    async def leave_during(self, method: str, target: str, body: bytes, sent: int, linger: float) -> None:
        """Sends `sent` bytes of a request on a connection of its own, reads what comes for `linger` s, and is gone."""
        began = now()
        number = self.account.send(f"{method} {target}")
        try:
            reader, writer = await asyncio.wait_for(asyncio.open_connection(*self.address), self.patience)
            try:
                writer.write(request_bytes(method, target, body)[:sent])
                await asyncio.wait_for(reader.read(1 << 16), linger)
            except (asyncio.TimeoutError, TimeoutError, OSError):
                pass
            finally:
                writer.transport.abort()
            outcome = Outcome.LEFT
        except (asyncio.TimeoutError, TimeoutError, OSError):
            outcome = Outcome.NOT_CONNECTED
        self.account.end(number, End(outcome, method, target, None, began, now() - began))

    async def close(self) -> None:
        writer, self.reader, self.writer = self.writer, None, None
        if writer is not None:
            writer.close()
            try:
                await writer.wait_closed()
            except OSError:
                pass

    def abort(self) -> None:
        """Closes without waiting for anything."""
        writer, self.reader, self.writer = self.writer, None, None
        if writer is not None:
            writer.transport.abort()


class Progress:
    """How far a request came, for the judgement when its connection ends."""

    def __init__(self, reused: bool) -> None:
        self.is_connected = reused
        self.is_reused = reused
        self.has_bytes = False
        self.status: int | None = None

    def outcome_of_end(self) -> Outcome:
        if not self.is_connected:
            return Outcome.NOT_CONNECTED
        if self.has_bytes:
            return Outcome.CUT
        return Outcome.IDLE_CLOSED if self.is_reused else Outcome.LOST


def request_bytes(method: str, target: str, body: bytes = b"", keeps: bool = True) -> bytes:
    lines = [f"{method} {target} HTTP/1.1", "Host: fault.test"]
    if body or method in ("POST", "PUT", "PATCH"):
        lines.append(f"Content-Length: {len(body)}")
    if not keeps:
        lines.append("Connection: close")
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


async def write_at_once(writer: asyncio.StreamWriter, data: bytes) -> None:
    writer.write(data)
    await writer.drain()


def write_slowly(pieces: int, seconds: float):
    """A writer that needs `seconds` for a request and cuts it into `pieces`."""

    async def send(writer: asyncio.StreamWriter, data: bytes) -> None:
        size = max(1, len(data) // pieces)
        for start in range(0, len(data), size):
            writer.write(data[start:start + size])
            await writer.drain()
            await asyncio.sleep(seconds / pieces)

    return send


def says(text: str) -> Check:
    return lambda body: body == text.encode()


def echoes(sent: bytes) -> Check:
    """The app answers the length and the checksum of what it was sent."""
    return says(f"{len(sent)} {zlib.crc32(sent)}")


def is_pattern(length: int) -> Check:
    """The app answered `length` bytes of the pattern that `apps/victim.py` makes."""
    return lambda body: len(body) == length and body == pattern(length)


def pattern(length: int) -> bytes:
    return (bytes(range(256)) * (length // 256 + 1))[:length]
