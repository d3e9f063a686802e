"""What became of every request that was sent: each gets exactly one outcome, and the sum is checked."""

from __future__ import annotations

import collections
import enum
import math
import time
from dataclasses import dataclass


class Outcome(enum.Enum):
    """One end of one request. The value is how a report says it."""

    ANSWERED = "answered by the app"
    REFUSED = "refused (503)"
    BAD_GATEWAY = "502"
    TIMED_OUT = "504"
    TOO_SLOW = "408"
    ERROR = "another status"
    WRONG = "a wrong answer"
    CUT = "cut after the response began"
    IDLE_CLOSED = "kept connection closed before any byte"
    LOST = "connection closed before any byte"
    NOT_CONNECTED = "not connected"
    UNANSWERED = "no end within the client's patience"
    LEFT = "the client left on purpose"


BY_STATUS = {502: Outcome.BAD_GATEWAY, 503: Outcome.REFUSED, 504: Outcome.TIMED_OUT, 408: Outcome.TOO_SLOW}

#: Ends that neither an answer, nor a refusal in words, nor the client's own will explains.
FAILURES = frozenset({
    Outcome.BAD_GATEWAY, Outcome.TIMED_OUT, Outcome.TOO_SLOW, Outcome.ERROR, Outcome.WRONG, Outcome.CUT, Outcome.LOST,
    Outcome.NOT_CONNECTED, Outcome.UNANSWERED,
})


@dataclass(frozen=True)
class End:
    """How one request ended, when, after how long, and what is worth knowing if it went wrong."""

    outcome: Outcome
    method: str
    target: str
    status: int | None
    began: float
    seconds: float
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.method} {self.target}: {self.outcome.value} after {self.seconds:.3f} s {self.detail}".rstrip()


class Account:
    """Counts requests when they are sent and when they end; what is open in between is known."""

    def __init__(self) -> None:
        self.sent = 0
        self.ends: list[End] = []
        self._open: dict[int, str] = {}

    def send(self, what: str) -> int:
        """Notes a request and returns its number, which `end` takes."""
        self.sent += 1
        self._open[self.sent] = what
        return self.sent

    def end(self, number: int, end: End) -> End:
        del self._open[number]
        self.ends.append(end)
        return end

    @property
    def open(self) -> list[str]:
        return list(self._open.values())

    def count(self, *outcomes: Outcome) -> int:
        return sum(end.outcome in outcomes for end in self.ends)

    @property
    def failures(self) -> list[End]:
        return [end for end in self.ends if end.outcome in FAILURES]

    def by_outcome(self) -> dict[str, int]:
        counts = collections.Counter(end.outcome for end in self.ends)
        return {outcome.value: counts[outcome] for outcome in Outcome if counts[outcome]}

    def statuses(self, method: str) -> collections.Counter:
        """How often each status came to this client in answer to `method`, with its whole head."""
        return collections.Counter(end.status for end in self.ends if end.method == method and end.status)

    def latency(self, share: float, since: float = 0.0, until: float = math.inf) -> float:
        """The quantile `share` of the seconds that answered requests took which began in the interval."""
        seconds = sorted(
            end.seconds for end in self.ends
            if end.outcome is Outcome.ANSWERED and since <= end.began <= until
        )
        return seconds[min(len(seconds) - 1, int(share * len(seconds)))] if seconds else math.nan

    def assert_balanced(self) -> None:
        """Every request that was sent has ended, and has ended once."""
        assert not self._open, f"{len(self._open)} requests have no end: {self.open[:10]}"
        total = sum(self.by_outcome().values())
        assert total == self.sent, f"{self.sent} were sent, {total} have an end"

    def __str__(self) -> str:
        shown = ", ".join(f"{count} {what}" for what, count in self.by_outcome().items())
        return f"{self.sent} sent: {shown or 'none ended'}"


def now() -> float:
    return time.monotonic()
