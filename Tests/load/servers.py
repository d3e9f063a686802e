"""How Roost and its peers are started for a fault: the same app, the same interpreter, P processes x T threads.

Each gets the options of its own that help it most: time-outs for requests that hang, respawning, no orphans.
"""

from __future__ import annotations

import contextlib
import functools
import os
import resource
import shutil
import signal
import socket
import subprocess
import sys
import time
import uuid
from pathlib import Path

import proc

ROOT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).resolve().parent / "apps"
BINARY = Path(os.environ.get("ROOST_BINARY", ROOT / ".build" / "release" / "roost"))
VENV = Path(os.environ.get("BENCH_VENV", ROOT / ".venv-bench"))
HOST = "127.0.0.1"
PATIENCE = 40.0
"""Seconds after which waiting counts as a hang."""

HANG_SECONDS = 4
"""What each server is told, in its own words, about requests that do not end."""


def tool(name: str) -> str:
    return str(VENV / "bin" / name)


@functools.lru_cache(maxsize=None)
def knows(option: str) -> bool:
    """Whether this Roost has the option: a binary that lacks one is tested without."""
    shown = subprocess.run([str(BINARY), "serve", "--help"], capture_output=True, text=True, timeout=20).stdout
    return option in shown


def roost(directory: Path, port: int, processes: int, threads: int, access_log: bool) -> list:
    command = [
        BINARY, "serve", "victim:application", "--app-dir", directory, "--bind", f"{HOST}:{port}",
        "--python", tool("python") if Path(tool("python")).exists() else sys.executable,
        "--processes", processes, "--threads", threads, "--admin-socket", directory / "admin.sock",
        "--access-log", "text" if access_log else "off", "--graceful-timeout", "15s",
    ]
    if knows("--request-timeout TIME"):
        command += ["--request-timeout", f"{HANG_SECONDS}s"]
    if knows("--request-timeout-grace"):
        command += ["--request-timeout-grace", "1s"]
    return command


def gunicorn(directory: Path, port: int, processes: int, threads: int, access_log: bool) -> list:
    return [
        tool("gunicorn"), "--worker-class", "gthread", "--bind", f"{HOST}:{port}", "--chdir", directory,
        "--workers", processes, "--threads", threads, "--timeout", HANG_SECONDS, "--graceful-timeout", 15,
        *(("--access-logfile", "-") if access_log else ()), "victim:application",
    ]


def granian(directory: Path, port: int, processes: int, threads: int, access_log: bool) -> list:
    return [
        tool("granian"), "--interface", "wsgi", "--host", HOST, "--port", port, "--working-dir", directory,
        "--workers", processes, "--blocking-threads", threads, "--respawn-failed-workers",
        "--workers-kill-timeout", "15s", "--access-log" if access_log else "--no-access-log", "victim:application",
    ]


def uwsgi(directory: Path, port: int, processes: int, threads: int, access_log: bool) -> list:
    # `--http` is its own front process, which its documentation asks for when no other server stands before it.
    return [
        tool("uwsgi"), "--http", f"{HOST}:{port}", "--http-keepalive", "--http-auto-chunked", "--module",
        "victim:application", "--home", VENV, "--chdir", directory, "--master", "--processes", processes,
        "--threads", threads, "--enable-threads", "--need-app", "--lazy-apps", "--no-orphans",
        "--hook-master-start", "unix_signal:15 gracefully_kill_them_all", "--master-fifo", directory / "fifo",
        "--listen", 1024,
        "--harakiri", HANG_SECONDS, "--reload-mercy", 15, "--worker-reload-mercy", 15,
        *(() if access_log else ("--disable-logging",)),
    ]


COMMANDS = dict(roost=roost, gunicorn=gunicorn, granian=granian, uwsgi=uwsgi)
PEERS = [name for name in COMMANDS if name != "roost"]


def version(name: str) -> str:
    if name == "roost":
        shown = subprocess.run([str(BINARY), "--version"], capture_output=True, text=True, timeout=20).stdout
        return shown.strip().split()[-1] if shown.strip() else "?"
    ask = "import importlib.metadata, sys; print(importlib.metadata.version(sys.argv[1]))"
    return subprocess.run([tool("python"), "-c", ask, name], capture_output=True, text=True, timeout=20).stdout.strip()


def is_available(name: str) -> bool:
    return (BINARY if name == "roost" else Path(tool(name))).exists()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return probe.getsockname()[1]


