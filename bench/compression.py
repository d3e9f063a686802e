"""What --ws-compression costs the front and saves the line: prints the table of docs/websockets.md.

    python3 bench/compression.py [PYTHON]

One client, on loopback, after `make build`. The front's CPU time is from /proc; only the difference of the columns says
something, since the client and the app have the same machine.
"""

import base64
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import zlib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "bench/apps"))
from messages import sample  # noqa: E402

CASES = [("rows", 200, 50_000), ("rows", 1000, 20_000), ("rows", 10_000, 5000), ("rows", 65_536, 1500), ("numbers", 65_536, 1000)]


def frame(text, compressed):
    payload, first = text.encode(), 0x81
    if compressed:
        compressor = zlib.compressobj(wbits=-15)
        payload, first = compressor.compress(payload) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4], 0xC1
    if len(payload) < 126:
        length = bytes([0x80 | len(payload)])
    elif len(payload) < 65_536:
        length = b"\xfe" + len(payload).to_bytes(2, "big")
    else:
        length = b"\xff" + len(payload).to_bytes(8, "big")
    return bytes([first]) + length + bytes(4) + payload


class Client:
    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port))
        self.stream = self.socket.makefile("rb", 1 << 18)
        lines = [
            "GET / HTTP/1.1", "Host: localhost", "Connection: Upgrade", "Upgrade: websocket", "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {base64.b64encode(os.urandom(16)).decode()}", "Sec-WebSocket-Extensions: permessage-deflate",
        ]
        self.socket.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        while self.stream.readline() != b"\r\n":
            pass

    def read(self):
        """Bytes of the next frame's payload."""
        length = self.stream.read(2)[1]
        if length >= 126:
            length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
        self.stream.read(length)
        return length


def cpu(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def measured(python, mode):
    """For each case (bytes a message on the line, µs of the front for sending one, µs for receiving one)."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as directory:
        process = subprocess.Popen(
            [ROOT / ".build/release/roost", "serve", "messages:app", "--app-dir", ROOT / "bench/apps", "--python", python,
             "--bind", f"127.0.0.1:{port}", "--interface", "asgi", "--ws-compression", mode, "--processes", "1",
             "--admin-socket", f"{directory}/admin"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port)).close()
                    break
                except OSError:
                    time.sleep(0.1)
            client = Client(port)
            for kind, size, count in CASES:
                before = cpu(process.pid)
                client.socket.sendall(frame(f"send {kind} {size} {count}", False))
                sent = sum(client.read() for _ in range(count)) / count
                between = cpu(process.pid)
                message = frame(sample(kind, size), mode == "deflate")
                for _ in range(count):
                    client.socket.sendall(message)
                client.socket.sendall(frame("end", False))
                client.read()
                yield sent, (between - before) / count * 1e6, (cpu(process.pid) - between) / count * 1e6
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


python = sys.argv[1] if len(sys.argv) > 1 else sys.executable
print("| a message of the app | on the line | sending: off, deflate | receiving: off, deflate |")
print("| --- | --- | --- | --- |")
for (kind, size, _), off, on in zip(CASES, measured(python, "off"), measured(python, "deflate")):
    print(f"| {size} bytes, {kind} | {on[0]:.0f} | {off[1]:.0f}, {on[1]:.0f} µs | {off[2]:.0f}, {on[2]:.0f} µs |")
