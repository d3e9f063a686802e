#!/usr/bin/env python3
"""Makes docs/benchmarks.md from bench/results/latest.json; nothing on that page is written by hand."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from statistics import median

import scenarios
from harness.figures import OURS, comparisons, ratio

BENCH = Path(__file__).resolve().parent
RESULTS = BENCH / "results" / "latest.json"
PAGE = BENCH.parent / "docs" / "benchmarks.md"
#: The least idle share, before a scenario begins, of a machine that may be called quiet.
QUIET = 90


def number(value: float, decimals: int) -> str:
    return f"{value:,.{decimals}f}".replace(",", " ")


def cell(samples: list[float] | None, decimals: int) -> str:
    """`median (min–max)`, or the value alone when every round agrees."""
    if not samples:
        return "–"
    low, mid, high = (number(value, decimals) for value in (min(samples), median(samples), max(samples)))
    return mid if low == high else f"{mid} ({low}–{high})"


def grid(head: list[str], rows: list[list[str]]) -> list[str]:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return lines + ["| " + " | ".join(row) + " |" for row in rows]


def with_unit(label: str, unit: str) -> str:
    return f"{label}, {unit}" if unit else label


def ratios_cell(rows: list[dict], case: str, figures: list[dict], server: str) -> str:
    judged = next((figure for figure in figures if figure["better"]), None)
    values = ratio(rows, case, judged["key"], server) if judged and server != OURS else []
    return cell(values, 2) if values else "–"


def tables(scenario: dict) -> list[str]:
    """One table a case: servers down, figures across, and our share of each peer's first figure, round by round."""
    lines: list[str] = []
    figures = scenario["figures"]
    judged = next(figure for figure in figures if figure["better"])
    for case in dict.fromkeys(row["case"] for row in scenario["rows"]):
        rows = [row for row in scenario["rows"] if row["case"] == case]
        has_ours = any(row["server"] == OURS for row in rows)
        order = [OURS] if has_ours else []
        order += sorted(row["server"] for row in rows if row["server"] != OURS and not row["reference"])
        order += [row["server"] for row in rows if row["reference"]]
        by_server = {row["server"]: row for row in rows}
        head = ["server"] + [with_unit(figure["label"], figure["unit"]) for figure in figures]
        if has_ours:
            head.append(f"{judged['label']}: {OURS} / this")
        body = []
        for server in order:
            row = by_server[server]
            line = [server + (" (import alone)" if server == "python" else "")]
            line += [cell(row["samples"].get(figure["key"]), figure["decimals"]) for figure in figures]
            if has_ours:
                line.append(ratios_cell(rows, case, figures, server))
            body.append(line)
        lines += ["", f"### {case}", "", *grid(head, body)]
    return lines


def machine_lines(scenario: dict) -> str:
    where = scenario["environment"]
    versions = ", ".join(f"{name} {version}" for name, version in sorted(where["versions"].items()))
    busy = "" if where["idle_percent"] >= QUIET else " **Other work ran beside this: compare with care.**"
    return (
        f"{where['date']}; {where['cores']} x {where['cpu']}, {where['memory_gb']} GB, Linux {where['kernel']}; "
        f"{where['idle_percent']} % of the CPU idle before it began. {versions}.{busy}"
    )


def target_lines(found: dict[str, dict]) -> list[str]:
    words = {True: "yes", False: "**no**", None: "–"}
    rows = [
        [f"[{line['claim']}](#{anchor(scenario['title'])})", line["wanted"], line["got"], words[line["met"]]]
        for scenario in found.values() for line in scenario["targets"]
    ]
    return grid(["aim", "wanted", "measured", "met"], rows)


