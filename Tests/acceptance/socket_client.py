"""A small WebSocket client that hides nothing: frames go out as written, and what comes back is read strictly."""

import base64
import hashlib
import os
import socket
import struct

from client import PATIENCE

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10


def frame(opcode, payload=b"", fin=True, rsv=0, mask=b"\x12\x34\x56\x78", length_bytes=None):
    """A client's frame; with ``length_bytes`` 0, 2 or 8 its length is written in so many bytes."""
    payload = payload.encode() if isinstance(payload, str) else payload
    if length_bytes is None:
        length_bytes = 0 if len(payload) < 126 else 2 if len(payload) < 65536 else 8
    bit = 0x80 if mask is not None else 0
    head = bytes([(0x80 if fin else 0) | rsv << 4 | opcode])
    if length_bytes == 0:
        head += bytes([bit | len(payload)])
    elif length_bytes == 2:
        head += bytes([bit | 126]) + struct.pack(">H", len(payload))
    else:
        head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
    if mask is None:
        return head + payload
    repeated = int.from_bytes((mask * (len(payload) // 4 + 1))[:len(payload)], "big")
    masked = (int.from_bytes(payload, "big") ^ repeated).to_bytes(len(payload), "big")
    return head + mask + masked


def close_frame(code=None, reason=b""):
    return frame(CLOSE, b"" if code is None else struct.pack(">H", code) + reason)


class Refused(Exception):
    """The handshake was answered with another status than 101."""

    def __init__(self, status, head, body):
        super().__init__(status)
        self.status = status
        self.head = head
        self.body = body


class Frames:
    """One WebSocket. ``address`` is (host, port), or a path of a Unix socket."""

    def __init__(self, address, path="/echo", fields=(), omit=(), timeout=PATIENCE, receive_buffer=None, early=b""):
        self.socket = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address if isinstance(address, str) else tuple(address))
        self.buffer = b""
        key = base64.b64encode(os.urandom(16)).decode()
        wanted = {
            "Host": "localhost", "Connection": "Upgrade", "Upgrade": "websocket", "Sec-WebSocket-Key": key,
            "Sec-WebSocket-Version": "13",
        }
        lines = [f"GET {path} HTTP/1.1"] + [f"{name}: {value}" for name, value in wanted.items() if name not in omit]
        lines += [f"{name}: {value}" for name, value in fields]
        self.socket.sendall("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + early)
        self.handshake(key)

    def handshake(self, key):
        while b"\r\n\r\n" not in self.buffer:
            self.more()
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        self.fields = [tuple(line.split(": ", 1)) for line in lines[1:]]
        status = int(lines[0].split()[1])
        if status != 101:
            length = self["content-length"]
            while length is None or len(self.buffer) < int(length):
                data = self.socket.recv(65536)
                if not data:
                    break
                self.buffer += data
            raise Refused(status, self.fields, self.buffer)
        accept = base64.b64encode(hashlib.sha1(key.encode() + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest())
        assert self["sec-websocket-accept"] == accept.decode(), self.fields
        assert self["upgrade"].lower() == "websocket" and self["connection"].lower() == "upgrade", self.fields

    def __getitem__(self, name):
        values = self.all(name)
        return values[0] if values else None

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def more(self):
        data = self.socket.recv(1 << 20)
        if not data:
            raise EOFError(f"the server has closed; {self.buffer!r} was left")
        self.buffer += data

    def take(self, count):
        parts = []
        while len(self.buffer) < count:
            parts.append(self.buffer)
            count -= len(self.buffer)
            self.buffer = b""
            self.more()
        parts.append(self.buffer[:count])
        self.buffer = self.buffer[count:]
        return b"".join(parts)

    def send(self, *frames):
        self.socket.sendall(b"".join(frames))

    def read_frame(self):
        """The server's next frame: (fin, opcode, payload)."""
        first, second = self.take(2)
        assert first & 0x70 == 0, "a reserved bit is set"
        assert second & 0x80 == 0, "the server masks"
        length = second
        if length == 126:
            length, = struct.unpack(">H", self.take(2))
            assert length >= 126
        elif length == 127:
            length, = struct.unpack(">Q", self.take(8))
            assert length >= 65536
        return bool(first & 0x80), first & 15, self.take(length)

    def read(self):
        """The next message or control frame: (opcode, payload)."""
        fin, opcode, payload = self.read_frame()
        assert opcode != CONTINUATION
        if opcode >= 8:
            assert fin and len(payload) <= 125
            return opcode, payload
        parts = [payload]
        while not fin:
            fin, more, payload = self.read_frame()
            assert more == CONTINUATION, more
            parts.append(payload)
        return opcode, b"".join(parts)

    def read_message(self):
        """The next message, pings answered: (opcode, payload)."""
        while True:
            opcode, payload = self.read()
            if opcode != PING:
                return opcode, payload
            self.send(frame(PONG, payload))

    def read_close(self):
        """Reads up to the server's close frame, and the end of the connection: (code, reason)."""
        while True:
            opcode, payload = self.read()
            if opcode == CLOSE:
                break
        return (struct.unpack(">H", payload[:2])[0] if payload else None), payload[2:].decode()

    def read_end(self):
        """The connection ends without another byte."""
        assert self.buffer == b""
        assert self.socket.recv(1) == b""
