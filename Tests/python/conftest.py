"""Interpreters and the library under test. The library is built first: ``make build``."""

import os
import pathlib
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "python" / "roost"
APPS = pathlib.Path(__file__).resolve().parent / "apps"
LIBRARY = pathlib.Path(os.environ.get("ROOST_WORKER_LIBRARY", ROOT / ".build" / "release" / "libRoostWorker.so"))
VERSIONS = ("3.9", "3.10", "3.11", "3.12", "3.13")

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))


def interpreters():
    """The interpreters of this machine, one for each version: {"3.9": path, …}."""
    found = {}
    places = [pathlib.Path.home() / ".pyenv" / "versions", pathlib.Path("/root/.pyenv/versions")]
    for version in VERSIONS:
        candidates = [str(path / "bin" / "python3") for place in places if place.is_dir()
                      for path in sorted(place.glob(version + ".*"))]
        candidates += [shutil.which("python" + version) or ""]
        if version == "%d.%d" % sys.version_info[:2]:
            candidates.append(sys.executable)
        for candidate in candidates:
            if candidate and os.access(candidate, os.X_OK):
                answer = subprocess.run([candidate, "-c", "import sys; print('%d.%d' % sys.version_info[:2])"],
                                        capture_output=True, text=True)
                if answer.stdout.strip() == version:
                    found[version] = candidate
                    break
    return found


INTERPRETERS = interpreters()


def pytest_report_header():
    missing = [version for version in VERSIONS if version not in INTERPRETERS]
    return ["workers run on: " + ", ".join("%s (%s)" % item for item in INTERPRETERS.items()),
            *(["NOT TESTED, no such interpreter here: CPython " + ", ".join(missing)] if missing else [])]


@pytest.fixture(params=[
    pytest.param(version, marks=() if version in INTERPRETERS else pytest.mark.skip("no CPython %s here" % version))
    for version in VERSIONS
], scope="module")
def python(request):
    """The path of one interpreter after the other."""
    return INTERPRETERS[request.param]


@pytest.fixture(scope="module")
def library():
    assert LIBRARY.is_file(), "%s is missing: run `make build`" % LIBRARY
    return LIBRARY


@pytest.fixture(scope="module")
def start(python, library):
    """Starts a worker of the interpreter under test; the caller closes it."""
    from ring_front import RingFront

    def begin(target="pages:app", **options):
        options.setdefault("app_dir", APPS)
        return RingFront(python, target, options.pop("library", library), PACKAGE, **options)

    return begin


@pytest.fixture(scope="module")
def start_loop(python, library):
    """Starts a worker with an event loop of the interpreter under test; the caller closes it."""
    from loop_front import LoopFront

    def begin(target="asgi_pages:app", **options):
        options.setdefault("app_dir", APPS)
        return LoopFront(python, target, options.pop("library", library), PACKAGE, **options)

    return begin


@pytest.fixture(scope="module")
def _shared(start):
    state = {"worker": None}
    yield state
    if state["worker"] is not None:
        state["worker"].close()


@pytest.fixture
def worker(start, _shared):
    """A ready worker with one thread, the same for many tests; a new one after a test that failed or ended it."""
    current = _shared["worker"]
    if current is None:
        current = start()
        current.ready()
    _shared["worker"] = None
    yield current
    # A test that leaves frames unread or a dead process leaves the worker to nobody.
    if current.exit_code is None and current.words[current._word(0, 128)] == current.heads[0] \
            and current.words[current._word(0, 64)] == current.tails[0]:
        current.logs.clear()
        _shared["worker"] = current
    else:
        current.close()
