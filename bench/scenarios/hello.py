"""CPU per request when the app does nothing."""

from __future__ import annotations

from statistics import median

from harness import wrk
from harness.figures import OURS, Table, ratio, target
from harness.plan import Plan, attempt
from harness.servers import Shape, running

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


def run(plan: Plan) -> Table:
    table = Table(wrk.FIGURES)
    seconds = 2 if plan.quick else 6
    for index, shape, name in plan.turns(plan.number_of_rounds(usual=5, quick=2), SHAPES):
        with attempt(table, str(shape), name, index) as row, running(name, "hello:app", shape) as server:
            server.wait_for_answer("/")
            server.verify("/", BODY)
            row.add(wrk.measured(server, CONNECTIONS, seconds))
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
