"""What the server's processes hold, beside the same app under waitress."""

from __future__ import annotations

import time

from harness import process, wrk
from harness.figures import OURS, Figure, Table, target
from harness.plan import Plan, attempt
from harness.servers import Server, ServerFailed, Shape, running

TITLE = "Memory"
SHAPE = Shape(1, 8)
REQUESTS = 200
METHOD = (
    f"{SHAPE}, from `/proc/PID/smaps_rollup`, MB = 10^6 bytes. The app's process is the one that holds most for "
    "itself below the root of the tree; the others (a front, a master) are summed. RSS counts shared pages in full, PSS by share, and "
    "the total is the PSS of the whole tree. Hello is measured two seconds after the first answer, then after three "
    f"seconds of `wrk -c64`; Dash after {REQUESTS} requests for its page, layout and dependencies in turn. waitress "
    "has one process, so the app's RSS under it is what app and interpreter need with a plain server in them."
)
HELLO_IDLE, HELLO_LOADED, DASH = "hello, idle", "hello, after load", "Dash, after requests"
FIGURES = [
    Figure("app_rss", "app's process RSS", "MB", "lower"),
    Figure("app_uss", "of that its own", "MB"),
    Figure("others_rss", "other processes RSS", "MB"),
    Figure("total_pss", "total (PSS)", "MB", "lower"),
    Figure("processes", "processes", "", "", 0),
]


def held(server: Server) -> dict[str, float]:
    found = {pid: memory for pid in process.tree(server.pid) if (memory := process.memory(pid)) is not None}
    if not found:
        raise ServerFailed("the server was gone when its memory was measured")
    # A server of several processes has its front or master at the root of the tree, and the app below it.
    below = [memory for pid, memory in found.items() if pid != server.pid]
    app = max(below or found.values(), key=lambda each: each.uss)
    return dict(
        app_rss=app.rss,
        app_uss=app.uss,
        others_rss=sum(each.rss for each in found.values()) - app.rss,
        total_pss=sum(each.pss for each in found.values()),
        processes=len(found),
    )


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    rounds = plan.number_of_rounds(usual=3)
    for index, shape, name in plan.turns(rounds, [SHAPE]):
        with running(name, "hello:app", shape) as server:
            with attempt(table, HELLO_IDLE, name, index) as row:
                server.wait_for_answer("/")
                time.sleep(2)
                row.add(held(server))
            with attempt(table, HELLO_LOADED, name, index) as row:
                wrk.run(server.port, 64, 1 if plan.quick else 3)
                row.add(held(server))
    for index, shape, name in plan.turns(rounds, [SHAPE]):
        with attempt(table, DASH, name, index) as row, running(name, "dashboard:server", shape) as server:
            server.wait_for_answer("/")
            for count in range(REQUESTS):
                path = ("/", "/_dash-layout", "/_dash-dependencies")[count % 3]
                status, _ = server.get(path)
                if status != 200:
                    raise ServerFailed(f"GET {path} gave {status}")
            row.add(held(server))
    return table


def targets(table: Table) -> list[dict]:
    front = table.median(HELLO_IDLE, OURS, "others_rss")
    worker, alone = table.median(DASH, OURS, "app_rss"), table.median(DASH, "waitress", "app_rss")
    above = worker - alone if worker is not None and alone is not None else None
    return [
        target(
            "resident memory of the idle front", "below 30 MB",
            None if front is None else f"{front:.1f} MB", None if front is None else front < 30,
        ),
        target(
            "resident memory of a worker with the Dash app, above the same app under waitress", "at most 10 MB",
            None if above is None else f"{above:.1f} MB", None if above is None else above <= 10,
        ),
    ]
