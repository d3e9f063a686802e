"""A request that does not end, and what becomes of its neighbours.

Every server has been told 4 s, in its own words: Roost's request-timeout, gunicorn's time-out of a silent worker,
uWSGI's harakiri; Granian has nothing of the kind.
"""

import math

import proc
from account import Outcome, now
from background import Asked, wait
from fault import Seen, Stage, ended_with, fault, lost, of_others, seconds, worst

GROUP = "A request hangs"
WATCHED = 14.0


def hang(stage: Stage, name: str, is_over, with_it: int = 0) -> Seen:
    """Sends one hanging POST under load and watches until `is_over(pid)`, at most 14 s.

    `with_it` is how many others may be told 504 as well, because they run in what hangs.
    """
    server = stage.start()
    with stage.load(server) as load:
        wait(1)
        calm = load.account.latency(0.99)
        began = now()
        asked = Asked(server.address, f"/{name}", method="POST", body=b"x", patience=WATCHED + 3)
        recovered = math.inf
        while now() - began < WATCHED:
            ran = server.notes(f"run-{name}")
            if ran and now() - began > 1 and is_over(ran[0]) and asked.is_done():
                recovered = now() - began
                break
            wait(0.05)
        wait(1)
        p99, longest = load.account.latency(0.99, since=began), worst(load.account, began)
    end = asked.end()
    account = load.account
    timed_out = account.count(Outcome.TIMED_OUT)
    passed = (
        end.outcome is Outcome.TIMED_OUT and lost(account) == timed_out <= with_it
        and recovered < WATCHED and longest < 12
    )
    return Seen(
        passed,
        f"it: {ended_with(end)}; recovered after {seconds(recovered)}; others: {of_others(account)}, "
        f"p99 {calm * 1000:.0f} → {p99 * 1000:.0f} ms, worst {seconds(longest)}",
        {"recovered": recovered, "lost": lost(account), "sent": account.sent, "p99_before_ms": calm * 1000,
         "p99_ms": p99 * 1000, "worst": longest, "told": ended_with(end)},
    )


def is_calm(pid: int) -> bool:
    """Whether the process is gone, or uses less than half a processor for half a second."""
    before = proc.cpu_seconds([pid])
    wait(0.5)
    return not proc.is_alive(pid) or proc.cpu_seconds([pid]) - before < 0.25


@fault(GROUP, "`while True: pass` in one thread",
       "504 after the request timeout, the thread comes back, nobody else is lost", needs="--request-timeout TIME",
       remark="gunicorn's and uWSGI's time-outs see no single thread: while others finish requests, nothing happens.")
def busy_loop(stage: Stage) -> Seen:
    """Pure Python that never ends: an exception raised inside that one thread ends it, and its neighbours go on."""
    return hang(stage, "busy_loop", is_calm)


@fault(GROUP, "`time.sleep(1e9)`: C code that never returns, lock released",
       "504 after the request timeout; a successor takes over, then the worker leaves; nobody else is lost",
       needs="--request-timeout TIME",
       remark="As above: one thread is lost until the next restart, and nobody is told.")
def endless_sleep(stage: Stage) -> Seen:
    """No exception reaches a thread inside C. Its neighbours in the worker run on until a successor is ready."""
    return hang(stage, "endless_sleep", lambda pid: not proc.is_alive(pid))


@fault(GROUP, "a C call that holds the interpreter's lock for 30 s",
       "504 after the request timeout for what runs in it; the worker is replaced; nobody else is lost",
       needs="--request-timeout TIME",
       remark="Here gunicorn's heartbeat stops and its time-out works; the client is told nothing.")
def wedged_call(stage: Stage) -> Seen:
    """Nothing else can run in that worker: what its other three threads had begun is lost with it, at most."""
    return hang(stage, "wedged_call", lambda pid: not proc.is_alive(pid), with_it=3)
