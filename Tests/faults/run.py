#!/usr/bin/env python3
"""The fault table: puts every fault into Roost and its peers, keeps what was seen, makes the table of docs/faults.md.

    python3 Tests/faults/run.py                            every fault and server, about 25 minutes; or: make faults
    python3 Tests/faults/run.py --only killed_worker,drain --servers roost,uwsgi
    python3 Tests/faults/run.py --render                   only the page, from docs/faults.json
    python3 Tests/faults/run.py --list

The peers come from .venv-bench (`scripts/setup.sh bench` and `bench/run.py` make it; BENCH_VENV is another one),
ROOST_BINARY is another binary. Ends with status 1 when a promise of Roost's own was broken.
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from fault import FAULTS, play  # noqa: E402
import catalogue  # noqa: E402, F401
import page  # noqa: E402
from servers import COMMANDS, is_available, version  # noqa: E402


def say(text: str) -> None:
    print(f"faults: {text}", flush=True)


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=os.environ.get("FAULTS_ONLY", ""), help="faults, with commas")
    parser.add_argument("--servers", default=os.environ.get("FAULTS_SERVERS", ""), help="servers, with commas")
    parser.add_argument("--render", action="store_true", help="run nothing, make the page")
    parser.add_argument("--chaos", metavar="FILE", help="put what chaos.py --json wrote on the page too")
    parser.add_argument("--list", action="store_true")
    parser.add_argument("--dry", action="store_true", help="run, but write neither results nor page")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name] or list(FAULTS)
    options.servers = [name for name in options.servers.split(",") if name] or list(COMMANDS)
    for name in options.only:
        if name not in FAULTS:
            parser.error(f"no fault {name!r}; --list shows them")
    for name in options.servers:
        if name not in COMMANDS:
            parser.error(f"no server {name!r}; there are {', '.join(COMMANDS)}")
    return options


def main() -> int:
    options = arguments()
    # So that the server under way is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    if options.list:
        for one in FAULTS.values():
            print(f"{one.name:24} {one.group}: {one.title}")
        return 0
    results = page.load()
    if options.chaos:
        results["chaos"] = json.loads(Path(options.chaos).read_text())
    broken = []
    if not options.render:
        servers = [name for name in options.servers if is_available(name)]
        for name in set(options.servers) - set(servers):
            say(f"{name} is not installed here; its column keeps what it had")
        results["versions"].update({name: version(name) for name in servers})
        for fault_name in options.only:
            for server in servers:
                began = time.monotonic()
                seen = play(FAULTS[fault_name], server)
                mark = {True: "ok", False: "FAILED", None: "-"}[seen.passed]
                say(f"{fault_name} / {server}: {mark}: {seen.text} ({time.monotonic() - began:.0f} s)")
                results["seen"].setdefault(fault_name, {})[server] = {
                    "passed": seen.passed, "text": seen.text, "figures": page.finite(seen.figures),
                    "date": datetime.date.today().isoformat(),
                }
                if not options.dry:
                    page.save(results)
                if server == "roost" and seen.passed is False:
                    broken.append(fault_name)
    if not options.dry:
        page.save(results)
        say(f"written: {page.PAGE.name}, {page.RESULTS.name}")
    if broken:
        say(f"FAILED: {', '.join(broken)}")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
