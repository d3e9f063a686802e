"""How soon a request that can not be served is told so."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass, field

from harness.client import Connection, ConnectionLost, Lateness, head
from harness.figures import OURS, Figure, Table, percentile, target
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import ServerFailed, Shape, running

TITLE = "Refusals: how soon a client is told no"
SHAPE = Shape(1, 8)
SLEEP_MS = 100
#: Arrivals a second, as a multiple of what the threads can answer.
LOAD = 3.0
PATIENCE = 10.0
#: Until the queue is full.
WARM_UP_SECONDS = 2.0
WANTED_MS = 50.0
PEERS = ("roost", "granian", "gunicorn", "waitress")
#: A queue that this load fills in a twentieth of a second, and that no request waits in for long.
LIMIT = 8
FULL = f"queue of {LIMIT}"
DEFAULTS = "defaults"
METHOD = (
    f"Requests that wait {SLEEP_MS} ms arrive by chance (Poisson), each on a connection of its own, at {LOAD:g} times "
    f"what {SHAPE} can answer ({SHAPE.threads * 1000 // SLEEP_MS}/s), for 12 s of which the first "
    f"{WARM_UP_SECONDS:.0f} do not count. A refusal is timed from before the connection is made until the whole 503 is "
    f"there. In the first table {OURS}'s queue holds {LIMIT} requests and is full: who comes then is refused at once. The "
    "others have nothing like it: they take connections, or leave them to the kernel, and let all of them wait. The "
    f"second table has every server with its defaults; there {OURS}'s queue of 100 is never full, because requests that "
    "have waited too long for this load are refused first, which is when their refusals come. The client leaves after "
    f"{PATIENCE:.0f} s."
)
FIGURES = [
    Figure("refused", "refused (503)", "", "", 0),
    Figure("no_p50_ms", "p50 until the 503", "ms"),
    Figure("no_p99_ms", "p99", "ms"),
    Figure("no_max_ms", "longest", "ms"),
    Figure("answered", "answered", "", "", 0),
    Figure("yes_p50_ms", "p50 of answers", "ms", "lower", 0),
    Figure("yes_p99_ms", "p99", "ms", "", 0),
    Figure("left", "left after 10 s", "", "", 0),
    Figure("lost", "other failures", "", "", 0),
    Figure("late_ms", "generator late (p99)", "ms"),
    Figure("idle", "idle", "%", "", 0),
]


@dataclass
class Outcome:
    """Seconds until each answer, by kind."""

    refused: list[float] = field(default_factory=list)
    answered: list[float] = field(default_factory=list)
    left: int = 0
    lost: int = 0


async def ask(port: int, outcome: Outcome, counts: bool) -> None:
    async def exchange() -> int:
        connection = await Connection.open(port)
        try:
            return await connection.exchange(head("GET", f"/sleep?ms={SLEEP_MS}"))
        finally:
            connection.close()

    began = time.monotonic()
    try:
        status = await asyncio.wait_for(exchange(), PATIENCE)
    except asyncio.TimeoutError:
        status = -1
    except (OSError, ConnectionLost):
        status = 0
    if not counts:
        return
    if status == 503:
        outcome.refused.append(time.monotonic() - began)
    elif status == 200:
        outcome.answered.append(time.monotonic() - began)
    elif status == -1:
        outcome.left += 1
    else:
        outcome.lost += 1


async def generate(port: int, seconds: float, seed: int) -> tuple[Outcome, Lateness]:
    draw, outcome, lateness, asked = random.Random(seed), Outcome(), Lateness(), []
    rate = LOAD * SHAPE.threads * 1000 / SLEEP_MS
    begin, moment = time.monotonic() + 0.05, 0.0
    while moment < WARM_UP_SECONDS + seconds:
        await lateness.until(begin + moment)
        asked.append(asyncio.ensure_future(ask(port, outcome, counts=moment >= WARM_UP_SECONDS)))
        moment += draw.expovariate(rate)
    await asyncio.gather(*asked)
    return outcome, lateness


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 4 if plan.quick else 10
    for case, peers, options in ((FULL, (OURS,), ("--queue-limit", str(LIMIT))), (DEFAULTS, PEERS, ())):
        measure(plan, table, case, peers, options, seconds)
    return table


def measure(
    plan: Plan, table: Table, case: str, peers: tuple[str, ...], options: tuple[str, ...], seconds: float
) -> None:
    for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), [SHAPE], only=peers):
        with attempt(table, case, name, index) as row, running(name, "timed:app", shape, *options) as server:
            server.wait_for_answer("/trivial")
            server.verify("/sleep?ms=1", b"done /sleep\n")
            window = Window(server.pid)
            outcome, lateness = asyncio.run(generate(server.port, seconds, seed=300 + index))
            window.close()
            if window.lost:
                raise ServerFailed("a process of the server died under the load")
            figures = dict(
                refused=len(outcome.refused),
                answered=len(outcome.answered),
                left=outcome.left,
                lost=outcome.lost,
                late_ms=1000 * percentile(lateness.late, 0.99),
                idle=window.idle_percent,
            )
            if outcome.refused:
                figures.update(
                    no_p50_ms=1000 * percentile(outcome.refused, 0.50),
                    no_p99_ms=1000 * percentile(outcome.refused, 0.99),
                    no_max_ms=1000 * max(outcome.refused),
                )
            if outcome.answered:
                figures.update(
                    yes_p50_ms=1000 * percentile(outcome.answered, 0.50),
                    yes_p99_ms=1000 * percentile(outcome.answered, 0.99),
                )
            row.add(figures)


def targets(table: Table) -> list[dict]:
    got = table.median(FULL, OURS, "no_p99_ms")
    return [
        target(
            f"a refusal by a full queue at {LOAD:g} times the capacity, p99",
            f"within {WANTED_MS:.0f} ms",
            None if got is None else f"{got:.1f} ms",
            None if got is None else got <= WANTED_MS,
        )
    ]
