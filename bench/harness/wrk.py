"""Closed load from wrk: so many keep-alive connections, each sending its next request when it has its answer."""

from __future__ import annotations

import asyncio
import json
import shutil
from dataclasses import dataclass
from pathlib import Path

from .servers import HOST, ServerFailed

#: How long a server may take to accept the first connection.
CONNECT_SECONDS = 15.0
SCRIPT = Path(__file__).with_name("report.lua")


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
