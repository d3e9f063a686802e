"""Page loads when more arrive than the threads can serve."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from dataclasses import dataclass, field

from harness.client import Lateness, Pool, head
from harness.figures import OURS, Figure, Table, percentile, target
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import ServerFailed, Shape, running

TITLE = "Overload: pages that arrive whole"
SHAPE = Shape(1, 8)
CALLBACKS, CONNECTIONS = 12, 6
MEAN_SECONDS, SIGMA = 0.060, 0.7
#: The mean of a lognormal with median 1 and sigma 0.7: exp(sigma² / 2).
MEAN_OF_UNIT = 1.2776
GOOD_WITHIN, PATIENCE = 2.0, 10.0
PEERS = ("roost", "granian", "gunicorn", "peregrine", "waitress")
#: Load as a share of what the threads can do -> the least share of whole pages we promise there.
LOADS = {0.6: 100.0, 1.5: 60.0}
#: Callbacks carry a body, as a dashboard's do.
BODY = b'{"output":"graph.figure","inputs":[{"id":"region","property":"value","value":"north"}]}' + b" " * 200
METHOD = (
    f"Page loads arrive by chance (Poisson) at 0.6 and 1.5 times what {SHAPE} can serve. A page is one document, then "
    f"{CALLBACKS} callbacks over at most {CONNECTIONS} connections, marked by `Sec-Fetch-Dest` as a browser marks them; each request waits a time "
    f"drawn from a lognormal with a mean of {MEAN_SECONDS * 1000:.0f} ms. The user leaves after {PATIENCE:.0f} s and "
    "closes the connections; nothing is retried after a refusal. A page is whole when all 13 answers are 200 within "
    f"{GOOD_WITHIN:.0f} s of the arrival, slow when that took longer. Arrivals and waits are drawn once and are the "
    "same for every server, for 60 s unless `BENCH_OVERLOAD_SECONDS` said otherwise, and go on for two seconds after "
    "the last page that counts. Refused counts 503s of all requests; "
    "left counts pages given up. Every server runs with its defaults for queues and connections. At 1.5 times, no "
    "server can serve much more than 67 %. Generator late and idle show whether generator or machine was the limit."
)
FIGURES = [
    Figure("whole", "whole within 2 s", "%", "higher"),
    Figure("slow", "slow", "%", ""),
    Figure("pages", "pages", "", "", 0),
    Figure("refused", "refused (503)", "", "", 0),
    Figure("lost", "other failures", "", "", 0),
    Figure("left", "left", "", "", 0),
    Figure("p50_ms", "p50 of answers", "ms", "", 0),
    Figure("p99_ms", "p99 of answers", "ms", "", 0),
    Figure("late_ms", "generator late (p99)", "ms", ""),
    Figure("idle", "idle", "%", "", 0),
]


@dataclass
class Page:
    """One page load: when it is meant to begin, what each of its requests costs, and what became of it."""

    moment: float
    waits_ms: list[float]
    counts: bool
    statuses: list[int] = field(default_factory=list)
    seconds: float = 0.0
    left: bool = False

    @property
    def complete(self) -> bool:
        return len(self.statuses) == 1 + CALLBACKS and all(status == 200 for status in self.statuses)


def schedule(seed: int, load: float, seconds: float) -> list[Page]:
    draw = random.Random(seed)
    rate = load * SHAPE.processes * SHAPE.threads / (MEAN_SECONDS * (1 + CALLBACKS))
    pages, moment = [], draw.expovariate(rate)
    while moment < seconds + GOOD_WITHIN:
        waits = [1000 * draw.lognormvariate(0, SIGMA) * MEAN_SECONDS / MEAN_OF_UNIT for _ in range(1 + CALLBACKS)]
        pages.append(Page(moment, waits, counts=moment < seconds))
        moment += draw.expovariate(rate)
    return pages


async def visit(port: int, page: Page, begin: float, latencies: list[float]) -> None:
    """One user's visit, from the moment it was meant to begin until the page is there or the user leaves."""
    pool = Pool(port, CONNECTIONS)

    async def ask(request: bytes) -> int:
        sent = time.monotonic()
        status = await pool.request(request)
        page.statuses.append(status)
        if status == 200:
            latencies.append(time.monotonic() - sent)
        return status

    async def whole() -> None:
        if await ask(head("GET", f"/sleep?ms={page.waits_ms[0]:.3f}", destination="document")) == 200:
            callbacks = [head("POST", f"/sleep?ms={wait:.3f}", BODY, "empty") for wait in page.waits_ms[1:]]
            await asyncio.gather(*map(ask, callbacks))

    try:
        await asyncio.wait_for(whole(), max(0.001, begin + page.moment + PATIENCE - time.monotonic()))
    except asyncio.TimeoutError:
        page.left = True
    page.seconds = time.monotonic() - (begin + page.moment)
    pool.close()


async def generate(port: int, pages: list[Page]) -> tuple[list[float], Lateness]:
    latencies, lateness, visits = [], Lateness(), []
    begin = time.monotonic() + 0.05
    for page in pages:
        await lateness.until(begin + page.moment)
        visits.append(asyncio.ensure_future(visit(port, page, begin, latencies)))
    await asyncio.gather(*visits)
    return latencies, lateness


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = plan.overload_seconds or (10 if plan.quick else 60)
    for load in LOADS:
        for index, shape, name in plan.turns(plan.number_of_rounds(usual=2), [SHAPE], only=PEERS):
            with attempt(table, f"{load:g} x", name, index) as row, running(name, "timed:app", shape) as server:
                server.wait_for_answer("/trivial")
                server.verify("/sleep?ms=1", b"done /sleep\n")
                pages = schedule(100 + index, load, seconds)
                window = Window(server.pid)
                latencies, lateness = asyncio.run(generate(server.port, pages))
                window.close()
                if window.lost:
                    raise ServerFailed("a process of the server died under the load")
                counted = [page for page in pages if page.counts]
                statuses = Counter(status for page in counted for status in page.statuses)
                whole = sum(page.complete and page.seconds <= GOOD_WITHIN for page in counted)
                slow = sum(page.complete and page.seconds > GOOD_WITHIN for page in counted)
                row.add(
                    dict(
                        whole=100 * whole / max(1, len(counted)),
                        slow=100 * slow / max(1, len(counted)),
                        pages=len(counted),
                        refused=statuses[503],
                        lost=sum(count for status, count in statuses.items() if status not in (200, 503)),
                        left=sum(page.left for page in counted),
                        p50_ms=1000 * percentile(latencies, 0.50),
                        p99_ms=1000 * percentile(latencies, 0.99),
                        late_ms=1000 * percentile(lateness.late, 0.99),
                        idle=window.idle_percent,
                    )
                )
    return table


def targets(table: Table) -> list[dict]:
    lines = []
    for load, least in LOADS.items():
        got = table.median(f"{load:g} x", OURS, "whole")
        lines.append(
            target(
                f"pages whole within 2 s at {load:g} times the capacity",
                f"{'' if least == 100 else 'at least '}{least:.0f} %",
                None if got is None else f"{got:.1f} %",
                None if got is None else got >= least,
            )
        )
    return lines
