#!/usr/bin/env python3
"""Runs a command as an ordinary user: `as_user.py COMMAND...`.

Whoever is an ordinary user already runs the command as it is. Root creates the system user `roost-test` once and becomes it,
without any capability. Directories that only root may enter (root's home with an interpreter in it, a private checkout) are
opened for that one command in a mount namespace of its own: a small empty file system is laid over them, with only what the
command needs in it. Nothing outside of the command changes.
"""

import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
NAME = "roost-test"


def say(text):
    print(f"as-user: {text}", flush=True)


def user():
    """The ordinary user's entry, created when it is missing."""
    try:
        return pwd.getpwnam(NAME)
    except KeyError:
        say(f"creating the system user {NAME}")
        subprocess.run(["useradd", "--system", "--user-group", "--no-create-home", "--shell", "/usr/sbin/nologin", NAME],
                       check=True)
        return pwd.getpwnam(NAME)


def needed():
    """The directories that a test needs: this checkout, and what its virtual environments' interpreters belong to."""
    places = {ROOT}
    for link in [*ROOT.glob(".venv*/bin/python3"), *ROOT.glob(".venv-pythons/*/bin/python3")]:
        places.add(link.resolve().parents[1])
    for home in (Path("/root/.pyenv/versions"), Path.home() / ".pyenv" / "versions"):
        if home.is_dir():
            places.add(home)
    # Not what lies in another of them.
    return [place for place in sorted(places) if not any(other in place.parents for other in places)]


def closed_ancestor(place):
    """The outermost directory above `place`, or itself, that others may not enter; None when they may reach it."""
    for directory in [*reversed(place.parents), place]:
        if not directory.stat().st_mode & 0o001:
            return directory
    return None


def open_up(places):
    """Lets everybody reach `places`, in this mount namespace only."""
    by_ancestor = {}
    for place in places:
        ancestor = closed_ancestor(place)
        if ancestor:
            by_ancestor.setdefault(ancestor, []).append(place)
    for ancestor, inside in by_ancestor.items():
        say(f"{ancestor} is private: only {', '.join(map(str, inside))} of it can be seen by the tests")
        aside = Path(tempfile.mkdtemp(prefix="roost-as-user-"))
        kept = []
        for number, place in enumerate(inside):
            copy = aside / str(number)
            copy.mkdir()
            mount("--rbind", place, copy)
            kept.append((copy, place))
        mount("-t", "tmpfs", "-o", "mode=755,size=1m", "tmpfs", ancestor)
        for copy, place in kept:
            place.mkdir(parents=True, exist_ok=True)
            mount("--rbind", copy, place)


def mount(*arguments):
    subprocess.run(["mount", *map(str, arguments)], check=True)


def become(command):
    """Drops to the ordinary user and runs `command`; its home is a directory that goes with it."""
    entry = user()
    home = tempfile.mkdtemp(prefix="roost-test-home-")
    os.chown(home, entry.pw_uid, entry.pw_gid)
    environment = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "SUDO_"))}
    environment.update(HOME=home, USER=NAME, LOGNAME=NAME, PYTHONDONTWRITEBYTECODE="1")
    os.umask(0o022)
    try:
        return subprocess.run(
            ["setpriv", f"--reuid={entry.pw_uid}", f"--regid={entry.pw_gid}", "--clear-groups", "--inh-caps=-all",
             "--bounding-set=-all", *command],
            env=environment, cwd=ROOT,
        ).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)


def main(arguments):
    if os.geteuid() != 0:
        os.execvp(arguments[0], arguments)
    if arguments[0] == "--inside":
        open_up(needed())
        return become(arguments[1:])
    isolated = ["unshare", "--mount", "--propagation", "private"]
    if subprocess.run([*isolated, "true"], capture_output=True).returncode == 0:
        os.execvp(isolated[0], [*isolated, sys.executable, os.path.abspath(__file__), "--inside", *arguments])
    private = [place for place in needed() if closed_ancestor(place)]
    if private:
        say(f"NOT AS AN ORDINARY USER: {private[0]} is for root only, and there is no mount namespace to show it in")
        os.execvp(arguments[0], arguments)
    return become(arguments)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
