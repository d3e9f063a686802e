"""The interpreters that servers under test run on.

A module of tests that says ``ON_EVERY_PYTHON = True`` runs on all supported CPythons of this machine. ``--pythons`` says how:

    spread  each case on one of them, dealt out in turn: what `make test` does, as fast as on one
    all     each case on every one: `make test-pythons`
    own     each case on the interpreter of the tests

A module that says ``ON_EVERY_PYTHON = "always"`` is on each of them even where the others are spread. One whose apps need
packages names them, ``ON_EVERY_PYTHON = ("starlette",)``: with ``all`` it runs on the interpreters that have them, which are
those that `scripts/setup.sh pythons` makes. This file run as a script prints the interpreters.
"""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
#: Virtual environments with frameworks, one for each version: `.venv-pythons/3.9` and so on.
EQUIPPED = ROOT / ".venv-pythons"
MINORS = range(9, 14)
CHOICES = ("spread", "all", "own")


def interpreters():
    """One CPython of each supported version on this machine: pyenv's and those on PATH."""
    found = {}
    homes = [Path("/root/.pyenv/versions"), Path.home() / ".pyenv" / "versions"]
    candidates = [Path(sys.executable)]
    candidates += [path for home in homes if home.is_dir() for path in sorted(home.glob("3.*/bin/python3"))]
    candidates += [Path(f"/usr/bin/python3.{minor}") for minor in MINORS]
    candidates += [Path(f"/usr/local/bin/python3.{minor}") for minor in MINORS]
    for path in candidates:
        if not path.exists():
            continue
        shown = subprocess.run(
            [str(path), "-c", "import sys; print(sys.implementation.name, *sys.version_info[:2])"],
            capture_output=True,
            text=True,
        ).stdout.split()
        if shown[:2] == ["cpython", "3"] and int(shown[2]) in MINORS:
            found.setdefault(int(shown[2]), path)
    return {minor: found[minor] for minor in sorted(found)}


def equipped():
    """The same with frameworks where they are installed, by minor version."""
    places = {minor: EQUIPPED / f"3.{minor}" / "bin" / "python" for minor in MINORS}
    return {minor: path for minor, path in places.items() if path.exists()}


def can_import(python, *modules):
    code = "import importlib.util, sys; sys.exit(not all(map(importlib.util.find_spec, sys.argv[1:])))"
    return subprocess.run([str(python), "-c", code, *modules]).returncode == 0


def version(python, package):
    """The first two numbers of the version of a package that is installed for an interpreter."""
    code = "import importlib.metadata as m, sys; print(m.version(sys.argv[1]))"
    text = subprocess.run([str(python), "-c", code, package], capture_output=True, text=True, check=True).stdout
    return tuple(map(int, text.split(".")[:2]))


class Pythons:
    """Which interpreters the tests of a module get."""

    def __init__(self, choice):
        self.choice = choice
        self.plain = interpreters()
        self.equipped = equipped()

    def of(self, wish):
        """The interpreters by minor version for a module that says ``ON_EVERY_PYTHON = wish``; empty: its own."""
        if not wish or self.choice == "own":
            return {}
        if wish in (True, "always"):
            return self.plain if self.choice == "spread" else {**self.plain, **self.equipped}
        if self.choice == "spread":
            return {}
        return {minor: path for minor, path in self.equipped.items() if can_import(path, *wish)}

    def deal(self, items):
        """Keeps of each test that is there once for each interpreter the one whose turn it is."""
        if self.choice != "spread":
            return items
        turns, kept = {}, []
        for item in items:
            parameters = getattr(getattr(item, "callspec", None), "params", {})
            if "python" not in parameters or item.module.ON_EVERY_PYTHON == "always":
                kept.append(item)
                continue
            case = (item.nodeid.partition("[")[0], *sorted((key, repr(value)) for key, value in parameters.items()
                                                           if key != "python"))
            turn = turns.setdefault(case, len(turns))
            places = list(self.plain.values())
            if parameters["python"] == places[turn % len(places)]:
                kept.append(item)
        return kept


if __name__ == "__main__":
    for minor, path in interpreters().items():
        print(f"3.{minor} {path}")
