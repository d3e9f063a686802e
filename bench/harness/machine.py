"""Where and with what a scenario ran."""

from __future__ import annotations

import datetime
import json
import os
import platform
import subprocess
import time

from . import process, servers


def output(*command: object) -> str:
    """The first line a command prints, on either stream; empty when it can not be run."""
    try:
        done = subprocess.run(
            [str(part) for part in command], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=30, check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    lines = done.stdout.decode(errors="replace").strip().splitlines()
    return lines[0].strip() if lines else ""


def field(path: str, name: str) -> str:
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            key, _, value = line.partition(":")
            if key.strip() == name:
                return value.strip()
    return ""


def versions() -> dict[str, str]:
    names = [
        "granian", "gunicorn", "hypercorn", "peregrine-server", "uvicorn", "uwsgi", "waitress",
        "httptools", "uvloop", "websockets", "wsproto",
        "dash", "fastapi", "starlette", "streamlit",
    ]
    script = (
        "import importlib.metadata as m, json, platform, sys\n"
        "found = {'CPython': platform.python_version()}\n"
        "for name in sys.argv[1:]:\n"
        "    try: found[name] = m.version(name)\n"
        "    except m.PackageNotFoundError: pass\n"
        "print(json.dumps(found))"
    )
    found = json.loads(output(servers.VENV / "bin" / "python", "-c", script, *names) or "{}")
    if servers.ROOST.exists():
        commit = output("git", "-C", servers.REPOSITORY, "describe", "--always", "--dirty")
        described = output(servers.ROOST, "--version").replace("roost ", "", 1) or "unversioned"
        found["roost"] = f"{described} ({commit})" if commit and " " not in commit else described
    wrk = output("wrk", "-v").split()
    found["wrk"] = wrk[1] if len(wrk) > 1 else "unknown"
    return found


def idle_percent(seconds: float = 2.0) -> float:
    """The share of the machine's CPU that nobody uses while we do nothing."""
    total, idle = process.machine_seconds()
    time.sleep(seconds)
    total_after, idle_after = process.machine_seconds()
    return 100 * (idle_after - idle) / max(1e-9, total_after - total)


def environment() -> dict:
    memory = int((field("/proc/meminfo", "MemTotal") or "0").split()[0])
    return dict(
        date=datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%d %H:%M UTC"),
        cpu=field("/proc/cpuinfo", "model name") or platform.machine(),
        cores=len(os.sched_getaffinity(0)),
        memory_gb=round(memory * 1024 / 1e9, 1),
        kernel=platform.release(),
        idle_percent=round(idle_percent()),
        versions=versions(),
    )
