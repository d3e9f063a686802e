"""A browser's conversation with a Streamlit app: page loads, reruns, and reruns beside which others are timed.

A program of its own, run by the Python that has streamlit, whose protobuf messages it speaks: `python -m
harness.streamlit_load PORT page|rerun|beside NUMBER`. It warms the app up, says READY, begins when it is given a line and
ends with one line of JSON.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import subprocess
import sys
import time
from collections import deque
from typing import Iterator

from .client import Connection, ConnectionLost, Lateness
from .figures import percentile
from .process import Window
from .servers import BENCH, HOST, Server, ServerFailed, tool
from .websocket import SocketClosed, WebSocket

#: As many as a browser opens to one host over HTTP/1.1.
CONNECTIONS = 6
STATIC = re.compile(rb'(?:href|src)="(?:\./|/)?(static/[^"]+)"')
MEDIA = re.compile(rb"/media/[0-9a-f]+\.\w+")
SAID = re.compile(rb"process (\d+) runs (\d+)")
#: Sessions that run at once in one process, what each run computes, and between two of the requests and pings beside.
BUSY_SESSIONS, SPIN_MS, PROBE_SECONDS = 8, 150, 0.05
#: Newcomers that are sent before it is believed that there is only one process.
NEWCOMERS = 6
WARM_UP_PAGES = 3
RUN_SECONDS = 60.0
START_SECONDS, GRACE_SECONDS = 90.0, 120.0


class Browser:
    """One browser: its cookies, its connections, its WebSocket."""

    def __init__(self, port: int, cookies: dict[str, str] | None = None) -> None:
        self.port = port
        self.cookies = dict(cookies or {})
        self.connections: list[Connection] = []
        self.socket: WebSocket | None = None

    def cookie_lines(self) -> dict[str, str]:
        pairs = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        return {"Cookie": pairs} if pairs else {}

    def keep_cookies(self, head: bytes) -> None:
        for line in head.decode("latin-1").split("\r\n"):
            name, _, value = line.partition(":")
            if name.lower() == "set-cookie":
                key, _, content = value.partition(";")[0].strip().partition("=")
                self.cookies[key] = content

    async def get(self, path: str, connection: Connection) -> bytes:
        """The body of a 200; any other answer is a `ServerFailed`."""
        lines = {"Host": f"{HOST}:{self.port}", "Accept-Encoding": "gzip", **self.cookie_lines()}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        status = await connection.exchange(f"GET {path} HTTP/1.1\r\n{head}\r\n".encode("latin-1"))
        answered, _, body = bytes(connection.received).partition(b"\r\n\r\n")
        if status != 200:
            raise ServerFailed(f"GET {path} gave {status}")
        self.keep_cookies(answered)
        return body

    async def connection(self) -> Connection:
        """One more, or the first of those that are open."""
        opened = await Connection.open(self.port)
        self.connections.append(opened)
        return opened

    async def get_all(self, paths: list[str]) -> None:
        """Over `CONNECTIONS` connections, each taking the next path when it has its answer."""
        left = deque(paths)

        async def one(connection: Connection | None) -> None:
            connection = connection or await self.connection()
            while left:
                await self.get(left.popleft(), connection)

        held = [*self.connections, *[None] * (CONNECTIONS - len(self.connections))]
        await asyncio.gather(*(one(each) for each in held[:len(paths)]))

    async def connect(self) -> None:
        """Health, whose answer has the token, and the WebSocket that names it."""
        await self.get_all(["/_stcore/health", "/_stcore/host-config"])
        token = self.cookies.get("_streamlit_xsrf", "PLACEHOLDER_AUTH_TOKEN")
        self.socket = await WebSocket.open(
            self.port, "/_stcore/stream", {**self.cookie_lines(), "Sec-WebSocket-Protocol": f"streamlit, {token}"}
        )
        self.keep_cookies(self.socket.head)

    async def run(self, query: str = "") -> tuple[int, set[str]]:
        """One run of the script: the process it ran in, and the media it shows. Raises `ServerFailed`."""
        from streamlit.proto.BackMsg_pb2 import BackMsg
        from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

        asked = BackMsg()
        asked.rerun_script.query_string = query
        self.socket.send(asked.SerializeToString())
        process, media = 0, set()
        while True:
            data = await self.socket.receive()
            message = ForwardMsg.FromString(data)
            kind = message.WhichOneof("type")
            if kind == "delta":
                if said := SAID.search(data):
                    process = int(said[1])
                media |= {path.decode("ascii") for path in MEDIA.findall(data)}
            elif kind == "script_finished":
                if message.script_finished != ForwardMsg.FINISHED_SUCCESSFULLY or not process:
                    raise ServerFailed(f"the script ended with {message.script_finished}, in process {process}")
                return process, media

    async def load_page(self) -> None:
        """What a browser with an empty cache asks for, in its order, until the page with its images is whole."""
        page = await self.get("/", await self.connection())
        files = ["/" + path.decode("ascii") for path in dict.fromkeys(STATIC.findall(page))]
        if not files:
            raise ServerFailed("the page names no static files")
        await self.get_all(files)
        await self.connect()
        _, media = await self.run()
        await self.get_all(sorted(media))

    def close(self) -> None:
        for connection in self.connections:
            connection.close()
        if self.socket is not None:
            self.socket.close()


@contextlib.contextmanager
def browser(port: int, cookies: dict[str, str] | None = None) -> Iterator[Browser]:
    made = Browser(port, cookies)
    try:
        yield made
    finally:
        made.close()


def wait_for_the_word() -> None:
    print("READY", flush=True)
    sys.stdin.readline()


def in_milliseconds(label: str, taken: list[float]) -> dict[str, float]:
    return {
        f"{label}_p50_ms": 1000 * percentile(taken, 0.50),
        f"{label}_p99_ms": 1000 * percentile(taken, 0.99),
        f"{label}_max_ms": 1000 * max(taken, default=0.0),
    }


async def pages(port: int, count: int) -> dict:
    """One browser after the other."""
    taken = []
    for index in range(WARM_UP_PAGES + count):
        if index == WARM_UP_PAGES:
            wait_for_the_word()
        began = time.monotonic()
        with browser(port) as each:
            await asyncio.wait_for(each.load_page(), RUN_SECONDS)
        taken.append(time.monotonic() - began)
    return dict(done=count, **in_milliseconds("page", taken[WARM_UP_PAGES:]))


async def reruns(port: int, count: int) -> dict:
    """One session, its runs one after the other."""
    taken = []
    with browser(port) as each:
        await each.connect()
        for index in range(WARM_UP_PAGES + count):
            if index == WARM_UP_PAGES:
                wait_for_the_word()
            began = time.monotonic()
            await asyncio.wait_for(each.run(), RUN_SECONDS)
            taken.append(time.monotonic() - began)
    return dict(done=count, **in_milliseconds("rerun", taken[WARM_UP_PAGES:]))


async def every(seconds: float, taken: list[float], what, lateness: Lateness) -> None:
    """Does `what` at each multiple of PROBE_SECONDS, however long the last one takes; times from the moment planned."""
    async def one(moment: float) -> None:
        await asyncio.wait_for(what(), RUN_SECONDS)
        taken.append(time.monotonic() - moment)

    begin, begun = time.monotonic() + PROBE_SECONDS, []
    for index in range(int(seconds / PROBE_SECONDS)):
        moment = begin + index * PROBE_SECONDS
        await lateness.until(moment)
        begun.append(asyncio.ensure_future(one(moment)))
    await asyncio.gather(*begun)


async def beside(port: int, seconds: float) -> dict:
    """BUSY_SESSIONS sessions of one process run without a pause; meanwhile others ask for health, and pings are sent."""
    with contextlib.ExitStack() as stack:
        sessions: list[Browser] = []
        for _ in range(BUSY_SESSIONS):
            each = stack.enter_context(browser(port, sessions[0].cookies if sessions else None))
            await each.connect()
            sessions.append(each)
        homes = {(await each.run())[0] for each in sessions}
        if len(homes) != 1:
            raise ServerFailed(f"sessions with the same cookies ran in {len(homes)} processes")
        other, is_elsewhere = sessions[0], False
        for _ in range(NEWCOMERS):
            other = stack.enter_context(browser(port))
            await other.connect()
            process, _ = await other.run()
            is_elsewhere = process not in homes
            if is_elsewhere:
                break
        lateness, ended = Lateness(), [0]

        async def health(asker: Browser) -> None:
            """On a connection of its own: a browser's next request waits for no other."""
            with browser(port, asker.cookies) as once:
                await once.get("/_stcore/health", await once.connection())

        quiet: list[float] = []
        await every(3, quiet, lambda: health(other), lateness)
        stopping = asyncio.Event()

        async def keep_running(each: Browser) -> None:
            while not stopping.is_set():
                await each.run(f"spin={SPIN_MS}")
                ended[0] += 1

        wait_for_the_word()
        runners = [asyncio.ensure_future(keep_running(each)) for each in sessions]
        await asyncio.sleep(1)
        elsewhere, here, pongs, before = [], [], [], ended[0]
        turn = iter(range(1 << 30))
        tasks = [
            every(seconds, elsewhere, lambda: health(other), lateness),
            every(seconds, here, lambda: health(sessions[0]), lateness),
            every(seconds, pongs, lambda: sessions[next(turn) % BUSY_SESSIONS].socket.ping(), lateness),
        ]
        probing = asyncio.gather(*tasks)
        await asyncio.wait([probing, *runners], return_when=asyncio.FIRST_COMPLETED)
        if not probing.done():
            probing.cancel()
            raise ServerFailed("a session ended early: " + "; ".join(
                str(task.exception()) for task in runners if task.done() and task.exception() is not None
            ))
        await probing
        done = ended[0] - before
        stopping.set()
        await asyncio.gather(*runners)
        return dict(
            done=done, is_elsewhere=is_elsewhere, late_ms=1000 * percentile(lateness.late, 0.99),
            **in_milliseconds("quiet", quiet), **in_milliseconds("other", elsewhere), **in_milliseconds("same", here),
            **in_milliseconds("pong", pongs),
        )


