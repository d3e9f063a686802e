"""Closed load over WebSocket: each connection sends its next burst of messages when all of the last came back.

A program of its own (its CPU is not the server's): `python3 -m harness.echo_load PORT CONNECTIONS BYTES BURST SECONDS`
prints one line of JSON. One thread, one epoll, frames made beforehand, and of what comes back only the heads of frames
are looked at.
"""

from __future__ import annotations

import asyncio
import json
import select
import socket
import sys
import time

from .figures import percentile
from .servers import BENCH, HOST, ServerFailed
from .websocket import CLOSE, PING, PONG, frame, frame_head, handshake

RECEIVE = 1 << 18
#: For the interpreter to start, the connections to be made and the last answers to come.
GRACE_SECONDS = 20.0


class Frames:
    """Counts the messages in a stream of the server's frames."""

    def __init__(self) -> None:
        self.begun = b""
        self.first = 0
        self.left = 0
        self.control = b""
        #: Payloads of pings that wait for their pong.
        self.pings: list[bytes] = []

    def feed(self, data: bytes) -> int:
        """How many messages ended in `data`. Raises ConnectionError at a close frame."""
        if self.begun:
            data, self.begun = self.begun + data, b""
        ended, at, size = 0, 0, len(data)
        while at < size or not self.left:
            if not self.left:
                head = frame_head(data, at)
                if head is None:
                    self.begun = data[at:]
                    return ended
                self.first, self.left, length = head
                at += length
            taken = min(self.left, size - at)
            if self.first & 0x08:
                self.control += data[at:at + taken]
            at += taken
            self.left -= taken
            if self.left:
                return ended
            if not self.first & 0x08:
                ended += self.first >> 7
            else:
                self.end_control()
        return ended

    def end_control(self) -> None:
        payload, self.control = self.control, b""
        if self.first & 0x0F == CLOSE:
            raise ConnectionError(f"closed by the server: {payload[:2].hex()}")
        if self.first & 0x0F == PING:
            self.pings.append(payload)


class Peer:
    """One connection: what it still has to send, and how many of its burst's messages are not yet back."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection((HOST, port), timeout=10)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket.sendall(handshake(port))
        head = b""
        while not head.endswith(b"\r\n\r\n"):
            byte = self.socket.recv(1)
            if not byte:
                raise ConnectionError(f"the handshake was answered {head[:40]!r}")
            head += byte
        if not head.startswith(b"HTTP/1.1 101"):
            raise ConnectionError(f"the handshake was answered {head[:40]!r}")
        self.socket.setblocking(False)
        self.frames = Frames()
        self.unsent = memoryview(b"")
        self.waiting = 0
        self.sent_at = 0.0

    def write(self) -> bool:
        """Sends what the socket takes; whether that was all."""
        try:
            self.unsent = self.unsent[self.socket.send(self.unsent):]
        except BlockingIOError:
            pass
        return not self.unsent


def load(port: int, connections: int, size: int, burst: int, seconds: float) -> dict:
    messages = memoryview(frame(bytes(index * 7 % 251 for index in range(size))) * burst)
    poll, peers, latencies, errors = select.epoll(), {}, [], 0
    for _ in range(connections):
        peer = Peer(port)
        peers[peer.socket.fileno()] = peer
    begin = time.perf_counter()
    end = begin + seconds
    reading, both = select.EPOLLIN, select.EPOLLIN | select.EPOLLOUT

    def send_burst(descriptor: int, peer: Peer, now: float) -> None:
        peer.unsent, peer.waiting, peer.sent_at = messages, burst, now
        if not peer.write():
            poll.modify(descriptor, both)

    for descriptor, peer in peers.items():
        poll.register(descriptor, reading)
        send_burst(descriptor, peer, begin)
    now = begin
    while now < end and peers:
        for descriptor, events in poll.poll(max(0.0, end - now)):
            peer = peers[descriptor]
            try:
                if events & ~reading and peer.write() and events & select.EPOLLOUT:
                    poll.modify(descriptor, reading)
                if not events & reading:
                    continue
                data = peer.socket.recv(RECEIVE)
                if not data:
                    raise ConnectionError("the connection was lost")
                ended = peer.frames.feed(data)
                # Not into the middle of a message.
                while peer.frames.pings and not peer.unsent:
                    peer.socket.sendall(frame(peer.frames.pings.pop(), PONG))
            except BlockingIOError:
                continue
            except OSError:
                errors += 1
                poll.unregister(descriptor)
                peers.pop(descriptor).socket.close()
                continue
            if ended:
                now = time.perf_counter()
                latencies += [now - peer.sent_at] * ended
                peer.waiting -= ended
                if not peer.waiting and now < end:
                    send_burst(descriptor, peer, now)
        now = time.perf_counter()
    for peer in peers.values():
        peer.socket.close()
    return dict(
        messages=len(latencies), seconds=now - begin, errors=errors,
        p50_ms=1000 * percentile(latencies, 0.50), p99_ms=1000 * percentile(latencies, 0.99),
    )


async def measure(port: int, connections: int, size: int, burst: int, seconds: float) -> dict:
    """The load in a process of its own. Raises `ServerFailed` when it ends without a report."""
    child = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "harness.echo_load", *map(str, (port, connections, size, burst, seconds)), cwd=BENCH,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE,
    )
    try:
        output, complaint = await asyncio.wait_for(child.communicate(), seconds + GRACE_SECONDS)
    except asyncio.TimeoutError:
        raise ServerFailed(f"the load did not end within {seconds + GRACE_SECONDS:.0f} s") from None
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    if child.returncode != 0:
        raise ServerFailed(f"the load failed: {complaint.decode(errors='replace').strip()[-300:]}")
    return json.loads(output)


if __name__ == "__main__":
    numbers = [int(value) for value in sys.argv[1:5]]
    print(json.dumps(load(*numbers, float(sys.argv[5]))))
