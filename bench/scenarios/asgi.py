"""CPU per request of ASGI applications that do little."""

from __future__ import annotations

from dataclasses import dataclass

from harness import wrk
from harness.figures import Table, no_worse
from harness.plan import Plan, attempt
from harness.servers import ASGI, Shape, running

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
    table = Table(wrk.FIGURES)
    seconds = 2 if plan.quick else 4
    for what, work in WORK.items():
        for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), SHAPES, only=SERVERS):
            with attempt(table, case(what, shape), name, index) as row, \
                    running(name, work.app, shape, commands=ASGI) as server:
                server.wait_for_answer("/")
                server.verify("/", work.body)
                row.add(wrk.measured(server, work.connections, seconds))
    return table


def targets(table: Table) -> list[dict]:
    return [
        no_worse(table, case(what, shape), "cpu_us", f"CPU per ASGI request, {case(what, shape)}")
        for what in WORK for shape in SHAPES
    ]
