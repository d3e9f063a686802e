"""The servers that an ASGI conformance test runs on: Roost, and for comparison uvicorn.

A claim about ASGI that does not hold on uvicorn is probably a wrong claim, so the same tests run on both:

    ROOST_CONFORMANCE=roost,uvicorn .venv/bin/python -m pytest Tests/acceptance -k conformance

uvicorn (with httptools, websockets and the interpreter of FRAMEWORKS_PYTHON) is no part of `make test`.
"""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pythons
from client import Connection, eventually, get
from server import APPS, ROOT, Roost, clean_environment, free_port

# More options for Roost, such as `--event-loop asyncio`.
OPTIONS = os.environ.get("ROOST_CONFORMANCE_OPTIONS", "").split()
KINDS = os.environ.get("ROOST_CONFORMANCE", "roost").split(",")


def frameworks_python():
    """The interpreter that has the frameworks: .venv-frameworks, made by `scripts/setup.sh light-frameworks`."""
    told = os.environ.get("ROOST_FRAMEWORKS_PYTHON")
    made = ROOT / ".venv-frameworks" / "bin" / "python"
    return Path(told) if told else made if made.exists() else Path(sys.executable)


def can_import(*modules):
    return pythons.can_import(frameworks_python(), *modules)


class Uvicorn:
    """uvicorn as a test sees it: what of :class:`server.Roost` the conformance tests use."""

    def __init__(self, directory, target, *, app_dir=APPS, binds=None, wait=True, **environment):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.address = ("127.0.0.1", free_port())
        self.log_path = self.directory / "log"
        where = ["--host", "127.0.0.1", "--port", str(self.address[1])]
        for bind in binds or []:
            where = ["--uds", bind[len("unix:"):]] if bind.startswith("unix:") else [
                "--host", bind.rpartition(":")[0].strip("[]"), "--port", bind.rpartition(":")[2]]
        factory = ["--factory"] if target.endswith("()") else []
        self.log_file = open(self.log_path, "wb")
        self.process = subprocess.Popen(
            [str(frameworks_python()), "-m", "uvicorn", target.removesuffix("()"), *factory,
             "--app-dir", str(app_dir), *where],
            cwd=self.directory,
            env=clean_environment(**{
                "PROBE_DIRECTORY": self.directory, "PYTHONDONTWRITEBYTECODE": 1, **environment,
            }),
            stdin=subprocess.DEVNULL, stdout=self.log_file, stderr=subprocess.STDOUT,
        )
        self.pid = self.process.pid
        if wait:
            eventually(lambda: "Uvicorn running" in self.log(), f"uvicorn got ready: {self.log()}")

    def log(self):
        return self.log_path.read_text(errors="replace")

    def workers(self):
        return [self.pid]

    def connect(self, **options):
        return Connection(self.address, **options)

    def get(self, target="/", **options):
        return get(self.address, target, **options)

    def open_gate(self, name="gate"):
        (self.directory / f"open-{name}").touch()

    def stop(self):
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        self.process.wait(60)
        self.log_file.close()

    def end(self):
        self.open_gate("every")
        if self.process.poll() is None:
            self.stop()


def start(kind, directory, target, *options, python=None, **settings):
    """Starts ``target`` on a server of this kind; ``options`` are Roost's alone."""
    if kind == "uvicorn":
        server = Uvicorn(directory, target, **settings)
    else:
        options = (*(options or ("--processes", 1)), *OPTIONS)
        server = Roost(directory, target, *options, python=python or frameworks_python(), **settings)
    server.kind = kind
    return server


def notes(server):
    """What the application noted after it had answered."""
    try:
        return (server.directory / "notes").read_text().splitlines()
    except OSError:
        return []


def wait_for_note(server, line):
    eventually(lambda: line in notes(server), f"the application noted {line!r}; it noted {notes(server)}")
