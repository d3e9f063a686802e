"""How a scenario goes through its servers: in rounds, the order turned by one each round, failures noted and passed."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Collection, Iterator

from .figures import Table
from .servers import WSGI, ServerFailed, Shape, can_serve


@dataclass(frozen=True)
class Plan:
    """What one run of the benchmarks was asked to do."""

    servers: list[str]
    quick: bool = False
    #: Rounds instead of the scenario's own number; 0 for the scenario's own.
    rounds: int = 0
    #: Length of the overload runs in seconds; 0 for the scenario's own.
    overload_seconds: float = 0.0

    def number_of_rounds(self, usual: int, quick: int = 1) -> int:
        return self.rounds or (quick if self.quick else usual)

    def turns(
        self, rounds: int, shapes: list[Shape], only: Collection[str] = WSGI
    ) -> Iterator[tuple[int, Shape, str]]:
        """Every server of `only` in every shape it can take, round after round; no server is always the first."""
        for index in range(rounds):
            for shape in shapes:
                names = [name for name in self.servers if name in only and can_serve(name, shape)]
                for step in range(len(names)):
                    yield index, shape, names[(step + index) % len(names)]


def say(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


class attempt:
    """`with attempt(table, …):` notes a server that fails as a failure of the row, and lets the others go on."""

    def __init__(self, table: Table, case: str, server: str, round_index: int) -> None:
        self.table, self.case, self.server, self.round_index = table, case, server, round_index

    def __enter__(self) -> attempt:
        return self

    def __exit__(self, kind, error, trace) -> bool:
        if isinstance(error, (ServerFailed, OSError, ValueError)):
            why = str(error) or type(error).__name__
            self.table.fail(self.case, self.server, self.round_index, why)
            say(f"{self.case} {self.server}: FAILED: {why.splitlines()[0]}")
            return True
        return False

    def add(self, values: dict[str, float], reference: bool = False) -> None:
        self.table.add(self.case, self.server, self.round_index, values, reference)
        shown = "  ".join(
            f"{figure.label} {values[figure.key]:.{figure.decimals}f} {figure.unit}".rstrip()
            for figure in self.table.figures if figure.key in values
        )
        say(f"{self.case:<16} {self.server:<9} {shown}")
