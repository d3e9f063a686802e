"""CPU per request of ASGI applications that do little."""

from __future__ import annotations

from dataclasses import dataclass

from harness import wrk
from harness.figures import Figure, Table, no_worse
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import ASGI, ServerFailed, Shape, running

TITLE = "ASGI: CPU per request"
SERVERS = tuple(ASGI)
METHOD = (
    "Plain ASGI callables (`bench/apps/asgi_plain.py`: hello, a small JSON document, 1 MiB sent in sixteen pieces of "
    "64 KiB) and FastAPI (`bench/apps/asgi_fastapi.py`, the same document), with 1 and 2 workers, under `wrk -t1 -c64` "
    "(`-c16` for the megabyte), one second to warm up, then four that count. Everybody's event loop is uvloop, and "
    "uvicorn parses with httptools. CPU per request is the user and system time of the server's whole process tree, "
    "divided by the answers wrk received; the rest is as for WSGI's hello, above."
)
SHAPES = [Shape(1, 1), Shape(2, 1)]
FIGURES = [
    Figure("cpu_us", "CPU/request", "µs", "lower"),
    Figure("rps", "requests/s", "", "higher", 0),
    Figure("p50_ms", "p50", "ms", "lower", 2),
    Figure("p99_ms", "p99", "ms", "lower", 2),
    Figure("errors", "errors", "", "", 0),
    Figure("idle", "idle", "%", "", 0),
]


@dataclass(frozen=True)
class Work:
    app: str
    #: What `GET /` must give.
    body: bytes
    connections: int = 64


JSON = b'{"message":"Hello, world!"}'
WORK = {
    "hello": Work("asgi_plain:hello", b"Hello, world!\n"),
    "JSON": Work("asgi_plain:document", JSON),
    "FastAPI": Work("asgi_fastapi:app", JSON),
    "1 MiB": Work("asgi_plain:stream", bytes(range(256)) * 4096, connections=16),
}


def case(what: str, shape: Shape) -> str:
    return f"{what}, {shape.processes} worker{'' if shape.processes == 1 else 's'}"


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 2 if plan.quick else 4
    for what, work in WORK.items():
        for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), SHAPES, only=SERVERS):
            with attempt(table, case(what, shape), name, index) as row, \
                    running(name, work.app, shape, commands=ASGI) as server:
                server.wait_for_answer("/")
                server.verify("/", work.body)
                wrk.run(server.port, work.connections, 1)
                window = Window(server.pid)
                report = wrk.run(server.port, work.connections, seconds)
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
    return [
        no_worse(table, case(what, shape), "cpu_us", f"CPU per ASGI request, {case(what, shape)}")
        for what in WORK for shape in SHAPES
    ]
