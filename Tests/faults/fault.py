"""What a fault is: a function that puts it into one server and says what was seen."""

from __future__ import annotations

import contextlib
import math
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Callable, Iterator

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "load"))

import proc  # noqa: E402
from account import FAILURES, Account, End, Outcome, now  # noqa: E402
from background import Load, wait  # noqa: E402
from servers import Server, knows  # noqa: E402


@dataclass(frozen=True)
class Seen:
    """What one server did. `passed` is None where the fault makes no sense for it."""

    passed: bool | None
    text: str
    figures: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Fault:
    name: str
    group: str
    title: str
    promise: str
    remark: str
    needs: str | None
    run: Callable[[Stage], Seen]


FAULTS: dict[str, Fault] = {}


def fault(group: str, title: str, promise: str, remark: str = "", needs: str | None = None):
    """Enters a function into the table. `needs` is an option that Roost must have for it.

    `remark` is one line for the reader of the table, written after looking at what was seen.
    """

    def enter(function: Callable[[Stage], Seen]) -> Callable[[Stage], Seen]:
        FAULTS[function.__name__] = Fault(function.__name__, group, title, promise, remark, needs, function)
        return function

    return enter


class Stage:
    """One server under one fault: starts it, loads it, and clears up whatever happened."""

    def __init__(self, name: str, directory: Path, is_quick: bool = False):
        self.name = name
        self.directory = directory
        self.is_quick = is_quick
        self._servers: list[Server] = []

    def start(self, options: dict[str, tuple] | None = None, wait: bool = True, **settings) -> Server:
        """Starts the server with the options of its own name: `{"roost": ("--queue-limit", 4)}`."""
        own = (options or {}).get(self.name, ())
        server = Server(self.name, self.directory / f"server-{len(self._servers)}", *own, wait=False, **settings)
        self._servers.append(server)
        if wait:
            server.wait_until_answers()
        return server

    def span(self, seconds: float) -> float:
        """How long to watch: as long as the table is made with, or half of it in a test run."""
        return seconds / 2 if self.is_quick else seconds

    def prepare(self) -> Path:
        """The directory of the next server, before it starts: for what the app shall find there."""
        directory = self.directory / f"server-{len(self._servers)}"
        directory.mkdir(parents=True, exist_ok=True)
        return directory

    def load(self, server: Server, **settings) -> Load:
        return Load(server.address, **settings)

    def end(self) -> None:
        for server in self._servers:
            server.end()


@contextlib.contextmanager
def stage(name: str, is_quick: bool) -> Iterator[Stage]:
    with tempfile.TemporaryDirectory(prefix=f"fault-{name}-") as directory:
        it = Stage(name, Path(directory), is_quick)
        try:
            yield it
        finally:
            it.end()


def play(chosen: Fault, name: str, is_quick: bool = False) -> Seen:
    """Puts the fault into the server; what goes wrong with the server itself is a result as well."""
    if name == "roost" and chosen.needs and not knows(chosen.needs):
        return Seen(None, f"this version has no `{chosen.needs}`")
    with stage(name, is_quick) as it:
        try:
            return chosen.run(it)
        except (AssertionError, OSError) as problem:
            return Seen(False, (str(problem) or repr(problem)).splitlines()[0][:160])


# Words that many faults share

def lost(account: Account, closed_counts: bool = True) -> int:
    """How many requests of others failed; a kept connection that closed under one counts, unless that is allowed."""
    kinds = FAILURES | ({Outcome.IDLE_CLOSED} if closed_counts else set())
    return account.count(*kinds)


def of_others(account: Account, closed_counts: bool = True) -> str:
    """`lost 3 of 912 (2 502, 1 cut)`."""
    count = lost(account, closed_counts)
    if not count:
        return f"lost 0 of {account.sent}"
    short = {
        Outcome.BAD_GATEWAY: "502", Outcome.TIMED_OUT: "504", Outcome.TOO_SLOW: "408",
        Outcome.ERROR: "other status", Outcome.WRONG: "wrong",
        Outcome.CUT: "cut", Outcome.LOST: "closed", Outcome.NOT_CONNECTED: "not connected",
        Outcome.UNANSWERED: "hung", Outcome.IDLE_CLOSED: "closed while kept",
    }
    kinds = ", ".join(f"{account.count(kind)} {word}" for kind, word in short.items() if account.count(kind))
    return f"lost {count} of {account.sent} ({kinds})"


def seconds(value: float | None) -> str:
    if value is None or math.isinf(value) or math.isnan(value):
        return "never"
    return f"{value:.2f} s" if value < 1 else f"{value:.1f} s"


def worst(account: Account, since: float) -> float:
    """The longest that anybody else waited, hung ones with all their patience."""
    return max((end.seconds for end in account.ends if end.began >= since), default=math.nan)


def imported_anew(server: Server, before: int, count: int = 1) -> Callable[[], bool]:
    return lambda: len(server.notes("imports")) >= before + count


def time_until(condition: Callable[[], bool], limit: float) -> float:
    """Seconds until `condition()`; infinite when it does not come true in `limit` seconds."""
    began = now()
    while now() - began < limit:
        if condition():
            return now() - began
        wait(0.02)
    return math.inf


def is_gone(pid: int) -> Callable[[], bool]:
    return lambda: not proc.is_alive(pid)


def ended_with(end: End) -> str:
    """What the client of one request was told, and when."""
    if end.outcome is Outcome.ANSWERED:
        return f"answered after {seconds(end.seconds)}"
    word = {
        Outcome.BAD_GATEWAY: "502", Outcome.TIMED_OUT: "504", Outcome.REFUSED: "503", Outcome.CUT: "cut",
        Outcome.LOST: "closed without a word", Outcome.UNANSWERED: "no word",
    }.get(end.outcome, str(end.status or end.outcome.value))
    return f"{word} after {seconds(end.seconds)}"
