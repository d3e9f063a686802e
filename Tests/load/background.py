"""Load beside a fault: clients on an event loop in a thread of their own, while the fault's code goes straight on."""

from __future__ import annotations

import asyncio
import threading
import time
from concurrent.futures import Future

from account import Account, End, now
from client import Client, Check, says


class Load:
    """Steady clients for the length of a `with` block. Every request they made is in `account` afterwards."""

    def __init__(self, address, clients: int = 16, keeps: bool = True, pause: float = 0.02, patience: float = 12.0):
        self.account = Account()
        self.began = now()
        self._address, self._count, self._keeps, self._pause, self._patience = address, clients, keeps, pause, patience
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=lambda: asyncio.run(self._run()), name="load")

    def __enter__(self) -> Load:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self.stop()

    def stop(self) -> None:
        """No new requests; waits for the last ones."""
        self._is_over.set()
        self._thread.join()

    async def _run(self) -> None:
        await asyncio.gather(*(self._client(number) for number in range(self._count)))

    async def _client(self, place: int) -> None:
        client = Client(self.account, self._address, self._keeps, self._patience)
        await asyncio.sleep(self._pause * place / self._count)
        number = client_turn = place
        while not self._is_over.is_set():
            number += self._count
            client_turn += 1
            # Half of them take 20 ms, so that there is always somebody in each worker.
            if client_turn % 2:
                await client.request(f"/hello?n={number}", says(f"hello {number}"))
            else:
                await client.request(f"/work?ms=20&n={number}", says(f"worked {number}"))
            await asyncio.sleep(self._pause)
        await client.close()


class Asked:
    """One request in a thread: `end()` waits for its end."""

    def __init__(self, address, target: str, check: Check = lambda body: True, method: str = "GET", body: bytes = b"",
                 patience: float = 25.0):
        self._future: Future[End] = Future()

        async def ask() -> End:
            client = Client(Account(), address, keeps=False, patience=patience)
            return await client.request(target, check, method, body)

        def run() -> None:
            try:
                self._future.set_result(asyncio.run(ask()))
            except BaseException as problem:  # The waiting side is where it belongs.
                self._future.set_exception(problem)

        threading.Thread(target=run, daemon=True, name=target).start()

    def end(self) -> End:
        return self._future.result(60)

    def is_done(self) -> bool:
        return self._future.done()


class Crowd:
    """Many connections that do nothing quickly: `opening` bytes at once, then one byte of `drip` a second.

    They read nothing; what a server sends fills a small buffer.
    """

    def __init__(self, address, count: int, opening: bytes, drip: bytes = b"", receive_buffer: int = 0):
        import socket

        self.sockets: list[socket.socket] = []
        self.refused = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._drip, args=(drip,), name="crowd")
        patience = time.monotonic() + 15
        for place in range(count):
            if time.monotonic() > patience:
                self.refused += count - place
                break
            one = socket.socket()
            if receive_buffer:
                one.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
            one.settimeout(5)
            try:
                one.connect(address)
                one.sendall(opening)
                one.setblocking(False)
                self.sockets.append(one)
            except OSError:
                self.refused += 1
                one.close()

    def __enter__(self) -> Crowd:
        self._thread.start()
        return self

    def __exit__(self, *_) -> None:
        self._over.set()
        self._thread.join()
        for one in self.sockets:
            one.close()

    def _drip(self, drip: bytes) -> None:
        place = 0
        while not self._over.wait(1.0):
            if not drip:
                continue
            byte = drip[place % len(drip):place % len(drip) + 1]
            place += 1
            for one in self.sockets:
                try:
                    one.send(byte)
                except OSError:
                    pass

    def ended(self) -> int:
        """How many the server has closed so far, whatever it said before."""
        count = 0
        for one in self.sockets:
            try:
                while one.recv(1 << 16):
                    pass
                count += 1
            except BlockingIOError:
                pass
            except OSError:
                count += 1
        return count


def wait(seconds: float) -> None:
    """Time in which the server does what it does: faults are watched, not hurried."""
    time.sleep(seconds)
