"""CPU per request when the app does nothing."""

from __future__ import annotations

from statistics import median

from harness import wrk
from harness.figures import OURS, Figure, Table, ratio, target
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import ServerFailed, Shape, running

TITLE = "Hello, world: CPU per request"
METHOD = (
    "`bench/apps/hello.py` under `wrk -t1 -c64`, one second to warm up, then six that count. "
    "CPU per request is the user and system time of the server's whole process tree (`/proc/PID/stat`) over those "
    "seconds, divided by the answers wrk received. Each round starts every server anew, with the order turned by one; "
    "the answer is checked for its bytes first. The load generator shares the machine, so requests per second say how "
    "the two got on together; CPU per request is the figure that compares servers. "
    "uwsgi's `--http-socket` closes after every answer, so it also pays for a connection each time. "
    "Idle is the share of the machine's CPU that nobody used meanwhile."
)
SHAPES = [Shape(1, 1), Shape(1, 8), Shape(2, 4)]
CONNECTIONS = 64
BODY = b"Hello, world!\n"
#: The most that ours / granian's may be.
BOUNDS = {"1x1": 1.15, "1x8": 1.0, "2x4": 1.0}

FIGURES = [
    Figure("cpu_us", "CPU/request", "µs", "lower"),
    Figure("rps", "requests/s", "", "higher", 0),
    Figure("p50_ms", "p50", "ms", "lower", 2),
    Figure("p99_ms", "p99", "ms", "lower", 2),
    Figure("errors", "errors", "", "", 0),
    Figure("idle", "idle", "%", "", 0),
]


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 2 if plan.quick else 6
    for index, shape, name in plan.turns(plan.number_of_rounds(usual=5, quick=2), SHAPES):
        with attempt(table, str(shape), name, index) as row, running(name, "hello:app", shape) as server:
            server.wait_for_answer("/")
            server.verify("/", BODY)
            wrk.run(server.port, CONNECTIONS, 1)
            window = Window(server.pid)
            report = wrk.run(server.port, CONNECTIONS, seconds)
            window.close()
            if window.lost or not report.requests:
                raise ServerFailed(f"{report.requests} answers; a process of the server died: {window.lost}")
            row.add(
                dict(
                    cpu_us=1e6 * window.cpu_seconds / report.requests,
                    rps=report.requests / report.seconds,
                    p50_ms=report.p50_ms,
                    p99_ms=report.p99_ms,
                    errors=report.errors,
                    idle=window.idle_percent,
                )
            )
    return table


def targets(table: Table) -> list[dict]:
    lines = []
    for shape, bound in BOUNDS.items():
        ratios = ratio(list(table.rows.values()), shape, "cpu_us", "granian")
        lines.append(
            target(
                f"CPU per hello-world request at {shape}, {OURS} / granian, median of the rounds",
                f"at most {bound:.2f}",
                f"{median(ratios):.2f} ({min(ratios):.2f}–{max(ratios):.2f})" if ratios else None,
                median(ratios) <= bound if ratios else None,
            )
        )
    return lines
