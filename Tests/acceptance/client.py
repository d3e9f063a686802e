"""A small HTTP/1 client that hides nothing: bytes go out as written, and what comes back is read strictly."""

import json
import socket
import time

PATIENCE = 30.0
"""Seconds after which waiting for anything counts as a hang. A bound on life, not a measurement."""


class Response:
    def __init__(self, version, status, reason, fields, body):
        self.version = version
        self.status = status
        self.reason = reason
        self.fields = fields
        self.body = body

    def __repr__(self):
        return f"<{self.version} {self.status} {self.reason} {self.fields} {self.body[:200]!r}>"

    def all(self, name):
        return [value for key, value in self.fields if key.lower() == name.lower()]

    def __getitem__(self, name):
        values = self.all(name)
        return values[0] if values else None

    def json(self):
        return json.loads(self.body)


class Truncated(Exception):
    """The connection ended inside a response: ``received`` is what came of its body."""

    def __init__(self, message, received=b""):
        super().__init__(message)
        self.received = received


class Connection:
    """One connection. ``address`` is (host, port), or a path of a Unix socket."""

    def __init__(self, address, timeout=PATIENCE, receive_buffer=None):
        if isinstance(address, str):
            self.socket = socket.socket(socket.AF_UNIX)
        else:
            self.socket = socket.socket(socket.AF_INET6 if ":" in address[0] else socket.AF_INET)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(timeout)
        self.socket.connect(address if isinstance(address, str) else tuple(address))
        self.buffer = b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.socket.close()

    def send(self, data):
        self.socket.sendall(data)
        return self

    def _more(self):
        data = self.socket.recv(1 << 16)
        self.buffer += data
        return bool(data)

    def line(self):
        while b"\r\n" not in self.buffer:
            if not self._more():
                raise Truncated(f"connection ended in a line: {self.buffer[:200]!r}")
        line, self.buffer = self.buffer.split(b"\r\n", 1)
        return line

    def exactly(self, count):
        while len(self.buffer) < count:
            if not self._more():
                raise Truncated(f"connection ended {count - len(self.buffer)} bytes early", self.buffer)
        data, self.buffer = self.buffer[:count], self.buffer[count:]
        return data

    def head(self):
        version, status, reason = self.line().decode("latin-1").split(" ", 2)
        fields = []
        while line := self.line():
            name, value = line.decode("latin-1").split(":", 1)
            fields.append((name, value.strip()))
        return Response(version, int(status), reason, fields, b"")

    def response(self, method="GET"):
        """Reads one response to its end, however its end is given."""
        response = self.head()
        if method == "HEAD" or response.status < 200 or response.status in (204, 304):
            return response
        if response["Transfer-Encoding"] is not None:
            assert response["Transfer-Encoding"].lower() == "chunked", response
            assert response["Content-Length"] is None, response
            response.body = b"".join(self.chunks())
        elif response["Content-Length"] is not None:
            response.body = self.exactly(int(response["Content-Length"]))
        else:
            response.body = self.rest()
        return response

    def chunks(self):
        """Yields the chunks of a chunked body; the last one has to come."""
        received = b""
        while True:
            try:
                size = int(self.line(), 16)
                data = self.exactly(size)
                assert self.line() == b""
            except Truncated as problem:
                raise Truncated(str(problem), received) from None
            if size == 0:
                return
            received = received[-65536:] + data
            yield data

    def rest(self):
        """Reads until the server closes."""
        try:
            while self._more():
                pass
        except ConnectionResetError:
            pass
        data, self.buffer = self.buffer, b""
        return data

    def is_closed_by_server(self):
        """Waits for the server to close, and says whether it did so without sending more."""
        return self.rest() == b""

    def leave(self):
        """Closes at once, as a browser tab does that is shut."""
        self.close()


def get(address, target="/", method="GET", body=b"", fields=(), timeout=PATIENCE):
    """Makes one request on a connection of its own."""
    with Connection(address, timeout) as connection:
        connection.send(request(target, method, body, fields, close=True))
        return connection.response(method)


def request(target="/", method="GET", body=b"", fields=(), close=False):
    """Returns the bytes of one request."""
    lines = [f"{method} {target} HTTP/1.1", "Host: roost.test"]
    lines += [f"{name}: {value}" for name, value in fields]
    if close:
        lines.append("Connection: close")
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body


def eventually(condition, what, seconds=PATIENCE):
    """Waits until ``condition()`` is true and returns its value; never true is a failure, saying ``what``."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
