"""What forking the workers from one process that has imported the app saves, in memory and in time."""

from __future__ import annotations

import os
import signal
import time

from harness import process, wrk
from harness.figures import OURS, Figure, Table, target
from harness.plan import Plan, attempt
from harness.servers import Server, ServerFailed, Shape, running

TITLE = "Preload"
SHAPE = Shape(4, 4)
#: A worker that has lived so long is replaced without a wait.
LIFE_SECONDS = 11
METHOD = (
    f"{SHAPE}, with `--preload` and, below, without; MB = 10^6 bytes from `/proc/PID/smaps_rollup`, after three seconds "
    "of `wrk -c16`. The total is the PSS of the whole tree (front or master, template, workers): each shared page "
    "counts once. A worker's own is the median of what the workers share with nobody. Then, when the workers are older "
    f"than {LIFE_SECONDS} s, all are killed at once, and the time is taken until the next 200. Dash is "
    "`examples/sales_dash.py`; pandas an app with a data frame of a million rows."
)
APPLICATIONS = {"Dash": "sales:server", "pandas": "frames:app"}
SERVERS = (OURS, "gunicorn")
FIGURES = [
    Figure("total_pss", "total (PSS)", "MB", "lower"),
    Figure("worker_uss", "a worker's own", "MB", "lower"),
    Figure("back_ms", "all workers killed to next answer", "ms", "lower", 0),
]


def workers(server: Server, is_preloaded: bool) -> list[int]:
    """The processes that serve: below the root; and when ours preloads, not the first of them, which is the template."""
    below = [pid for pid in process.tree(server.pid) if pid != server.pid]
    below.sort(key=lambda pid: int(process.birth(pid) or 0))
    return below[1:] if is_preloaded and server.name == OURS else below


def measure(server: Server, is_preloaded: bool, seconds: int) -> dict[str, float]:
    server.wait_for_answer("/")
    started = time.monotonic()
    wrk.run(server.port, 16, seconds)
    # Not before: while workers are being forked, those who fork them are in the tree too.
    found = workers(server, is_preloaded)
    if len(found) != SHAPE.processes:
        raise ServerFailed(f"{len(found)} workers, not {SHAPE.processes}")
    tree = [memory for pid in process.tree(server.pid) if (memory := process.memory(pid)) is not None]
    own = sorted(memory.uss for pid in found if (memory := process.memory(pid)) is not None)
    if len(own) != SHAPE.processes:
        raise ServerFailed("a worker was gone when its memory was measured")
    time.sleep(max(0.0, LIFE_SECONDS - (time.monotonic() - started)))
    for pid in found:
        os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    while True:
        try:
            if server.get("/", timeout=30)[0] == 200:
                break
        except (OSError, ValueError):
            pass
        if time.monotonic() - killed > 60:
            raise ServerFailed("no answer within 60 s after all workers were killed")
        time.sleep(0.002)
    return dict(
        total_pss=sum(memory.pss for memory in tree),
        worker_uss=own[len(own) // 2],
        back_ms=1000 * (time.monotonic() - killed),
    )


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    rounds = plan.number_of_rounds(usual=3)
    for case, app in APPLICATIONS.items():
        for index, shape, name in plan.turns(rounds, [SHAPE], only=SERVERS):
            for is_preloaded in (True, False):
                label = name if is_preloaded else f"{name}, without"
                options = ["--preload"] if is_preloaded else []
                with attempt(table, case, label, index) as row, running(name, app, shape, *options) as server:
                    row.add(measure(server, is_preloaded, 1 if plan.quick else 3), reference=not is_preloaded)
    return table


def targets(table: Table) -> list[dict]:
    found = []
    for case in APPLICATIONS:
        saved, plain = (table.median(case, name, "total_pss") for name in (OURS, f"{OURS}, without"))
        share = None if saved is None or plain is None else saved / plain
        found.append(
            target(
                f"memory of {SHAPE.processes} workers with --preload, {case}", "at most 0.75 of that without",
                None if share is None else f"{share:.2f}", None if share is None else share <= 0.75,
            )
        )
    return found
