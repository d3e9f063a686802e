"""A worker dies with requests in it, while others load the server."""

import os
import signal

from account import Outcome
from background import Asked, wait
from cgroup import memory_limit
from client import says
from fault import (
    Seen, Stage, ended_with, fault, imported_anew, is_gone, lost, of_others, seconds, time_until, worst,
)

GROUP = "A worker dies"
ROUNDS = 3


def die(stage: Stage, how, server=None, rounds=ROUNDS):
    """`how(server)` makes a worker die and returns the request that was in it; repeated, under load.

    Returns the server, the load, the ends of the requests, and the longest time to a replacement: infinite when there
    was none, or when the server itself ended.
    """
    server = server or stage.start()
    ends, replaced = [], []
    with stage.load(server) as load:
        wait(0.5)
        for _ in range(rounds):
            before = len(server.notes("imports"))
            asked = how(server)
            replaced.append(time_until(lambda: imported_anew(server, before)() or not server.is_running(), 10))
            ends.append(asked.end())
            wait(0.5)
            if not server.is_running():
                replaced.append(float("inf"))
                break
    return server, load, ends, max(replaced)


def told(ends) -> str:
    return " and ".join(sorted({ended_with(end).split(" after")[0] for end in ends}))


def judge(load, ends, replaced, allowed=(Outcome.BAD_GATEWAY,)) -> Seen:
    account = load.account
    over = "" if replaced < 10 else f"**the whole server ended** at death {len(ends)}; "
    passed = lost(account) == 0 and all(end.outcome in allowed for end in ends) and replaced < 10
    return Seen(
        passed,
        f"{over}in it: {told(ends)}; others: {of_others(account)}; replaced after {seconds(replaced)}",
        {"deaths": len(ends), "lost": lost(account), "sent": account.sent, "replaced": replaced,
         "told": [ended_with(end) for end in ends]},
    )


@fault(GROUP, "kill -9 of a worker that runs a POST", "502 at once for the request in it, no other is lost, replaced",
       remark="Where workers accept, their kept connections die with them. Two deaths within 5.5 s end Granian as "
              "a whole.")
def killed_worker(stage: Stage) -> Seen:
    """Kills the worker in which a POST runs, three times. The POST gets 502 at once; nobody else loses anything."""

    def kill(server):
        before = len(server.notes("run-post"))
        asked = Asked(server.address, "/counted?as=post&s=3", method="POST", body=b"x")
        assert time_until(lambda: len(server.notes("run-post")) > before, 60) < 60, "the request never ran"
        os.kill(server.notes("run-post")[-1], signal.SIGKILL)
        return asked

    _, load, ends, replaced = die(stage, kill)
    return judge(load, ends, replaced)


@fault(GROUP, "kill -9 of a worker that runs a GET", "the GET is answered by another worker; no other is lost",
       needs="--retry",
       remark="Only a front can give a request to another worker: nobody else tries.")
def killed_worker_with_get(stage: Stage) -> Seen:
    """Kills the worker in which a GET runs, three times. Nobody has seen a byte of it: another worker answers it."""

    def kill(server):
        before = len(server.notes("run-get"))
        asked = Asked(server.address, "/counted?as=get&s=1", says("counted get"))
        assert time_until(lambda: len(server.notes("run-get")) > before, 60) < 60, "the request never ran"
        os.kill(server.notes("run-get")[-1], signal.SIGKILL)
        return asked

    server, load, ends, replaced = die(stage, kill)
    return judge(load, ends, replaced, allowed=(Outcome.ANSWERED,))


@fault(GROUP, "segfault in a C function (POST)", "502 at once, no other is lost, replaced",
       remark="gunicorn and Granian fork a ready worker in some ms; Roost's successor imports the app anew.")
def segfault(stage: Stage) -> Seen:
    """The app reads address 0, three times."""
    _, load, ends, replaced = die(stage, lambda server: Asked(server.address, "/segfault", method="POST", body=b"x"))
    return judge(load, ends, replaced)


@fault(GROUP, "`os._exit(1)` in a request (POST)", "502 at once, no other is lost, replaced",
       remark="Status 1 here: with status 3, which gunicorn uses itself, the whole of gunicorn ends.")
def exited_worker(stage: Stage) -> Seen:
    """The app ends its process, three times."""
    _, load, ends, replaced = die(stage, lambda server: Asked(server.address, "/leave", method="POST", body=b"x"))
    return judge(load, ends, replaced)


@fault(GROUP, "a GET that kills every worker it meets", "runs at most twice, then 502; the server lives",
       needs="--retry",
       remark="The price of retrying: the request kills two workers, and others that were in both get a 502.")
def poisonous_get(stage: Stage) -> Seen:
    """One GET that segfaults: a retry must not take down all workers, one after the other."""
    server = stage.start()
    with stage.load(server) as load:
        wait(0.5)
        end = Asked(server.address, "/segfault").end()
        wait(2)
    runs = len(server.notes("run-segfault"))
    # Neighbours that were in both workers have met two deaths as well: at most a worker's other threads.
    passed = runs <= 2 and end.outcome is Outcome.BAD_GATEWAY and lost(load.account) <= 3 and server.is_running()
    return Seen(passed, f"ran {runs} times, {ended_with(end)}; others: {of_others(load.account)}",
                {"runs": runs, "lost": lost(load.account)})


