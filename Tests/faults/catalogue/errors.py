"""The app raises, or breaks its word."""

from account import Outcome
from background import Asked
from fault import Seen, Stage, ended_with, fault

GROUP = "The app raises"


def ask_and_look(stage: Stage, target: str, wanted) -> Seen:
    """Three such requests; then the same workers still serve."""
    server = stage.start()
    imports = len(server.notes("imports"))
    ends = [Asked(server.address, target).end() for _ in range(3)]
    lives = server.get("/hello?n=1") == (200, b"hello 1") and len(server.notes("imports")) == imports
    told = " and ".join(sorted({ended_with(end).split(" after")[0] for end in ends}))
    return Seen(all(map(wanted, ends)) and lives, f"{told}; the workers {'live' if lives else 'died'}")


@fault(GROUP, "before it answers", "500, the worker lives",
       remark="uWSGI closes without a status line.")
def app_raises(stage: Stage) -> Seen:
    """An exception before `start_response`."""
    return ask_and_look(stage, "/fail", lambda end: end.status == 500)


@fault(GROUP, "in mid-response", "cut without the last chunk: it must not look complete",
       remark="A browser, or a cache, takes half a page for a whole one.")
def app_raises_midway(stage: Stage) -> Seen:
    """An exception after the first piece of a body of unknown length."""
    return ask_and_look(stage, "/fail_midway", lambda end: end.outcome is Outcome.CUT or end.status == 500)


@fault(GROUP, "a body shorter than its Content-Length", "cut: the next response must not be taken for its rest",
       remark="All do well.")
def short_body(stage: Stage) -> Seen:
    """500 bytes are promised and 5 come."""
    return ask_and_look(stage, "/short", lambda end: end.outcome is Outcome.CUT or end.status in (500, 502))
