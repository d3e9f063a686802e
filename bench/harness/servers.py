"""How each server is started: the same app, the same interpreter, the same processes x threads, no access log."""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Callable, Iterator

from . import process

BENCH = Path(__file__).resolve().parent.parent
REPOSITORY = BENCH.parent
APPS = BENCH / "apps"
RAW = BENCH / "results" / "raw"
VENV = Path(os.environ.get("BENCH_VENV", REPOSITORY / ".venv-bench"))
ROOST = Path(os.environ.get("BENCH_ROOST", REPOSITORY / ".build" / "release" / "roost"))
HOST = "127.0.0.1"

START_SECONDS = 60.0
STOP_SECONDS = 15.0


class ServerFailed(Exception):
    """The server did not start, answered wrongly, or died; the message ends with the end of its log."""


@dataclass(frozen=True)
class Shape:
    """Processes x threads."""

    processes: int
    threads: int

    def __str__(self) -> str:
        return f"{self.processes}x{self.threads}"


Command = Callable[[str, Shape, int], list]


def tool(name: str) -> str:
    return str(VENV / "bin" / name)


def roost(app: str, shape: Shape, port: int) -> list:
    return [
        ROOST, "serve", app, "--app-dir", APPS, "--bind", f"{HOST}:{port}", "--python", tool("python"),
        "--processes", shape.processes, "--threads", shape.threads,
    ]


def granian(app: str, shape: Shape, port: int) -> list:
    return [
        tool("granian"), "--interface", "wsgi", "--host", HOST, "--port", port, "--no-access-log",
        "--workers", shape.processes, "--blocking-threads", shape.threads, app,
    ]


def gunicorn(app: str, shape: Shape, port: int) -> list:
    return [
        tool("gunicorn"), "--worker-class", "gthread", "--bind", f"{HOST}:{port}",
        "--workers", shape.processes, "--threads", shape.threads, app,
    ]


def uwsgi(app: str, shape: Shape, port: int) -> list:
    # `--http-socket` closes after each answer and does not say so; without the header a client takes it for an error.
    return [
        tool("uwsgi"), "--http-socket", f"{HOST}:{port}", "--module", app, "--home", VENV, "--pythonpath", APPS,
        "--master", "--processes", shape.processes, "--threads", shape.threads, "--enable-threads", "--need-app",
        "--die-on-term", "--disable-logging", "--add-header", "Connection: close",
    ]


def waitress(app: str, shape: Shape, port: int) -> list:
    return [tool("waitress-serve"), f"--listen={HOST}:{port}", f"--threads={shape.threads}", app]


def peregrine(app: str, shape: Shape, port: int) -> list:
    return [
        tool("peregrine"), "--protocol", "wsgi", "--host", HOST, "--port", port, "--python-path", APPS,
        "--workers", shape.processes, "--wsgi-threads", shape.threads, app,
    ]


def roost_asgi(app: str, shape: Shape, port: int) -> list:
    return [
        ROOST, "serve", app, "--app-dir", APPS, "--bind", f"{HOST}:{port}", "--python", tool("python"),
        "--processes", shape.processes,
    ]


def granian_asgi(app: str, shape: Shape, port: int) -> list:
    return [
        tool("granian"), "--interface", "asgi", "--loop", "uvloop", "--host", HOST, "--port", port, "--no-access-log",
        "--workers", shape.processes, app,
    ]


def hypercorn(app: str, shape: Shape, port: int) -> list:
    return [
        tool("hypercorn"), "--worker-class", "uvloop", "--bind", f"{HOST}:{port}", "--workers", shape.processes, app,
    ]


def peregrine_asgi(app: str, shape: Shape, port: int) -> list:
    return [
        tool("peregrine"), "--protocol", "asgi", "--host", HOST, "--port", port, "--python-path", APPS,
        "--workers", shape.processes, app,
    ]


def uvicorn(app: str, shape: Shape, port: int) -> list:
    return [
        tool("uvicorn"), "--loop", "uvloop", "--http", "httptools", "--host", HOST, "--port", port, "--no-access-log",
        "--workers", shape.processes, app,
    ]


def streamlit(app: str, shape: Shape, port: int) -> list:
    # What roost sets by itself for a script, so that the servers differ and not the settings.
    return [
        tool("streamlit"), "run", app, "--server.address", HOST, "--server.port", port, "--server.headless", "true",
        "--server.fileWatcherType", "none", "--browser.gatherUsageStats", "false", "--client.toolbarMode", "viewer",
    ]


def wrapped(start: Command) -> Command:
    """`start` with the ASGI application that bench/apps/page_app.py makes of the script."""
    return lambda app, shape, port: start("page_app:app", shape, port)


