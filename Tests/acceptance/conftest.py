"""Fixtures for tests against the real server, `.build/release/roost`.

Run by `make test`, or: `.venv/bin/python -m pytest Tests/acceptance -k queue`.
"""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asgi_servers import KINDS  # noqa: E402
from asgi_servers import start as start_asgi  # noqa: E402
from server import BINARY, ROOT, Roost  # noqa: E402


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds rather than milliseconds")


def pytest_sessionstart(session):
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there: run `make build` first")


@pytest.fixture
def roost(tmp_path):
    """Starts servers for one test, and stops them by SIGTERM at its end; each has to leave with status 0.

    `roost("probe:app", "--threads", 1, NAME=value)`: target, options, environment.
    """
    started = []

    def start(target="probe:app", *options, **settings):
        server = Roost(tmp_path / f"server-{len(started)}", target, *options, **settings)
        started.append(server)
        return server

    yield start
    for server in started:
        server.open_gate("every")
    for server in started:
        server.end()


@pytest.fixture(params=KINDS)
def starting(request, tmp_path):
    """Starts ASGI servers for one test on each kind of server, see asgi_servers.py."""
    started = []

    def begin(target, *options, **settings):
        server = start_asgi(request.param, tmp_path / f"server-{len(started)}", target, *options, **settings)
        started.append(server)
        return server

    begin.kind = request.param
    yield begin
    for server in started:
        server.end()


@pytest.fixture(scope="module")
def shared(tmp_path_factory):
    """One server for the tests of a module that only send requests: two workers of two threads."""
    server = Roost(tmp_path_factory.mktemp("shared"), "probe:app", "--processes", 2, "--threads", 2)
    yield server
    server.end()


def interpreters():
    """One CPython of each supported version on this machine: pyenv's and those on PATH."""
    found = {}
    homes = [Path("/root/.pyenv/versions"), Path.home() / ".pyenv" / "versions"]
    candidates = [Path(sys.executable)]
    candidates += [path for home in homes if home.is_dir() for path in sorted(home.glob("3.*/bin/python3"))]
    candidates += [Path(f"/usr/bin/python3.{minor}") for minor in range(9, 14)]
    candidates += [Path(f"/usr/local/bin/python3.{minor}") for minor in range(9, 14)]
    for path in candidates:
        if not path.exists():
            continue
        shown = subprocess.run(
            [str(path), "-c", "import sys; print(sys.implementation.name, *sys.version_info[:2])"],
            capture_output=True,
            text=True,
        ).stdout.split()
        if shown[:2] == ["cpython", "3"] and 9 <= int(shown[2]) <= 13:
            found.setdefault(int(shown[2]), path)
    return [found[minor] for minor in sorted(found)]


def pytest_generate_tests(metafunc):
    if "interpreter" in metafunc.fixturenames:
        paths = interpreters()
        metafunc.parametrize("interpreter", paths, ids=[str(path) for path in paths])


def pytest_report_header(config):
    return [f"roost: {BINARY.relative_to(ROOT) if BINARY.is_relative_to(ROOT) else BINARY}",
            "interpreters: " + ", ".join(map(str, interpreters()))]
