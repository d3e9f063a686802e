"""Whether every thread is used, and whether idle and slow connections cost the others anything."""

from __future__ import annotations

import asyncio
from statistics import median

from harness import wrk
from harness.figures import OURS, Figure, Table, target
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import HOST, ServerFailed, Shape, running

TITLE = "Waiting work: are all threads used?"
SHAPE = Shape(2, 8)
SLEEP_SECONDS = 0.05
ACTIVE_ALONE, ACTIVE_BESIDES, OTHERS = 16, 10, 990
ALONE = f"{ACTIVE_ALONE} connections"
BESIDES = f"{ACTIVE_BESIDES} + {OTHERS} slow"
METHOD = (
    f"Every request waits 50 ms (`bench/apps/timed.py`), {SHAPE}, under `wrk -t1`. First {ACTIVE_ALONE} keep-alive "
    f"connections, one for each thread: {ACTIVE_ALONE / SLEEP_SECONDS:.0f} requests/s are possible. Then "
    f"{ACTIVE_BESIDES} connections ({ACTIVE_BESIDES / SLEEP_SECONDS:.0f}/s possible) beside {OTHERS} others, of which "
    "one half says nothing and the other half sends one byte of a header each second; those that the server closes "
    "are opened again and counted. waitress is one process and is not in this table."
)
FIGURES = [
    Figure("share", "of the possible", "%", "higher"),
    Figure("p99_ms", "p99", "ms", "lower"),
    Figure("errors", "errors", "", "", 0),
    Figure("held", "slow held", "", "", 0),
    Figure("reopened", "reopened", "", "", 0),
    Figure("idle", "idle", "%", "", 0),
]


class Others:
    """Connections that want nothing: idle ones, and ones that trickle a header that never ends."""

    def __init__(self, port: int, number: int) -> None:
        self.port = port
        self.number = number
        self.held = 0
        self.reopened = 0
        self.tasks: list[asyncio.Task] = []

    async def begin(self) -> None:
        """Opens all of them, a hundred at a time, and returns when as many are held as the server takes."""
        for first in range(0, self.number, 100):
            for index in range(first, min(first + 100, self.number)):
                self.tasks.append(asyncio.ensure_future(self.hold(trickles=index % 2 == 1)))
            await asyncio.sleep(0.2)
        await asyncio.sleep(1)

    async def hold(self, trickles: bool) -> None:
        while True:
            try:
                reader, writer = await asyncio.wait_for(asyncio.open_connection(HOST, self.port), 5)
            except (OSError, asyncio.TimeoutError):
                await asyncio.sleep(1)
                continue
            self.held += 1
            closed = asyncio.ensure_future(reader.read(65536))
            try:
                if trickles:
                    writer.write(b"GET /trivial HTTP/1.1\r\nHost: localhost\r\nX-Slow: ")
                while not closed.done():
                    await asyncio.wait([closed], timeout=1)
                    if trickles and not closed.done():
                        writer.write(b"a")
            except OSError:
                pass
            finally:
                self.held -= 1
                closed.cancel()
                writer.transport.abort()
            if closed.done() and not closed.cancelled():
                closed.exception()
            self.reopened += 1
            await asyncio.sleep(0.2)

    async def end(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)


async def measure(port: int, pid: int, active: int, others: int, seconds: float) -> dict[str, float]:
    slow = Others(port, others)
    try:
        await slow.begin()
        await wrk.load(port, active, 1, "/sleep?ms=50")
        held, window = slow.held, Window(pid)
        report = await wrk.load(port, active, seconds, "/sleep?ms=50")
        window.close()
    finally:
        await slow.end()
    if window.lost:
        raise ServerFailed("a process of the server died under the load")
    # Where nobody was answered there is no latency.
    latency = dict(p99_ms=report.p99_ms) if report.requests else {}
    return dict(
        **latency,
        share=100 * report.requests / report.seconds / (active / SLEEP_SECONDS),
        errors=report.errors,
        held=held,
        reopened=slow.reopened,
        idle=window.idle_percent,
    )


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 3 if plan.quick else 10
    for case, active, others in ((ALONE, ACTIVE_ALONE, 0), (BESIDES, ACTIVE_BESIDES, OTHERS)):
        for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), [SHAPE]):
            with attempt(table, case, name, index) as row, running(name, "timed:app", shape) as server:
                server.wait_for_answer("/trivial")
                server.verify("/sleep?ms=50", b"done /sleep\n")
                row.add(asyncio.run(measure(server.port, server.pid, active, others, seconds)))
    return table


def targets(table: Table) -> list[dict]:
    lines = []
    for case in (ALONE, BESIDES):
        row = table.rows.get((case, OURS))
        shares = row["samples"]["share"] if row else []
        lines.append(
            target(
                f"50 ms of waiting at {SHAPE}, {case}",
                "at least 97 % of the possible",
                f"{median(shares):.1f} % ({min(shares):.1f}–{max(shares):.1f})" if shares else None,
                median(shares) >= 97 if shares else None,
            )
        )
    return lines
