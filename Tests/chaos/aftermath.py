"""What is looked for on the idle server after chaos: leaks, and counters that disagree with the clients."""

from __future__ import annotations

import signal
import subprocess
import time
from dataclasses import dataclass

import proc
from account import Account, Outcome
from servers import Server, eventually, metric

SETTLING = 180.0
"""Seconds in which queue, threads and workers have to come to rest."""
MORE_DESCRIPTORS = 6
MORE_MIB = 48.0


def workers_of(server: Server) -> list[int]:
    return proc.children(server.pid)


@dataclass(frozen=True)
class Footprint:
    """What the front holds."""

    descriptors: dict[str, int]
    resident_mib: float

    @classmethod
    def of(cls, server: Server) -> Footprint:
        return cls(proc.descriptors(server.pid), proc.resident_mib([server.pid]))

    @property
    def count(self) -> int:
        return sum(self.descriptors.values())

    def __str__(self) -> str:
        return f"{self.count} descriptors, {self.resident_mib:.0f} MiB"


def at_rest(server: Server) -> dict[str, float | None]:
    """The gauges that are not where an idle server has them; empty when it is at rest."""
    text = server.metrics_text()
    wanted = {
        "roost_queue_depth": 0, "roost_threads_busy": 0, "roost_workers": server.shape[0],
        "roost_threads": server.shape[0] * server.shape[1],
    }
    return {name: metric(text, name) for name, value in wanted.items() if metric(text, name) != value}


def wait_until_idle(server: Server) -> None:
    deadline = time.monotonic() + SETTLING
    while True:
        restless = at_rest(server)
        if not restless and len(workers_of(server)) == server.shape[0]:
            break
        assert server.is_running(), f"the server ended with status {server.process.returncode}"
        assert time.monotonic() < deadline, (
            f"{SETTLING:.0f} s after the load: {restless}, children {workers_of(server)} of {server.shape[0]} workers"
        )
        time.sleep(0.1)


def search(server: Server, before: Footprint, account: Account) -> list[str]:
    """Everything that is wrong with the idle server, in words."""
    if not server.is_running():
        return [f"the server ended with status {server.process.returncode}"]
    found: list[str] = []
    try:
        wait_until_idle(server)
        # Clients have closed; the front learns of it in its next turns.
        eventually(lambda: server.metric("roost_connections") == 0, "no connection is open", 120)
    except AssertionError as problem:
        found.append(str(problem))
    after = Footprint.of(server)
    if after.count > before.count + MORE_DESCRIPTORS:
        found.append(f"descriptors, before: {before.descriptors}, after: {after.descriptors}")
    if after.resident_mib > before.resident_mib + MORE_MIB:
        found.append(f"memory of the front: {before.resident_mib:.0f} MiB before, {after.resident_mib:.0f} MiB after")
    kept = set(proc.children(server.pid, zombies=True)) - set(workers_of(server))
    if kept:
        found.append(f"zombies: {sorted(kept)}")
    strangers = set(server.processes()) - {server.pid} - set(workers_of(server))
    if strangers:
        found.append(f"processes that nobody owns any more: {sorted(strangers)}")
    return found + disagreements(server.metrics_text(), account)


def disagreements(text: str, account: Account) -> list[str]:
    """Where the server's counters tell of other ends than the clients do."""
    found = []
    for method in ("GET", "POST", "PATCH"):
        ends = [end for end in account.ends if end.method == method]
        for status in (200, 502, 503, 504):
            said = int(metric(text, "roost_requests_total", method=method, status=str(status)) or 0)
            seen = sum(end.status == status for end in ends)
            # Of a response that was cut, or that nobody read to its end, both sides may have a view of their own.
            open_to_dispute = sum(end.outcome in (Outcome.CUT, Outcome.LEFT, Outcome.LOST) for end in ends)
            if abs(said - seen) > open_to_dispute:
                found.append(f"the server counts {said} {method} with status {status}, the clients {seen}")
    return found


def search_stopped(server: Server) -> list[str]:
    """Stops the server by SIGTERM: it leaves with 0, and nothing of it stays."""
    server.signal(signal.SIGTERM)
    try:
        status = server.process.wait(180)
    except subprocess.TimeoutExpired:
        return ["still running 180 s after SIGTERM"]
    left = server.processes()
    return ([f"exit status {status} after SIGTERM"] if status else []) + ([f"left behind: {left}"] if left else [])
