"""docs/faults.json, and the table that is made of it between two markers of docs/faults.md."""

from __future__ import annotations

import json
import math
import os
import platform

from fault import FAULTS
from servers import COMMANDS, ROOT

PAGE = ROOT / "docs" / "faults.md"
RESULTS = ROOT / "docs" / "faults.json"
BEGIN, END = "<!-- table: made by Tests/faults/run.py -->", "<!-- end of the table -->"
NAMES = {"roost": "Roost", "gunicorn": "gunicorn", "granian": "Granian", "uwsgi": "uWSGI"}
MARKS = {True: "✓", False: "**✗**", None: "–"}


def load() -> dict:
    if RESULTS.exists():
        return json.loads(RESULTS.read_text())
    return {"versions": {}, "seen": {}}


def finite(figures: dict) -> dict:
    """JSON knows no infinity: what never happened is null."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value)
        else round(value, 3) if isinstance(value, float) else value
        for name, value in figures.items()
    }


def save(results: dict) -> None:
    results["machine"] = f"{os.cpu_count()} CPUs, Linux {platform.release().split('-')[0]}, loopback"
    results["seen"] = {name: results["seen"][name] for name in FAULTS if name in results["seen"]}
    RESULTS.write_text(json.dumps(results, indent=1, ensure_ascii=False) + "\n")
    text = PAGE.read_text()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    PAGE.write_text(f"{before}{BEGIN}\n\n{table(results)}\n{END}{after}")


def table(results: dict) -> str:
    seen = results["seen"]
    dates = sorted({one["date"] for row in seen.values() for one in row.values()})
    versions = ", ".join(f"{NAMES[name]} {results['versions'].get(name, '?')}" for name in COMMANDS)
    lines = [
        f"{versions}; {results['machine']}; {' to '.join(dict.fromkeys((dates[0], dates[-1])))}." if dates else "",
        "",
        "| | " + " | ".join(NAMES[name] for name in COMMANDS) + " |",
        "| --- |" + " --- |" * len(COMMANDS),
        "| promises kept / broken / does not apply | " + " | ".join(count(seen, name) for name in COMMANDS) + " |",
    ]
    group = None
    for name, one in FAULTS.items():
        if name not in seen:
            continue
        if one.group != group:
            group = one.group
            lines += ["", f"### {group}", "", "| fault; *promise* | " + " | ".join(NAMES[n] for n in COMMANDS) + " |",
                      "| --- |" + " --- |" * len(COMMANDS)]
        remark = f"<br>{one.remark}" if one.remark else ""
        cells = [cell(seen[name].get(server)) for server in COMMANDS]
        lines.append(f"| **{one.title}**<br>*{one.promise}*{remark} | " + " | ".join(cells) + " |")
    return "\n".join(lines + chaos(results.get("chaos"))) + "\n"


def chaos(account: dict | None) -> list[str]:
    """What `Tests/chaos/chaos.py --json` wrote, in words."""
    if not account:
        return []
    ends = "; ".join(f"{count} {what}" for what, count in account["outcomes"].items())
    return [
        "", "### All at once", "",
        f"Chaos of {account['seconds']:.0f} s on {account['shape']}: {account['deaths']} workers killed, "
        f"{account['reloads']} reloads, {account['sent']} requests: {ends}. Of those that were answered half took "
        f"{account['p50_ms']} ms at most, and 99 % {account['p99_ms']} ms. "
        + ("Every request has an end that is explained, and nothing was left behind." if not account["failures"]
           else f"Failed: {'; '.join(account['failures'][:5])}"),
    ]


def cell(one: dict | None) -> str:
    return f"{MARKS[one['passed']]} {one['text']}".replace("|", "/") if one else "not run"


def count(seen: dict, server: str) -> str:
    verdicts = [row[server]["passed"] for row in seen.values() if server in row]
    return f"{verdicts.count(True)} / {verdicts.count(False)} / {verdicts.count(None)}"
