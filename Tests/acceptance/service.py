"""What systemd does for a service, as far as a test needs it: sockets that it holds, and a socket that it listens on."""

import os
import socket
import sys

# Gives the descriptors named in its first argument the numbers from 3 on, as systemd does, and becomes the rest.
ACTIVATE = """
import fcntl, os, sys
descriptors = [int(text) for text in sys.argv[1].split(",")]
lifted = [fcntl.fcntl(number, fcntl.F_DUPFD, 100) for number in descriptors]
for place, number in enumerate(lifted):
    os.dup2(number, 3 + place, inheritable=True)
    os.close(number)
os.closerange(3 + len(lifted), 100)
os.environ["LISTEN_FDS"] = str(len(lifted))
os.environ["LISTEN_PID"] = str(os.getpid())
os.execv(sys.argv[2], sys.argv[2:])
"""


def activation(*sockets):
    """Returns settings for `roost(...)` by which the server is started with these sockets."""
    numbers = [each.fileno() for each in sockets]
    return {
        "prefix": [sys.executable, "-c", ACTIVATE, ",".join(map(str, numbers))],
        "pass_fds": numbers,
        "binds": [],
    }


def listening(address=("127.0.0.1", 0)):
    """A socket that listens, TCP or (a path) Unix."""
    sock = socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET)
    if not isinstance(address, str):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(address)
    sock.listen(512)
    return sock


class Manager:
    """The receiving end of NOTIFY_SOCKET; `heard` has every message with the process that sent it."""

    def __init__(self, address):
        self.address = address
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
        self.socket.bind("\0" + address[1:] if address.startswith("@") else address)
        self.socket.setblocking(False)
        self.heard = []

    def listen(self):
        """Takes what has come, and returns all lines so far."""
        while True:
            try:
                data, ancillary, _, _ = self.socket.recvmsg(1 << 16, 64)
            except BlockingIOError:
                break
            pid = int.from_bytes(ancillary[0][2][:4], sys.byteorder) if ancillary else 0
            self.heard.append((pid, data.decode()))
        return [line for _, message in self.heard for line in message.split("\n")]

    def close(self):
        self.socket.close()
        if not self.address.startswith("@") and os.path.exists(self.address):
            os.unlink(self.address)