class Server:
    """One server in a directory of its own, which has its copy of the app, its log and the app's notes."""

    def __init__(self, name: str, directory: Path, *options, processes: int = 2, threads: int = 4, output=None,
                 limits: dict | None = None, wait: bool = True, cgroup: Path | None = None, port: int | None = None,
                 access_log: bool = False):
        self.name = name
        self.directory = directory
        self.directory.mkdir(parents=True, exist_ok=True)
        shutil.copy(APPS / "victim.py", directory)
        self.port = port or free_port()
        self.address = (HOST, self.port)
        self.shape = (processes, threads)
        self.mark = uuid.uuid4().hex
        self.log_path = directory / "log"
        environment = {key: value for key, value in os.environ.items() if not key.startswith("ROOST_")}
        environment.update(
            VICTIM_DIRECTORY=str(directory), VICTIM_MARK=self.mark, PYTHONDONTWRITEBYTECODE="1",
            PATH=f"{VENV / 'bin'}:{environment.get('PATH', '')}",
        )
        command = [*COMMANDS[name](directory, self.port, processes, threads, access_log)]
        # The peers take the app as the last argument and options before it.
        command = command + [*options] if name in ("roost", "uwsgi") else command[:-1] + [*options] + command[-1:]

        def prepare() -> None:
            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            for kind, value in (limits or {}).items():
                resource.setrlimit(kind, value)
            if cgroup is not None:
                (cgroup / "cgroup.procs").write_text(str(os.getpid()))

        log = open(self.log_path, "ab") if output is None else None
        try:
            self.process = subprocess.Popen(
                [str(part) for part in command], cwd=directory, env=environment, stdin=subprocess.DEVNULL,
                stdout=log or output, stderr=subprocess.STDOUT, start_new_session=True, preexec_fn=prepare,
            )
        finally:
            if log:
                log.close()
        self.pid = self.process.pid
        if wait:
            self.wait_until_answers()

    # Life

    def wait_until_answers(self, seconds: float = PATIENCE) -> None:
        def answers() -> bool:
            assert self.process.poll() is None, (
                f"{self.name} ended with status {self.process.returncode} before it served: {self.last_words()}"
            )
            return self.get("/hello?n=1", timeout=2) == (200, b"hello 1")

        eventually(answers, f"{self.name} answers", seconds)
        # One worker answers; a moment later all do, and nothing of the start is measured.
        eventually(lambda: len(proc.children(self.pid)) >= self.shape[0], "all workers are there", seconds)
        if self.name == "roost":
            eventually(lambda: self.metric("roost_workers") == self.shape[0], "all workers are ready", seconds)
        else:
            time.sleep(0.7)

    def end(self) -> None:
        """Leaves nothing running, whatever was done to it."""
        for pid in proc.marked("VICTIM_MARK", self.mark):
            with contextlib.suppress(OSError):
                os.kill(pid, signal.SIGCONT)
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(2)
        for pid in [self.pid, *proc.marked("VICTIM_MARK", self.mark)]:
            with contextlib.suppress(OSError):
                if pid != self.pid or self.process.poll() is None:
                    os.kill(pid, signal.SIGKILL)
        self.process.wait()

    def signal(self, number: int) -> None:
        self.process.send_signal(number)

    def reload(self) -> None:
        """SIGHUP; for uWSGI its chain reload, which serves on where its SIGHUP starts all anew."""
        if self.name == "uwsgi":
            with contextlib.suppress(OSError):
                fifo = os.open(self.directory / "fifo", os.O_WRONLY | os.O_NONBLOCK)
                os.write(fifo, b"c")
                os.close(fifo)
        elif self.is_running():
            self.signal(signal.SIGHUP)

    def is_running(self) -> bool:
        return self.process.poll() is None

    # What it says and leaves

    def log(self) -> str:
        try:
            return self.log_path.read_text(errors="replace")
        except OSError:
            return ""

    def last_words(self) -> str:
        lines = [line for line in self.log().splitlines() if line.strip()]
        return " / ".join(line.strip() for line in lines[-3:])

    def notes(self, name: str) -> list[int]:
        """The pids that ran what the app notes under this name, in order."""
        try:
            return [int(line) for line in (self.directory / name).read_text().split()]
        except OSError:
            return []

    def tell(self, name: str, value: str) -> None:
        """Tells the app something it reads at its start."""
        (self.directory / name).write_text(value)

    def processes(self) -> list[int]:
        return proc.marked("VICTIM_MARK", self.mark)

    def get(self, target: str, timeout: float = PATIENCE) -> tuple[int, bytes] | None:
        """One GET on a connection of its own: status and body, or None when there was no answer."""
        return get(self.address, target, timeout)

    def metric(self, name: str, **labels: str) -> float | None:
        """The sum of Roost's samples of this name and with these labels."""
        return metric(self.metrics_text(), name, **labels)

    def metrics_text(self) -> str:
        answer = get(str(self.directory / "admin.sock"), "/metrics", 10)
        return answer[1].decode() if answer else ""


def get(address, target: str, timeout: float) -> tuple[int, bytes] | None:
    try:
        with socket.socket(socket.AF_UNIX if isinstance(address, str) else socket.AF_INET) as connection:
            connection.settimeout(timeout)
            connection.connect(address)
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: fault.test\r\nConnection: close\r\n\r\n".encode())
            answer = b""
            while piece := connection.recv(1 << 16):
                answer += piece
    except OSError:
        return None
    head, _, body = answer.partition(b"\r\n\r\n")
    return (int(head[9:12]), body) if head.startswith(b"HTTP/1.") else None


def metric(text: str, name: str, **labels: str) -> float | None:
    total = None
    for line in text.splitlines():
        if line.startswith((f"{name} ", f"{name}{{")):
            sample, _, value = line.rpartition(" ")
            if all(f'{key}="{wanted}"' in sample for key, wanted in labels.items()):
                total = (total or 0) + float(value)
    return total


def eventually(condition, what: str, seconds: float = PATIENCE):
    """Waits until `condition()` is true and returns its value."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value:
            return value
        assert time.monotonic() < deadline, f"never happened: {what}"
        time.sleep(0.02)
