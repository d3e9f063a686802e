"""The arithmetic of the page: medians, spreads, ratios pair by pair, and who loses."""

from __future__ import annotations

from dataclasses import dataclass
from statistics import median

OURS = "roost"


@dataclass(frozen=True)
class Figure:
    """One column of a scenario's tables."""

    key: str
    label: str
    unit: str
    #: "lower" or "higher": which way is better; "" for a figure that is shown but not judged.
    better: str = ""
    decimals: int = 1

    def as_json(self) -> dict:
        return dict(key=self.key, label=self.label, unit=self.unit, better=self.better, decimals=self.decimals)


def percentile(values: list[float], share: float) -> float:
    """The smallest value that `share` (0…1) of the values do not exceed; 0 for no values."""
    if not values:
        return 0.0
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, int(len(ordered) * share + 0.999999) - 1))]


class Table:
    """The samples of one scenario: case (what may be compared) x server x figure, one sample a round."""

    def __init__(self, figures: list[Figure]) -> None:
        self.figures = figures
        self.rows: dict[tuple[str, str], dict] = {}
        self.failures: list[dict] = []

    def add(self, case: str, server: str, round_index: int, values: dict[str, float], reference: bool = False) -> None:
        row = self.rows.setdefault(
            (case, server), dict(case=case, server=server, reference=reference, rounds=[], samples={})
        )
        row["rounds"].append(round_index)
        for figure in self.figures:
            if figure.key in values:
                row["samples"].setdefault(figure.key, []).append(round(values[figure.key], 4))

    def fail(self, case: str, server: str, round_index: int, why: str) -> None:
        self.failures.append(dict(case=case, server=server, round=round_index, why=why))

    def median(self, case: str, server: str, key: str) -> float | None:
        row = self.rows.get((case, server))
        samples = row["samples"].get(key) if row else None
        return median(samples) if samples else None

    def as_json(self) -> dict:
        return dict(
            figures=[figure.as_json() for figure in self.figures],
            rows=list(self.rows.values()),
            failures=self.failures,
        )


def ratio(rows: list[dict], case: str, key: str, peer: str, ours: str = OURS) -> list[float]:
    """Ours divided by the peer's, round by round, for the rounds both have: drift of the machine cancels out."""
    by_round = {}
    for row in rows:
        if row["case"] == case and row["server"] in (ours, peer) and key in row["samples"]:
            by_round[row["server"]] = dict(zip(row["rounds"], row["samples"][key]))
    mine, theirs = by_round.get(ours, {}), by_round.get(peer, {})
    return [mine[index] / theirs[index] for index in sorted(mine) if theirs.get(index)]


def target(claim: str, wanted: str, got: str | None, met: bool | None) -> dict:
    """One line of "what was promised"; `met` is None when it could not be measured."""
    return dict(claim=claim, wanted=wanted, got="not measured" if got is None else got, met=met)


def comparisons(scenario: dict) -> list[dict]:
    """For each case and judged figure: our median beside the best peer's.

    `verdict` is "win", "tie" (equal as printed) or "loss"; `overlap` says that the two min-max ranges meet, so that the
    difference may be noise.
    """
    found = []
    for figure in (each for each in scenario["figures"] if each["better"]):
        for case in dict.fromkeys(row["case"] for row in scenario["rows"]):
            samples = {
                row["server"]: row["samples"][figure["key"]]
                for row in scenario["rows"]
                if row["case"] == case and not row["reference"] and row["samples"].get(figure["key"])
            }
            peers = {name: median(values) for name, values in samples.items() if name != OURS}
            if OURS not in samples or not peers:
                continue
            lower = figure["better"] == "lower"
            best = (min if lower else max)(peers, key=peers.__getitem__)
            mine, theirs = (round(value, figure["decimals"]) for value in (median(samples[OURS]), peers[best]))
            verdict = "tie" if mine == theirs else "win" if (mine < theirs) == lower else "loss"
            overlap = min(samples[OURS]) <= max(samples[best]) and min(samples[best]) <= max(samples[OURS])
            found.append(
                dict(case=case, figure=figure, ours=mine, peer=best, theirs=theirs, verdict=verdict, overlap=overlap)
            )
    return found


def no_worse(table: Table, case: str, key: str, claim: str) -> dict:
    """The target that at `case` our figure `key`, as printed, is no worse than the best peer's."""
    compared = (line for line in comparisons(table.as_json()) if line["case"] == case and line["figure"]["key"] == key)
    found = next(compared, None)
    if found is None:
        return target(claim, "no worse than the best peer", None, None)
    figure = found["figure"]
    ours, theirs = (f"{found[side]:.{figure['decimals']}f} {figure['unit']}".strip() for side in ("ours", "theirs"))
    return target(claim, f"no worse than the best peer ({found['peer']}, {theirs})", ours, found["verdict"] != "loss")
