"""Who loads the server during chaos. Methods tell the kinds apart in the server's own counters:

steady clients use GET and POST, slow ones PATCH and HEAD, vanishing ones PUT and DELETE.
"""

from __future__ import annotations

import asyncio
import random

from account import Account, End, Outcome
from client import Client, Ended, echoes, is_pattern, says, write_slowly

STEADY = 32
SLOW = 6
SIPPING = 4
VANISHING = 6
PATIENCE = 240.0
"""Seconds after which a request without an end counts as hanging: longer than all of the server's own limits."""

ALLOWANCE = 120
"""Seconds that the server lets a client take with a head, a body or a silence; what takes longer it is right to end.

The clients here need three at most, and several times that on a machine that has no time for them.
"""

#: Limits that the server has for clients, raised: what is tested here is what becomes of requests when workers die.
OPTIONS = (
    "--header-timeout", f"{ALLOWANCE}s", "--body-grace", f"{ALLOWANCE}s", "--write-stall-timeout", f"{ALLOWANCE}s",
    "--keep-alive", f"{2 * ALLOWANCE}s",
)

#: Ends that no killed worker explains: the front never dies, so it owes everybody a whole response or a clean cut.
UNEXPLAINED = frozenset({
    Outcome.ERROR, Outcome.WRONG, Outcome.LOST, Outcome.NOT_CONNECTED, Outcome.UNANSWERED, Outcome.IDLE_CLOSED,
})


def is_unexplained(end: End) -> bool:
    """Whether nothing explains the end: no killed worker, no wish of the client, no limit that the client has passed."""
    if end.outcome is Outcome.TOO_SLOW:
        return end.seconds < ALLOWANCE
    return end.outcome in UNEXPLAINED


def everybody(account: Account, address, lots: random.Random, is_over: asyncio.Event) -> list:
    def each(kind, count):
        return [kind(account, address, random.Random(lots.random()), is_over) for _ in range(count)]

    return each(steady, STEADY) + each(slow, SLOW) + each(sipping, SIPPING) + each(vanishing, VANISHING)


async def pause(is_over: asyncio.Event, seconds: float) -> None:
    try:
        await asyncio.wait_for(is_over.wait(), seconds)
    except (asyncio.TimeoutError, TimeoutError):
        pass


async def steady(account, address, lots, is_over) -> None:
    """A keep-alive client of every kind of work, with a short thought between requests."""
    client = Client(account, address, patience=PATIENCE)
    number = 0
    while not is_over.is_set():
        number += 1
        kind = lots.random()
        if kind < 0.3:
            await client.request(f"/hello?n={number}", says(f"hello {number}"))
        elif kind < 0.5:
            await client.request(f"/work?n={number}&ms={lots.randint(1, 60)}&spin=20", says(f"worked {number}"))
        elif kind < 0.7:
            body = lots.randbytes(lots.choice((10, 2_000, 150_000)))
            await client.request("/echo", echoes(body), "POST", body)
        elif kind < 0.8:
            await client.request(f"/work?n={number}&ms={lots.randint(1, 60)}", says(f"worked {number}"), "POST", b"x=1")
        elif kind < 0.9:
            length = lots.choice((5_000, 300_000))
            await client.request(f"/big?n={length}", is_pattern(length))
        else:
            pieces = lots.randint(1, 20)
            said = "".join(f"piece {piece}," for piece in range(pieces))
            await client.request(f"/stream?pieces={pieces}&ms=2", says(said))
        await pause(is_over, lots.random() * 0.03)
    await client.close()


async def slow(account, address, lots, is_over) -> None:
    """Dribbles head and body for some seconds and wants its answer all the same."""
    while not is_over.is_set():
        client = Client(account, address, keeps=False, patience=PATIENCE)
        body = lots.randbytes(2_000)
        send = write_slowly(pieces=20, seconds=lots.uniform(0.5, 3.0))
        await client.request("/echo", echoes(body), "PATCH", body, send=send)
        await client.close()
        await pause(is_over, 0.1)


async def sipping(account, address, lots, is_over) -> None:
    """Reads a response of some megabytes in sips; a cut is counted, the bytes that came are not."""
    while not is_over.is_set():
        client = SippingClient(account, address, keeps=False, patience=PATIENCE)
        await client.request("/big?n=3000000", is_pattern(3_000_000))
        await client.close()
        await pause(is_over, 0.1)


class SippingClient(Client):
    async def _body(self, method, status, fields):
        if status != 200:
            return await super()._body(method, status, fields)
        received = bytearray()
        while len(received) < int(fields["content-length"]):
            piece = await self.reader.read(200_000)
            if not piece:
                raise Ended("in the body")
            received += piece
            await asyncio.sleep(0.1)
        return bytes(received), False


async def vanishing(account, address, lots, is_over) -> None:
    """Leaves in mid-head, in mid-body, while it waits, or in mid-response."""
    while not is_over.is_set():
        client = Client(account, address, patience=PATIENCE)
        body = b"y" * 50_000
        target, sent = lots.choice((
            ("/echo", 30), ("/echo", 20_000), ("/work?ms=200", 1 << 20), ("/big?n=5000000", 1 << 20),
            ("/stream?pieces=100&ms=10", 1 << 20),
        ))
        await client.leave_during("PUT", target, body, sent, linger=lots.random() * 0.2)
        await pause(is_over, lots.random() * 0.1)
