"""More requests than threads. Only Roost has a queue of its own with a bound: the others keep them in the kernel."""

import asyncio
import time

from account import Account, Outcome
from background import Asked, wait
from client import Client
from fault import Seen, Stage, ended_with, fault, seconds, time_until

GROUP = "The queue"


def fill(server, busy_seconds: float):
    """Occupies all eight threads."""
    running = []
    # Where the kernel deals out connections, eight of them need not meet eight threads.
    for _ in range(4):
        running += [Asked(server.address, f"/counted?as=busy&s={busy_seconds}") for _ in range(8)]
        if time_until(lambda: len(server.notes("run-busy")) >= 8, 0.5) < 0.5:
            return running
    raise AssertionError("not all of 8 threads could be occupied")


@fault(GROUP, "the queue is full", "503 at once",
       remark="The peers have no bound: whoever comes waits, however many there are.")
def queue_full(stage: Stage) -> Seen:
    """All threads busy for 3 s and a queue of 10: forty more requests come."""
    server = stage.start({"roost": ("--queue-limit", 10)})
    running = fill(server, 3)
    more = [Asked(server.address, "/hello?n=1") for _ in range(40)]
    ends = [asked.end() for asked in more + running]
    told = [end for end in ends if end.outcome is Outcome.REFUSED]
    answered = sum(end.outcome is Outcome.ANSWERED for end in ends)
    everybody = len(ends)
    slowest = max((end.seconds for end in told), default=0.0)
    if stage.name != "roost":
        return Seen(None, f"no bound: {answered} of {everybody} answered, {len(told)} refused", {"refused": len(told)})
    passed = len(told) == 30 and answered == 18 and slowest < 2
    return Seen(passed, f"{len(told)} of 40 refused, the last after {seconds(slowest)}; the others answered",
                {"refused": len(told), "slowest": slowest})


@fault(GROUP, "20 clients leave while their requests wait", "the app never sees those requests",
       remark="Work for nobody, done when there is too much already.")
def queued_clients_leave(stage: Stage) -> Seen:
    """All threads busy for 2 s; twenty requests come and are given up after half a second."""
    server = stage.start()
    running = fill(server, 2)

    async def come_and_go() -> None:
        account = Account()
        await asyncio.gather(*(
            Client(account, server.address).leave_during("GET", "/counted?as=left", b"", 1 << 20, linger=0.5)
            for _ in range(20)
        ))

    asyncio.run(come_and_go())
    for asked in running:
        asked.end()
    wait(1)
    ran = len(server.notes("run-left"))
    return Seen(ran == 0, f"{ran} of 20 ran all the same", {"ran": ran})


@fault(GROUP, "a request waits longer than the queue's deadline", "503 when the time is over, and it is never run",
       remark="The peers have no such deadline.")
def queue_deadline(stage: Stage) -> Seen:
    """All threads busy for 3 s, a deadline of 1 s."""
    server = stage.start({"roost": ("--queue-timeout", "1s")})
    running = fill(server, 3)
    began = time.monotonic()
    end = Asked(server.address, "/counted?as=late").end()
    took = time.monotonic() - began
    for asked in running:
        asked.end()
    wait(0.5)
    ran = len(server.notes("run-late"))
    if stage.name != "roost":
        return Seen(None, f"no deadline: {'run' if ran else 'not run'}, {ended_with(end)}")
    return Seen(end.outcome is Outcome.REFUSED and ran == 0, f"{end.status} after {seconds(took)}, "
                f"{'never run' if not ran else 'run all the same'}", {"took": took, "ran": ran})
