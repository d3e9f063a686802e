"""Closed load from wrk: so many keep-alive connections, each sending its next request when it has its answer."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from .figures import Figure
from .process import Window
from .servers import HOST, Server, ServerFailed

#: How long a server may take to accept the first connection.
CONNECT_SECONDS = 15.0
SCRIPT = Path(__file__).with_name("report.lua")
#: What ``measured`` gives.
FIGURES = [
    Figure("cpu_us", "CPU/request", "µs", "lower"),
    Figure("rps", "requests/s", "", "higher", 0),
    Figure("p50_ms", "p50", "ms", "lower", 2),
    Figure("p99_ms", "p99", "ms", "lower", 2),
    Figure("errors", "errors", "", "", 0),
    Figure("idle", "idle", "%", "", 0),
]


@dataclass(frozen=True)
class Report:
    #: Answered with 2xx or 3xx.
    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    #: Answers that were not 2xx or 3xx, and connections that failed.
    errors: int

def is_installed() -> bool:
    return shutil.which("wrk") is not None


async def load(port: int, connections: int, seconds: float, path: str = "/") -> Report:
    """One thread of wrk. A server to which wrk can not even connect gives a report of no answers.

    Raises `ServerFailed` when wrk ends without a report.
    """
    child = await asyncio.create_subprocess_exec(
        "wrk", "-t1", f"-c{connections}", f"-d{seconds:g}s", "--timeout", "10s", "-s", str(SCRIPT),
        f"http://{HOST}:{port}{path}",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )
    try:
        output, _ = await asyncio.wait_for(child.communicate(), seconds + CONNECT_SECONDS)
    except asyncio.TimeoutError:
        # wrk's first connection is a blocking one, before its clock runs.
        return Report(0, seconds, 0.0, 0.0, connections)
    finally:
        if child.returncode is None:
            child.kill()
            await child.wait()
    for line in output.decode(errors="replace").splitlines():
        if line.startswith("REPORT "):
            counted = json.loads(line[len("REPORT "):])
            errors = sum(counted[key] for key in ("connect", "read", "write", "status", "timeout"))
            answered = counted["requests"] - counted["status"]
            return Report(answered, counted["seconds"], counted["p50_ms"], counted["p99_ms"], errors)
    raise ServerFailed(f"wrk gave no report: {output.decode(errors='replace')[-300:]}")


def run(port: int, connections: int, seconds: float, path: str = "/") -> Report:
    return asyncio.run(load(port, connections, seconds, path))


def measured(server: Server, connections: int, seconds: float) -> dict[str, float]:
    """The ``FIGURES`` of a server under so many connections, after a second of them that does not count.

    Raises `ServerFailed` when it answers nothing, or loses a process meanwhile.
    """
    run(server.port, connections, 1)
    window = Window(server.pid)
    report = run(server.port, connections, seconds)
    window.close()
    if window.lost or not report.requests:
        raise ServerFailed(f"{report.requests} answers; a process of the server died: {window.lost}")
    return dict(
        cpu_us=1e6 * window.cpu_seconds / report.requests,
        rps=report.requests / report.seconds,
        p50_ms=report.p50_ms,
        p99_ms=report.p99_ms,
        errors=report.errors,
        idle=window.idle_percent,
    )