@fault(GROUP, "a worker takes all memory (POST)", "only that worker ends; 502; no other is lost",
       remark="A control group bounds the server; the kernel chooses the largest process.")
def gluttonous_worker(stage: Stage) -> Seen:
    """The app takes memory without end in a control group of 600 MiB: the kernel kills the largest process.

    Where no group can be made, an address space of 1.5 GiB for each process bounds it, and Python raises MemoryError.
    """
    with memory_limit(600) as bound:
        server = stage.start(**bound)
        with stage.load(server) as load:
            wait(0.5)
            before = len(server.notes("imports"))
            end = Asked(server.address, "/gluttony", method="POST", body=b"x").end()
            replaced = time_until(imported_anew(server, before), 10) if "cgroup" in bound else 0.0
            wait(0.5)
        said = "killed by the kernel" if "cgroup" in bound else "MemoryError"
        passed = lost(load.account) == 0 and end.outcome in (Outcome.BAD_GATEWAY, Outcome.ERROR) and replaced < 10
        text = (f"{said}; in it: {ended_with(end)}; others: {of_others(load.account)}; replaced after "
                f"{seconds(replaced)}")
        seen = Seen(passed and server.is_running(), text, {"lost": lost(load.account), "replaced": replaced})
        stage.end()
        return seen


@fault(GROUP, "a worker is stopped (SIGSTOP) for 10 s, then goes on",
       "only requests in it may be lost; the others are served meanwhile",
       remark="The worst wait is of the request that was in it, which cannot be known to be lost.")
def stopped_worker(stage: Stage) -> Seen:
    """Stops one worker with the load's requests in it. Requests it has not begun are given to others."""
    server = stage.start()
    worker = _a_worker(server)
    with stage.load(server) as load:
        wait(1)
        os.kill(worker, signal.SIGSTOP)
        wait(stage.span(10))
        middle = load.account.sent
        try:
            os.kill(worker, signal.SIGCONT)
        except ProcessLookupError:
            pass
        wait(1)
    account = load.account
    passed = lost(account) <= server.shape[1] and middle > 150 * stage.span(10)
    return Seen(passed, f"{middle} requests in {stage.span(10) + 1:.0f} s; {of_others(account)}; worst wait "
                        f"{seconds(worst(account, 0))}; "
                        f"{'it was replaced' if is_gone(worker)() else 'it serves again'}",
                {"lost": lost(account), "sent": account.sent, "worst": worst(account, 0)})


@fault(GROUP, "a worker dies and the app no longer imports", "the others go on serving; starts are spaced out; it "
                                                            "recovers by itself when the app is mended",
       remark="**We lose** seconds until it is whole again; gunicorn starts 16 a second, Granian ends.")
def crash_loop(stage: Stage) -> Seen:
    """The app ends its process at import; one of two workers is killed. Counts starts, then mends the app."""
    server = stage.start()
    with stage.load(server, pause=0.04) as load:
        wait(0.5)
        server.tell("boot", "exit")
        os.kill(_a_worker(server), signal.SIGKILL)
        wait(stage.span(6))
        starts = len(server.notes("starts"))
        server.tell("boot", "well")
        before = len(server.notes("imports"))
        recovered = time_until(imported_anew(server, before), 15) if server.is_running() else float("inf")
        wait(0.5)
    # What the kill itself costs is another row's matter: here it may be as many as ran in that worker.
    passed = lost(load.account) <= server.shape[1] and 1 <= starts <= 15 and recovered < 15
    return Seen(passed, f"{starts} starts in {stage.span(6):.0f} s; others: {of_others(load.account)}; whole again "
                        f"{seconds(recovered)} after it was mended",
                {"starts": starts, "lost": lost(load.account), "recovered": recovered})


@fault(GROUP, "all workers die and the app no longer imports",
       "requests wait or get 503, starts are spaced out, it recovers by itself",
       remark="Growing pauses between starts cost up to some seconds when the app is mended.")
def crash_loop_of_all(stage: Stage) -> Seen:
    """As before, but both workers are killed: nobody can serve until the app is mended."""
    server = stage.start()
    server.tell("boot", "exit")
    for _ in range(2):
        os.kill(_a_worker(server), signal.SIGKILL)
        wait(0.3)
    with stage.load(server, clients=4, pause=0.5, patience=20) as load:
        wait(stage.span(6))
        starts = len(server.notes("starts"))
        server.tell("boot", "well")
        recovered = time_until(lambda: server.get("/hello?n=1", 1) == (200, b"hello 1"), 15)
    told = load.account.by_outcome()
    accounted = {Outcome.ANSWERED.value, Outcome.REFUSED.value}
    passed = starts <= 30 and recovered < 15 and set(told) <= accounted
    ends = ", ".join(f"{number} {what}" for what, number in told.items())
    return Seen(passed, f"{starts} starts in {stage.span(6):.0f} s; {ends}; serves {seconds(recovered)} after it "
                        "was mended", {"starts": starts, "recovered": recovered})


def _a_worker(server) -> int:
    """A live worker: one of those that imported the app."""
    alive = [pid for pid in server.notes("imports") if not is_gone(pid)()]
    assert alive, "no worker is alive"
    return alive[-1]
