"""Fixtures for tests against the real server, `.build/release/roost`.

Run by `make test`, or: `.venv/bin/python -m pytest Tests/acceptance -k queue`.
"""

import os
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from asgi_servers import KINDS  # noqa: E402
from asgi_servers import start as start_asgi  # noqa: E402
from pythons import CHOICES, MINORS, Pythons, interpreters  # noqa: E402
from server import BINARY, IN_CONTAINER, ROOT, Roost  # noqa: E402

#: Fixtures that mount file systems or make control groups.
ROOT_FIXTURES = {"group", "small_disk"}


def pytest_addoption(parser):
    parser.addoption("--pythons", choices=CHOICES, default="spread", help="on which interpreters, see pythons.py")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes seconds rather than milliseconds")
    config.addinivalue_line("markers", "root: needs root, and is skipped without; `make test` runs these apart")
    config.addinivalue_line("markers", "same_pids: the app's own process numbers are those seen from outside")
    config.addinivalue_line("markers", "pythons: runs on every CPython with --pythons all")
    config.pythons = Pythons(config.getoption("--pythons"))


def pytest_sessionstart(session):
    if not BINARY.exists():
        raise pytest.UsageError(f"{BINARY} is not there: run `make build` first")


@pytest.fixture(scope="module")
def python(request):
    """The interpreter that servers run on, see pythons.py; None for the one that they have by themselves."""
    return getattr(request, "param", None)


@pytest.fixture
def roost(tmp_path, python):
    """Starts servers for one test, and stops them by SIGTERM at its end; each has to leave with status 0.

    `roost("probe:app", "--threads", 1, NAME=value)`: target, options, environment.
    """
    started = []

    def start(target="probe:app", *options, **settings):
        settings.setdefault("python", python)
        server = Roost(tmp_path / f"server-{len(started)}", target, *options, **settings)
        started.append(server)
        return server

    yield start
    for server in started:
        server.open_gate("every")
    for server in started:
        server.end()


@pytest.fixture(params=KINDS)
def starting(request, tmp_path, python):
    """Starts ASGI servers for one test on each kind of server, see asgi_servers.py."""
    started = []

    def begin(target, *options, **settings):
        settings.setdefault("python", python)
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


def pytest_generate_tests(metafunc):
    if "interpreter" in metafunc.fixturenames:
        paths = list(interpreters().values())
        metafunc.parametrize("interpreter", paths, ids=[str(path) for path in paths])
    if "python" in metafunc.fixturenames:
        found = metafunc.config.pythons.of(getattr(metafunc.module, "ON_EVERY_PYTHON", False))
        if found:
            names = [f"3.{minor}" for minor in found]
            metafunc.parametrize("python", list(found.values()), ids=names, indirect=True, scope="module")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config, items):
    for item in items:
        if ROOT_FIXTURES.intersection(getattr(item, "fixturenames", ())):
            item.add_marker("root")
        if os.geteuid() != 0 and item.get_closest_marker("root"):
            item.add_marker(pytest.mark.skip(reason="needs root"))
        if IN_CONTAINER and item.get_closest_marker("same_pids"):
            item.add_marker(pytest.mark.skip(reason="the servers have a pid namespace of their own"))
        if "python" in getattr(getattr(item, "callspec", None), "params", {}):
            item.add_marker("pythons")
    items[:] = config.pythons.deal(items)


def pytest_report_header(config):
    pythons = config.pythons
    missing = [f"3.{minor}" for minor in MINORS if minor not in pythons.plain]
    return [f"roost: {BINARY.relative_to(ROOT) if BINARY.is_relative_to(ROOT) else BINARY}",
            f"interpreters ({pythons.choice}): " + ", ".join(map(str, pythons.plain.values())),
            *(["with frameworks: " + ", ".join(map(str, pythons.equipped.values()))] if pythons.equipped else []),
            *(["NOT TESTED, no such interpreter here: CPython " + ", ".join(missing)] if missing else [])]