#: What serves a WSGI application, an ASGI application and the Streamlit script, and how each is started.
WSGI: dict[str, Command] = dict(
    roost=roost, granian=granian, gunicorn=gunicorn, peregrine=peregrine, uwsgi=uwsgi, waitress=waitress
)
ASGI: dict[str, Command] = dict(
    roost=roost_asgi, granian=granian_asgi, hypercorn=hypercorn, peregrine=peregrine_asgi, uvicorn=uvicorn
)
STREAMLIT: dict[str, Command] = dict(
    roost=roost_asgi, granian=wrapped(granian_asgi), streamlit=streamlit, uvicorn=wrapped(uvicorn)
)
NAMES = tuple(dict.fromkeys([*WSGI, *ASGI, *STREAMLIT]))


def can_serve(name: str, shape: Shape) -> bool:
    """waitress and `streamlit run` are one process; the others take any shape."""
    return name not in ("waitress", "streamlit") or shape.processes == 1


def available() -> dict[str, str]:
    """Why each server that is not here is missing; empty when all are."""
    binaries = {name: tool(name) for name in NAMES} | dict(roost=ROOST, waitress=tool("waitress-serve"))
    return {name: f"{path} does not exist" for name, path in binaries.items() if not Path(path).exists()}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


@dataclass
class Server:
    """A running server that this run started, in a session of its own."""

    name: str
    port: int
    started: float
    child: subprocess.Popen
    log: Path

    @property
    def pid(self) -> int:
        return self.child.pid

    def tail(self) -> str:
        return self.log.read_text(errors="replace")[-1200:].strip()

    def failed(self, why: str) -> ServerFailed:
        return ServerFailed(f"{self.name}: {why}\n{self.tail()}")

    def get(self, path: str, timeout: float = 10.0) -> tuple[int, bytes]:
        """One GET on a connection of its own: status and body. Raises OSError or ValueError when it goes wrong."""
        with socket.create_connection((HOST, self.port), timeout=timeout) as connection:
            request = f"GET {path} HTTP/1.1\r\nHost: {HOST}:{self.port}\r\nConnection: close\r\n\r\n"
            connection.sendall(request.encode("ascii"))
            answer = b""
            while chunk := connection.recv(65536):
                answer += chunk
        head, _, body = answer.partition(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1."):
            raise ValueError(f"no HTTP answer but {head[:40]!r}")
        return int(head[9:12]), body

    def wait_for_answer(self, path: str) -> float:
        """Seconds from the start of the process to the first complete 200 answer to `path`."""
        deadline = self.started + START_SECONDS
        last = "nothing listened"
        while time.monotonic() < deadline:
            if self.child.poll() is not None:
                raise self.failed(f"ended with status {self.child.returncode} before it answered")
            try:
                status, _ = self.get(path, timeout=max(0.1, deadline - time.monotonic()))
                if status == 200:
                    return time.monotonic() - self.started
                last = f"answered {status}"
            except ConnectionRefusedError:
                pass
            except (OSError, ValueError) as error:
                last = str(error)
            time.sleep(0.002)
        raise self.failed(f"no 200 within {START_SECONDS:.0f} s ({last})")

    def verify(self, path: str, body: bytes) -> None:
        """A server that answers wrongly is not measured."""
        status, got = self.get(path)
        if status != 200 or got != body:
            raise self.failed(f"GET {path} gave {status} {got[:80]!r}, not 200 {body[:80]!r}")

    def stop(self) -> None:
        """SIGTERM to the process that was started; after `STOP_SECONDS`, SIGKILL to what is left of its tree."""
        births = {pid: process.birth(pid) for pid in process.tree(self.pid)}
        if self.child.poll() is None:
            self.child.terminate()
            try:
                self.child.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                pass
        # A pid may have been given to another process meanwhile: only the very same ones are killed.
        for pid, birth in births.items():
            if birth is not None and process.birth(pid) == birth:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        self.child.wait()


@contextlib.contextmanager
def running(
    name: str, app: str, shape: Shape, *options: str, commands: dict[str, Command] = WSGI
) -> Iterator[Server]:
    """The server `name` with `app` (`module:object` or a script in bench/apps) and options of its own, started as
    `commands` say and not yet awaited; stopped at the end."""
    RAW.mkdir(parents=True, exist_ok=True)
    port = free_port()
    log = RAW / f"{name}-{app.partition(':')[0]}-{shape}.log"
    environment = dict(os.environ, PYTHONPATH=str(APPS), VIRTUAL_ENV=str(VENV), PYTHONDONTWRITEBYTECODE="")
    environment["PATH"] = f"{VENV / 'bin'}:{environment.get('PATH', '')}"
    command = [str(part) for part in (*commands[name](app, shape, port), *options)]
    with open(log, "wb") as output:
        started = time.monotonic()
        child = subprocess.Popen(
            command, cwd=APPS, env=environment, stdin=subprocess.DEVNULL, stdout=output, stderr=output,
            start_new_session=True,
        )
    server = Server(name, port, started, child, log)
    try:
        yield server
    finally:
        server.stop()
