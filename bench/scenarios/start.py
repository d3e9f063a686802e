"""Time from start to the first answer."""

from __future__ import annotations

import os
import subprocess
import time

from harness.figures import Figure, Table
from harness.plan import Plan, attempt
from harness.servers import APPS, ServerFailed, Shape, running, tool

TITLE = "From start to the first answer"
SHAPE = Shape(1, 8)
METHOD = (
    f"{SHAPE}. From the moment the process is made to the end of the first 200 to `GET /`, asked every 2 ms; bytecode "
    "is cached. The last row of each table is `python -c 'import …'` of the same app, to show how much of the time "
    "is the app's own."
)
APPLICATIONS = dict(hello="hello:app", Dash="dashboard:server")
FIGURES = [Figure("ms", "first answer", "ms", "lower", 0)]


def import_alone(module: str) -> float:
    begin = time.monotonic()
    done = subprocess.run(
        [tool("python"), "-c", f"import {module}"], cwd=APPS, env=dict(os.environ, PYTHONPATH=str(APPS)),
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, check=False,
    )
    if done.returncode != 0:
        raise ServerFailed(f"import {module}: {done.stderr.decode(errors='replace')[-300:]}")
    return time.monotonic() - begin


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    rounds = plan.number_of_rounds(usual=7, quick=2)
    for case, app in APPLICATIONS.items():
        module, imported = app.partition(":")[0], -1
        import_alone(module)
        for index, shape, name in plan.turns(rounds, [SHAPE]):
            if index > imported:
                imported = index
                with attempt(table, case, "python", index) as row:
                    row.add(dict(ms=1000 * import_alone(module)), reference=True)
            with attempt(table, case, name, index) as row, running(name, app, shape) as server:
                row.add(dict(ms=1000 * server.wait_for_answer("/")))
    return table


def targets(table: Table) -> list[dict]:
    return []
