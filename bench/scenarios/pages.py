"""How long a Streamlit page takes to load, and to run again."""

from __future__ import annotations

from harness import streamlit_load
from harness.figures import OURS, Figure, Table, target
from harness.plan import Plan, attempt
from harness.servers import STREAMLIT, Shape, running

TITLE = "Streamlit: page load and rerun"
SERVERS = tuple(STREAMLIT)
SHAPE = Shape(1, 1)
PAGE, RERUN = "page load", "rerun"
KINDS = {PAGE: ("page", 20, 5), RERUN: ("rerun", 100, 30)}
#: What may be lost to chance between two runs of the same script.
SLACK = 1.05
METHOD = (
    "`bench/apps/page.py`, about thirty elements with a table, a chart and three images, in one process, with the same "
    "settings everywhere; granian and uvicorn host the `st.App` of `bench/apps/page_app.py`. A client that speaks "
    "Streamlit's protobuf messages does what a browser with an empty cache does, one browser after the other: the page, "
    "the files it names over six connections, health and host-config, the WebSocket, the first run of the script until "
    "it has finished, the images. Then one session runs the script again and again. "
    f"{KINDS[PAGE][1]} page loads and {KINDS[RERUN][1]} reruns a round, after three of each; CPU is that of the server's "
    "whole process tree, the run of the script included, which is most of it."
)
FIGURES = [
    Figure("p50_ms", "p50", "ms", "lower"),
    Figure("p99_ms", "p99", "ms", "lower"),
    Figure("cpu_ms", "CPU of the server", "ms", "lower"),
    Figure("idle", "idle", "%", "", 0),
]


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    for case, (kind, usual, quick) in KINDS.items():
        for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), [SHAPE], only=SERVERS):
            with attempt(table, case, name, index) as row, running(name, "page.py", shape, commands=STREAMLIT) as server:
                server.wait_for_answer("/_stcore/health")
                report, window = streamlit_load.measure(server, kind, quick if plan.quick else usual)
                row.add(
                    dict(
                        p50_ms=report[f"{kind}_p50_ms"],
                        p99_ms=report[f"{kind}_p99_ms"],
                        cpu_ms=1000 * window.cpu_seconds / report["done"],
                        idle=window.idle_percent,
                    )
                )
    return table


def targets(table: Table) -> list[dict]:
    lines = []
    for case in KINDS:
        ours, theirs = (table.median(case, name, "p50_ms") for name in (OURS, "streamlit"))
        known = ours is not None and theirs is not None
        lines.append(
            target(
                f"p50 of a Streamlit {case}",
                f"at most {SLACK:.2f} of `streamlit run`'s ({theirs:.1f} ms)" if known else "that of `streamlit run`",
                f"{ours:.1f} ms" if known else None,
                ours <= SLACK * theirs if known else None,
            )
        )
    return lines
