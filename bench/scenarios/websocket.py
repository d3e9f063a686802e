"""CPU per message of a WebSocket echo."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from harness import echo_load
from harness.figures import Figure, Table, no_worse
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import ASGI, ServerFailed, Shape, running
from harness.websocket import SocketClosed, echoes

from .asgi import SHAPES, case

TITLE = "WebSocket echo: CPU per message"
SERVERS = tuple(ASGI)


@dataclass(frozen=True)
class Work:
    size: int
    connections: int
    #: Messages that a connection has under way at a time.
    burst: int


WORK = {
    "64 B": Work(64, 64, 1),
    "64 B, bursts of 32": Work(64, 16, 32),
    "1 MiB": Work(1 << 20, 4, 1),
}
METHOD = (
    "`bench/apps/asgi_plain.py:echo` with 1 and 2 workers; binary messages, not compressed, each echoed whole. 64 bytes "
    "over 64 connections with one message under way on each; 64 bytes over 16 connections, each sending 32 messages at "
    "once and waiting until all are back, which is how a page like Streamlit's talks; and 1 MiB over 4 connections, one "
    "at a time. One second to warm up, then four that count. The load is one thread of Python with frames made "
    "beforehand, in a process of its own; latency runs from the sending of a message (of its burst) to its echo. CPU "
    "per message, in and out, is that of the server's whole process tree."
)
FIGURES = [
    Figure("cpu_us", "CPU/message", "µs", "lower"),
    Figure("rate", "messages/s", "", "higher", 0),
    Figure("p50_ms", "p50", "ms", "lower", 2),
    Figure("p99_ms", "p99", "ms", "lower", 2),
    Figure("errors", "errors", "", "", 0),
    Figure("idle", "idle", "%", "", 0),
]


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    seconds = 2 if plan.quick else 4
    for what, work in WORK.items():
        for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), SHAPES, only=SERVERS):
            with attempt(table, case(what, shape), name, index) as row, \
                    running(name, "asgi_plain:echo", shape, commands=ASGI) as server:
                server.wait_for_answer("/")
                try:
                    asyncio.run(measure(server.port, work, 1))
                    window = Window(server.pid)
                    report = asyncio.run(measure(server.port, work, seconds))
                except SocketClosed as error:
                    raise server.failed(str(error)) from error
                window.close()
                if window.lost or not report["messages"]:
                    raise ServerFailed(f"{report['messages']} echoes; a process of the server died: {window.lost}")
                row.add(
                    dict(
                        cpu_us=1e6 * window.cpu_seconds / report["messages"],
                        rate=report["messages"] / report["seconds"],
                        p50_ms=report["p50_ms"],
                        p99_ms=report["p99_ms"],
                        errors=report["errors"],
                        idle=window.idle_percent,
                    )
                )
    return table


async def measure(port: int, work: Work, seconds: float) -> dict:
    """A server that does not give back what it got is not measured."""
    if not await echoes(port, bytes(index * 11 % 253 for index in range(work.size))):
        raise ServerFailed(f"a message of {work.size} bytes did not come back as it was sent")
    return await echo_load.measure(port, work.connections, work.size, work.burst, seconds)


def targets(table: Table) -> list[dict]:
    return [
        no_worse(table, case(what, shape), "cpu_us", f"CPU per WebSocket message, {case(what, shape)}")
        for what in WORK for shape in SHAPES
    ]