def loss_lines(found: dict[str, dict]) -> list[str]:
    """The cases we lose: every judged figure in which the best peer's median is better than ours."""
    rows, judged = [], 0
    for scenario in found.values():
        for line in comparisons(scenario):
            judged += 1
            figure = line["figure"]
            if line["verdict"] == "loss":
                unit = f" {figure['unit']}" if figure["unit"] else ""
                rows.append([
                    f"[{scenario['title']}](#{anchor(scenario['title'])})", line["case"], figure["label"],
                    number(line["ours"], figure["decimals"]) + unit,
                    f"{line['peer']}, {number(line['theirs'], figure['decimals'])}{unit}",
                    "ranges meet" if line["overlap"] else "clear",
                ])
    if not judged:
        return [f"{OURS} was not among the servers of this run."]
    intro = (
        f"Of {judged} comparisons with the best peer (each judged column of each table), {OURS} loses {len(rows)} by "
        "the median. *Ranges meet* says that the least and greatest of the rounds overlap, so that the difference may "
        "be noise."
    )
    if not rows:
        return [intro]
    return [intro, "", *grid(["scenario", "case", "figure", OURS, "best peer", "difference"], rows)]


def failure_lines(scenario: dict) -> list[str]:
    lines = []
    for failure in scenario["failures"]:
        why = failure["why"].splitlines()[0]
        lines.append(f"- {failure['server']}, {failure['case']}, round {failure['round'] + 1}: {why}")
    for name, why in scenario["missing"].items():
        lines.append(f"- {name} was not measured: {Path(why.partition(' does not')[0]).name} is not installed here")
    return ["", "Not measured:", "", *lines] if lines else []


def anchor(title: str) -> str:
    """As GitHub makes it: lower case, punctuation dropped, spaces to hyphens."""
    kept = "".join(letter for letter in title.lower() if letter.isalnum() or letter in " -_")
    return kept.replace(" ", "-")


def rounds_text(scenario: dict) -> str:
    rounds = max((len(row["rounds"]) for row in scenario["rows"]), default=0)
    return f"{rounds} round{'' if rounds == 1 else 's'}, {scenario['seconds']} s in all"


def page(results: dict) -> str:
    found = {name: results["scenarios"][name] for name in scenarios.ALL if name in results["scenarios"]}
    lines = [
        "# Benchmarks",
        "",
        "<!-- Made by bench/render.py from bench/results/latest.json. Do not edit; run `make bench`. -->",
        "",
        f"{OURS} beside granian, gunicorn (gthread), peregrine, uwsgi and waitress (WSGI), beside granian, hypercorn, peregrine and uvicorn with",
        "uvloop and httptools (ASGI), and beside `streamlit run`: same machine, same app, same interpreter, same processes",
        "x threads, access log off, otherwise each server's defaults. `make bench` makes the figures and this page; the",
        "scenarios are in `bench/scenarios/`, the apps in `bench/apps/`, how each server is started in",
        "`bench/harness/servers.py`.",
        "",
        "Figures are `median (least–greatest)` of the rounds, and a ratio is taken round by round before its median.",
        "The load generator runs on the same machine as the server. Compare within a table; another machine has other",
        "figures.",
    ]
    if any(scenario["quick"] for scenario in found.values()):
        lines += ["", "**A quick run: too short for figures to rely on.**"]
    if any(OURS in (row["server"] for row in scenario["rows"]) for scenario in found.values()):
        lines += ["", "## What we aimed at", "", *target_lines(found)]
    lines += ["", "## The cases we lose", "", *loss_lines(found)]
    for scenario in found.values():
        lines += [
            "", f"## {scenario['title']}", "", scenario["method"], "",
            f"*{machine_lines(scenario)} {rounds_text(scenario)}.*", *tables(scenario), *failure_lines(scenario),
        ]
    return "\n".join(line.rstrip() for line in lines) + "\n"


def main() -> None:
    if not RESULTS.exists():
        sys.exit(f"render: {RESULTS} does not exist; run `make bench` first")
    PAGE.write_text(page(json.loads(RESULTS.read_text())))
    print(f"render: {PAGE}", file=sys.stderr)


if __name__ == "__main__":
    main()
