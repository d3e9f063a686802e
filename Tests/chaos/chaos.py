#!/usr/bin/env python3
"""Chaos under load, bounded: every request is answered or refused in an accounted way, and nothing is left behind.

    python3 Tests/chaos/chaos.py --seconds 60        or: make chaos CHAOS_SECONDS=600

Each second a worker taken by lot is killed, by SIGKILL and by SIGSEGV in turn; every five seconds the server reloads
(SIGHUP). Meanwhile 32 steady clients keep their connections, slow clients dribble requests and sip responses, and
others vanish in mid-request, in mid-response or while they wait. Afterwards the idle server is searched for what it
might have leaked. The last line is `chaos: passed` or `chaos: FAILED`, with status 0 or 1; `--seed` repeats the lots.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import random
import signal
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "load"))

import aftermath  # noqa: E402
import clients  # noqa: E402
from account import Account, Outcome  # noqa: E402
from servers import BINARY, Server  # noqa: E402

KILL_EVERY = 1.0
RELOAD_EVERY = 5.0


def say(text: str) -> None:
    print(f"chaos: {text}", flush=True)


async def kill_workers(server: Server, lots: random.Random, deaths: list[str], misses: list[float]) -> None:
    """SIGKILL and SIGSEGV in turn, to any child that the front has at the moment."""
    for turn in range(10**9):
        await asyncio.sleep(KILL_EVERY)
        workers = aftermath.workers_of(server)
        if workers:
            name = ("SIGKILL", "SIGSEGV")[turn % 2]
            os.kill(lots.choice(workers), getattr(signal, name))
            deaths.append(name)
        else:
            misses.append(time.monotonic())


async def reload(server: Server, reloads: list[float]) -> None:
    while True:
        await asyncio.sleep(RELOAD_EVERY)
        server.signal(signal.SIGHUP)
        reloads.append(time.monotonic())


async def wreak(server: Server, options, account: Account) -> tuple[list[str], list[float], list[float]]:
    """Load and faults for the time given; the clients finish their last request."""
    deaths: list[str] = []
    reloads: list[float] = []
    misses: list[float] = []
    lots = random.Random(options.seed)
    is_over = asyncio.Event()
    load = clients.everybody(account, server.address, lots, is_over)
    running = [asyncio.create_task(client) for client in load]
    faults = [asyncio.create_task(kill_workers(server, lots, deaths, misses))] if options.kills else []
    if options.reloads:
        faults.append(asyncio.create_task(reload(server, reloads)))
    end = time.monotonic() + options.seconds
    while time.monotonic() < end and server.is_running():
        await asyncio.sleep(min(10.0, max(0.0, end - time.monotonic())))
        say(f"{account}; {len(deaths)} deaths, {len(reloads)} reloads")
    for task in faults:
        task.cancel()
    is_over.set()
    ended = await asyncio.gather(*running, *faults, return_exceptions=True)
    for problem in ended:
        if isinstance(problem, Exception):
            raise problem
    return deaths, reloads, misses


def run(options, directory: Path) -> bool:
    server = Server("roost", directory, *clients.OPTIONS, processes=options.processes, threads=options.threads, wait=False)
    failures: list[str] = []
    try:
        server.wait_until_answers()
        # One round without faults first: what the server takes once (buffers, spool files, caches) is no leak.
        say(f"{BINARY}: {options.processes} x {options.threads}, {options.seconds} s, seed {options.seed}")
        warm = Account()
        asyncio.run(wreak(server, argparse.Namespace(seconds=3, kills=False, reloads=False, seed=0), warm))
        aftermath.wait_until_idle(server)
        before = aftermath.Footprint.of(server)
        account = Account()
        deaths, reloads, misses = asyncio.run(wreak(server, options, account))
        account.assert_balanced()
        # By turns, not by the clock: a machine with little time for us has fewer.
        if len(misses) > len(deaths):
            failures.append(f"at {len(misses)} of {len(deaths) + len(misses)} moments there was no worker to kill")
        # Refusals are what a server without the processor's time owes.
        meant = account.sent - account.count(Outcome.LEFT, Outcome.REFUSED, Outcome.TOO_SLOW)
        if account.count(Outcome.ANSWERED) < meant / 2:
            failures.append(f"not even half of {meant} requests that were not refused were answered")
        failures += [f"not accounted for: {end}" for end in account.ends if clients.is_unexplained(end)]
        # The warm-up's requests are in the server's counters too.
        both = Account()
        both.ends = warm.ends + account.ends
        failures += aftermath.search(server, before, both)
        after = aftermath.Footprint.of(server) if server.is_running() else None
        say(f"{account}")
        p50, p99 = (account.latency(share) * 1000 for share in (0.5, 0.99))
        say(f"p50 {p50:.1f} ms, p99 {p99:.1f} ms of what was answered; {len(deaths)} deaths, {len(reloads)} reloads; "
            f"front before: {before}; after: {after}")
        if options.json:
            Path(options.json).write_text(json.dumps({
                "seconds": options.seconds, "shape": f"{options.processes}x{options.threads}", "seed": options.seed,
                "sent": account.sent, "outcomes": account.by_outcome(), "deaths": len(deaths),
                "reloads": len(reloads), "p50_ms": round(p50, 1),
                "p99_ms": round(p99, 1), "failures": failures,
            }, indent=1) + "\n")
        if server.is_running():
            failures += aftermath.search_stopped(server)
    except AssertionError as problem:
        failures.append(str(problem))
    finally:
        server.end()
    for failure in failures[:40]:
        say(f"FAILED: {failure}")
    if failures:
        # Without what dying workers print of themselves.
        lines = [line for line in server.log().splitlines() if " stderr: " not in line]
        say("the end of the server's log:\n" + "\n".join(lines[-40:]))
    return not failures


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=float(os.environ.get("CHAOS_SECONDS", "60")))
    parser.add_argument("--processes", type=int, default=3)
    parser.add_argument("--threads", type=int, default=4)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("CHAOS_SEED", time.time_ns() % 1_000_000)))
    parser.add_argument("--no-kills", dest="kills", action="store_false")
    parser.add_argument("--no-reloads", dest="reloads", action="store_false",
                        default=os.environ.get("CHAOS_RELOADS", "1") != "0")
    parser.add_argument("--json", metavar="FILE", help="write the account to this file")
    return parser.parse_args()


def main() -> int:
    options = arguments()
    # So that the server under way is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    with tempfile.TemporaryDirectory(prefix="roost-chaos-") as directory:
        passed = run(options, Path(directory))
    say("passed" if passed else f"FAILED (again with: --seed {options.seed})")
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main())
