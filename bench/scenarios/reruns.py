"""What the others feel while one Streamlit process computes for eight sessions."""

from __future__ import annotations

from harness import streamlit_load
from harness.figures import OURS, Figure, Table, target
from harness.plan import Plan, attempt
from harness.servers import STREAMLIT, ServerFailed, Shape, running
from harness.streamlit_load import BUSY_SESSIONS, PROBE_SECONDS, SPIN_MS

TITLE = "Streamlit: eight reruns at once"
SERVERS = (OURS, "streamlit", "uvicorn")
#: One port, and sessions that find their process again: only ours has more than one.
SHAPES = {OURS: Shape(2, 1)}
CASE = f"{BUSY_SESSIONS} reruns at once"
WANTED_MS = 20.0
METHOD = (
    f"`bench/apps/page.py`: {BUSY_SESSIONS} sessions in one process run the script without a pause, each run holding "
    f"the GIL for {SPIN_MS} ms of CPU. {OURS} has 2 processes, the {BUSY_SESSIONS} sessions share one browser's cookies "
    "and so one of them; `streamlit run` is one process, and uvicorn (with the `st.App`) has one because its workers "
    f"lose sessions. Every {1000 * PROBE_SECONDS:.0f} ms three things are timed from the moment they were planned, for "
    "ten seconds: `GET /_stcore/health` on a new connection as a browser whose session is in the other process (where "
    "there is one: shown as 1), the same as one of the eight, and a WebSocket ping to one of the eight until its pong. "
    "Before is the first of them in the three seconds before the reruns begin."
)
FIGURES = [
    Figure("other_p50_ms", "request elsewhere p50", "ms", "lower"),
    Figure("other_p99_ms", "p99", "ms", "lower"),
    Figure("quiet_p99_ms", "p99 before", "ms"),
    Figure("same_p50_ms", "request to the same process p50", "ms"),
    Figure("same_p99_ms", "p99", "ms"),
    Figure("pong_p50_ms", "pong p50", "ms", "lower"),
    Figure("pong_p99_ms", "p99", "ms", "lower"),
    Figure("pong_max_ms", "longest", "ms"),
    Figure("elsewhere", "another process", "", "", 0),
    Figure("rate", "reruns/s", "", "", 1),
    Figure("late_ms", "generator late (p99)", "ms"),
    Figure("idle", "idle", "%", "", 0),
]


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 4 if plan.quick else 10
    for index, _, name in plan.turns(plan.number_of_rounds(usual=3), [Shape(1, 1)], only=SERVERS):
        shape = SHAPES.get(name, Shape(1, 1))
        with attempt(table, CASE, name, index) as row, running(name, "page.py", shape, commands=STREAMLIT) as server:
            server.wait_for_answer("/_stcore/health")
            report, window = streamlit_load.measure(server, "beside", seconds)
            if shape.processes > 1 and not report["is_elsewhere"]:
                raise ServerFailed("all sessions were in one process")
            shown = {figure.key: report[figure.key] for figure in FIGURES if figure.key in report}
            row.add(
                dict(shown, elsewhere=int(report["is_elsewhere"]), rate=report["done"] / seconds,
                     idle=window.idle_percent)
            )
    return table


def targets(table: Table) -> list[dict]:
    lines = []
    for key, claim in (("other_p99_ms", "a request to the other process"), ("pong_p99_ms", "a pong of the front")):
        got = table.median(CASE, OURS, key)
        lines.append(
            target(
                f"{claim} beside {CASE}, p99", f"within {WANTED_MS:.0f} ms",
                None if got is None else f"{got:.1f} ms", None if got is None else got <= WANTED_MS,
            )
        )
    return lines