def measure(server: Server, what: str, number: float) -> tuple[dict, Window]:
    """Runs this program and gives its report, and the CPU that the server used meanwhile. Raises `ServerFailed`."""
    child = subprocess.Popen(
        [tool("python"), "-m", "harness.streamlit_load", str(server.port), what, f"{number:g}"], cwd=BENCH,
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )
    try:
        # The pipe of complaints is small, but so are they.
        if child.stdout.readline() != "READY\n":
            raise ServerFailed(f"the load did not begin: {child.stderr.read().strip()[-300:]}")
        window = Window(server.pid)
        output, complaint = child.communicate("go\n", GRACE_SECONDS)
        window.close()
    except subprocess.TimeoutExpired:
        raise ServerFailed(f"the load did not end within {GRACE_SECONDS:.0f} s") from None
    finally:
        if child.poll() is None:
            child.kill()
            child.wait()
    if child.returncode != 0:
        raise ServerFailed(f"the load failed: {complaint.strip()[-300:]}")
    if window.lost:
        raise ServerFailed("a process of the server died under the load")
    return json.loads(output.splitlines()[-1]), window


def main() -> None:
    port, what, number = int(sys.argv[1]), sys.argv[2], float(sys.argv[3])
    kinds = dict(page=lambda: pages(port, int(number)), rerun=lambda: reruns(port, int(number)),
                 beside=lambda: beside(port, number))
    try:
        print(json.dumps(asyncio.run(kinds[what]())))
    except (ServerFailed, SocketClosed, ConnectionLost, OSError, asyncio.TimeoutError) as error:
        sys.exit(f"{type(error).__name__}: {error}")


if __name__ == "__main__":
    main()
