"""What a WebSocket on which nothing happens costs in memory."""

from __future__ import annotations

import asyncio
import time

from harness import process
from harness.figures import Figure, Table, no_worse
from harness.plan import Plan, attempt
from harness.process import Window
from harness.servers import ASGI, Server, ServerFailed, Shape, running
from harness.websocket import SocketClosed, WebSocket, echoes

TITLE = "Idle WebSockets: memory"
SERVERS = tuple(ASGI)
SOCKETS, AT_ONCE = 1_000, 50
SHAPE = Shape(1, 1)
CASE = f"{SOCKETS} sockets, 1 worker"
METHOD = (
    f"`bench/apps/asgi_plain.py:echo`, 1 worker. The PSS of the whole process tree two seconds after the server has "
    f"echoed a first message, and again two seconds after {SOCKETS} WebSockets have been opened, {AT_ONCE} at a time, "
    "and have each echoed one message of 64 bytes; the difference divided by their number, kB = 1000 bytes. What the "
    "kernel holds for the connections is not in it. Then the CPU that the server uses for them in five seconds, in "
    "thousandths of one core."
)
FIGURES = [
    Figure("each_kb", "per socket", "kB", "lower"),
    Figure("before_mb", "before (PSS)", "MB"),
    Figure("with_mb", "with all (PSS)", "MB", "lower"),
    Figure("cpu", "CPU when idle", "‰", "", 1),
]


def total_pss(server: Server) -> float:
    held = [process.memory(pid) for pid in process.tree(server.pid)]
    return sum(memory.pss for memory in held if memory is not None)


async def open_all(port: int) -> list[WebSocket]:
    gate = asyncio.Semaphore(AT_ONCE)

    async def one() -> WebSocket:
        async with gate:
            socket = await WebSocket.open(port)
            socket.send(b"x" * 64)
            await socket.receive()
            return socket

    return await asyncio.wait_for(asyncio.gather(*(one() for _ in range(SOCKETS))), 60)


async def measure(server: Server, seconds: float) -> dict[str, float]:
    if not await echoes(server.port, b"x" * 64):
        raise ServerFailed("a message did not come back as it was sent")
    await asyncio.sleep(2)
    before = total_pss(server)
    sockets = await open_all(server.port)
    try:
        await asyncio.sleep(2)
        after, window = total_pss(server), Window(server.pid)
        began = time.monotonic()
        await asyncio.sleep(seconds)
        window.close()
        elapsed = time.monotonic() - began
    finally:
        for socket in sockets:
            socket.close()
    if window.lost:
        raise ServerFailed("a process of the server died")
    return dict(
        each_kb=1000 * (after - before) / SOCKETS, before_mb=before, with_mb=after,
        cpu=1000 * window.cpu_seconds / elapsed,
    )


def run(plan: Plan) -> Table:
    table = Table(FIGURES)
    for index, shape, name in plan.turns(plan.number_of_rounds(usual=3), [SHAPE], only=SERVERS):
        with attempt(table, CASE, name, index) as row, running(name, "asgi_plain:echo", shape, commands=ASGI) as server:
            server.wait_for_answer("/")
            try:
                row.add(asyncio.run(measure(server, 2 if plan.quick else 5)))
            except (SocketClosed, asyncio.TimeoutError) as error:
                raise server.failed(str(error) or "not all sockets were opened within 60 s") from error
    return table


def targets(table: Table) -> list[dict]:
    return [no_worse(table, CASE, "each_kb", f"memory of an idle WebSocket, {SOCKETS} of them")]
