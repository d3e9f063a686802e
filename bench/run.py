#!/usr/bin/env python3
"""Roost beside its peers: runs the scenarios, keeps the figures, makes docs/benchmarks.md.

    python3 bench/run.py                                  everything (more than an hour on 2 cores)
    BENCH_ONLY=hello,start python3 bench/run.py           these scenarios; the others keep their last figures
    BENCH_QUICK=1 python3 bench/run.py                    one short round of each, into bench/results/raw/ only

Further: BENCH_SERVERS=roost,granian (only these), BENCH_ROUNDS=N, BENCH_OVERLOAD_SECONDS=S; or as options: --help.
BENCH_ROOST=PATH is another binary, BENCH_VENV=PATH a virtual environment that has the peers already.
The peers are installed into .venv-bench, wrk comes from the distribution.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import signal
import subprocess
import sys
import time
from pathlib import Path

import render
import scenarios
from harness import machine, servers, wrk
from harness.plan import Plan

RESULTS = servers.BENCH / "results" / "latest.json"
PAGE = servers.REPOSITORY / "docs" / "benchmarks.md"
#: Of the results file; figures kept in another format are dropped.
FORMAT = 1
#: A thousand connections on our side, and as many in a server that inherits the limit.
FILES = 16_384


def step(text: str) -> None:
    print(f"bench: {text}", file=sys.stderr, flush=True)


def arguments() -> argparse.Namespace:
    def from_environment(name: str, otherwise: str = "") -> str:
        return os.environ.get(name, otherwise)

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=from_environment("BENCH_ONLY"), help="scenarios, with commas")
    parser.add_argument("--servers", default=from_environment("BENCH_SERVERS"), help="servers, with commas")
    parser.add_argument("--rounds", type=int, default=int(from_environment("BENCH_ROUNDS", "0")))
    parser.add_argument("--seconds", type=float, default=float(from_environment("BENCH_OVERLOAD_SECONDS", "0")),
                        help="length of the overload runs")
    parser.add_argument("--quick", action="store_true", default=from_environment("BENCH_QUICK") not in ("", "0"))
    parser.add_argument("--install", action="store_true", help="install the peers, and no more")
    options = parser.parse_args()
    options.only = [name for name in options.only.split(",") if name] or list(scenarios.ALL)
    options.servers = [name for name in options.servers.split(",") if name] or list(servers.NAMES)
    for name in options.only:
        if name not in scenarios.ALL:
            parser.error(f"no scenario {name!r}; there are {', '.join(scenarios.ALL)}")
    for name in options.servers:
        if name not in servers.NAMES:
            parser.error(f"no server {name!r}; there are {', '.join(servers.NAMES)}")
    return options


def install_peers() -> None:
    """Makes .venv-bench when it is not there; a peer that can not be installed is left out."""
    stamp = servers.VENV / ".installed"
    wanted = (servers.BENCH / "requirements.txt").read_text()
    if "BENCH_VENV" in os.environ or (stamp.exists() and stamp.read_text() == wanted):
        return
    step(f"installing the peers into {servers.VENV.name}")
    if not (servers.VENV / "bin" / "python").exists():
        subprocess.run([sys.executable, "-m", "venv", servers.VENV], check=True)
        (servers.VENV / ".gitignore").write_text("*\n")
    pip = [servers.VENV / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    complete = True
    for line in wanted.splitlines():
        if line and not line.startswith("#") and subprocess.run([*pip, line], check=False).returncode != 0:
            step(f"{line} could not be installed here; going on without it")
            complete = False
    if complete:
        stamp.write_text(wanted)


def require_wrk() -> None:
    if not wrk.is_installed() and os.geteuid() == 0:
        step("installing wrk with apt-get")
        subprocess.run(["apt-get", "install", "-y", "-qq", "wrk"], check=False, stdout=subprocess.DEVNULL)
    if not wrk.is_installed():
        sys.exit("bench: wrk is not installed (Debian and Ubuntu: apt-get install wrk)")


def chosen_servers(wanted: list[str]) -> tuple[list[str], dict[str, str]]:
    missing = {name: why for name, why in servers.available().items() if name in wanted}
    if "roost" in missing:
        sys.exit(f"bench: {missing['roost']}: run `make build` first, or choose others with BENCH_SERVERS")
    for name, why in missing.items():
        step(f"without {name}: {why}")
    return [name for name in wanted if name not in missing], missing


def main() -> None:
    options = arguments()
    if options.install:
        return install_peers()
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < FILES:
        resource.setrlimit(resource.RLIMIT_NOFILE, (FILES if hard < 0 else min(FILES, hard), hard))
    # So that a server under way is stopped on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    require_wrk()
    install_peers()
    names, missing = chosen_servers(options.servers)
    plan = Plan(names, options.quick, options.rounds, options.seconds)
    results, page = (RESULTS, PAGE) if not options.quick else (
        servers.RAW / "quick.json", servers.RAW / "quick.md",
    )
    results.parent.mkdir(parents=True, exist_ok=True)
    kept = json.loads(results.read_text()) if results.exists() else {}
    if kept.get("format") != FORMAT:
        kept = dict(format=FORMAT, scenarios={})
    for name in options.only:
        scenario = scenarios.ALL[name]
        step(f"{name}: {scenario.TITLE}")
        environment, begun = machine.environment(), time.monotonic()
        measured = getattr(scenario, "SERVERS", servers.WSGI)
        table = scenario.run(plan)
        kept["scenarios"][name] = dict(
            title=scenario.TITLE,
            method=scenario.METHOD,
            environment=environment,
            missing={server: why for server, why in missing.items() if server in measured},
            seconds=round(time.monotonic() - begun),
            quick=options.quick,
            **table.as_json(),
            targets=scenario.targets(table),
        )
        # After each scenario, so that an interrupted run loses only the one it was in.
        results.write_text(json.dumps(kept, indent=1, ensure_ascii=False) + "\n")
    page.write_text(render.page(kept))
    step(f"figures in {shown(results)}, page in {shown(page)}")


def shown(path: Path) -> str:
    return os.path.relpath(path)


if __name__ == "__main__":
    main()
