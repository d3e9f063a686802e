"""Latency under a mix of short, waiting and computing requests."""

from __future__ import annotations

import asyncio
import random
import selectors
import time

from harness.client import Lateness, Pool, head
from harness.figures import Figure, Table, no_worse, percentile
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import Shape, running

TITLE = "A mix of work: latency"
CPU_SHARE, CPU_MS = 0.05, 20
SLEEP_SHARE, SLEEP_MS = 0.30, 50
#: What eight threads could do if nothing but the work itself took time.
CAPACITY = 8 / ((CPU_SHARE * CPU_MS + SLEEP_SHARE * SLEEP_MS) / 1000)
RATE = 0.6 * CAPACITY
GIVE_UP = 10.0
#: select(2) ends at descriptor 1024.
MOST_CONNECTIONS = 900
SHAPES = [Shape(1, 8), Shape(2, 4)]
METHOD = (
    f"`bench/apps/timed.py`: {100 * CPU_SHARE:.0f} % of the requests hold the GIL for {CPU_MS} ms of CPU, "
    f"{100 * SLEEP_SHARE:.0f} % wait {SLEEP_MS} ms, the rest answer at once. Open load: Poisson arrivals at "
    f"{RATE:.0f} requests/s, 60 % of the {CAPACITY:.0f} that eight threads could do; the same requests at the same "
    "moments for every server, twelve seconds a round. "
    "Latency runs from the moment a request was meant to be sent, so a stalled server can not hide behind a stalled "
    f"generator; a request without a 200 within {GIVE_UP:.0f} s counts as failed and as {GIVE_UP:.0f} s. "
    "Generator late (p99) is how far the generator itself was behind its own plan, and is part of every latency."
)
FIGURES = [
    Figure("p50_ms", "p50", "ms", "lower"),
    Figure("p99_ms", "p99", "ms", "lower"),
    Figure("trivial_p50_ms", "trivial p50", "ms", "lower"),
    Figure("trivial_p99_ms", "trivial p99", "ms", "lower"),
    Figure("failed", "failed", "", "lower", 0),
    Figure("cpu_ms", "CPU/request", "ms", "lower", 2),
    Figure("late_ms", "generator late (p99)", "ms", ""),
    Figure("idle", "idle", "%", "", 0),
]


def schedule(seed: int, seconds: float) -> list[tuple[float, str]]:
    """(seconds from the start, path) of every request."""
    draw = random.Random(seed)
    planned, moment = [], draw.expovariate(RATE)
    while moment < seconds:
        kind = draw.random()
        if kind < CPU_SHARE:
            path = f"/cpu?ms={CPU_MS}"
        elif kind < CPU_SHARE + SLEEP_SHARE:
            path = f"/sleep?ms={SLEEP_MS}"
        else:
            path = "/trivial"
        planned.append((moment, path))
        moment += draw.expovariate(RATE)
    return planned


async def generate(port: int, planned: list[tuple[float, str]]) -> tuple[list[tuple[str, float, bool]], Lateness]:
    """(path, latency in seconds, whether it was a 200) of every request, in the order of their ends."""
    pool, lateness, ended = Pool(port, limit=MOST_CONNECTIONS), Lateness(), []
    begin = time.monotonic() + 0.05

    async def one(moment: float, path: str) -> None:
        try:
            status = await asyncio.wait_for(pool.request(head("GET", path)), GIVE_UP)
        except asyncio.TimeoutError:
            status = 0
        latency = time.monotonic() - moment if status == 200 else GIVE_UP
        ended.append((path, latency, status == 200))

    tasks = []
    for offset, path in planned:
        await lateness.until(begin + offset)
        tasks.append(asyncio.ensure_future(one(begin + offset, path)))
    await asyncio.gather(*tasks)
    pool.close()
    return ended, lateness


def on_time(port: int, planned: list[tuple[float, str]]) -> tuple[list[tuple[str, float, bool]], Lateness]:
    """Runs `generate` on a loop with select(2), whose timeouts are microseconds; epoll's are whole milliseconds."""
    loop = asyncio.SelectorEventLoop(selectors.SelectSelector())
    try:
        return loop.run_until_complete(generate(port, planned))
    finally:
        loop.close()


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 4 if plan.quick else 12
    for index, shape, name in plan.turns(plan.number_of_rounds(usual=5), SHAPES):
        with attempt(table, str(shape), name, index) as row, running(name, "timed:app", shape) as server:
            server.wait_for_answer("/trivial")
            server.verify("/sleep?ms=1", b"done /sleep\n")
            on_time(server.port, schedule(1000 + index, 1))
            window = Window(server.pid)
            ended, lateness = on_time(server.port, schedule(index, seconds))
            window.close()
            every = [1000 * latency for _, latency, _ in ended]
            trivial = [1000 * latency for path, latency, _ in ended if path == "/trivial"]
            row.add(
                dict(
                    p50_ms=percentile(every, 0.50),
                    p99_ms=percentile(every, 0.99),
                    trivial_p50_ms=percentile(trivial, 0.50),
                    trivial_p99_ms=percentile(trivial, 0.99),
                    failed=sum(not good for _, _, good in ended),
                    cpu_ms=1000 * window.cpu_seconds / max(1, len(ended)),
                    late_ms=1000 * percentile(lateness.late, 0.99),
                    idle=window.idle_percent,
                )
            )
    return table


def targets(table: Table) -> list[dict]:
    return [
        no_worse(table, str(shape), key, f"{label} of the mix at {shape}")
        for shape in SHAPES for key, label in (("p50_ms", "p50"), ("p99_ms", "p99"))
    ]
