"""Frameworks served for real, each by two processes: `make test-frameworks`.

They are installed in .venv-frameworks; the tests themselves run in .venv. With ROOST_CONFORMANCE=uvicorn they run on one
process of uvicorn, which tells a wrong test from a wrong server.
"""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "acceptance"))

from asgi_servers import KINDS, frameworks_python, start  # noqa: E402
from browser import Browser, find_chromium  # noqa: E402

APPS = Path(__file__).resolve().parent / "apps"


@pytest.fixture(scope="module")
def serving(tmp_path_factory):
    """Starts an app of this directory for the tests of a module."""
    started = []

    def begin(target, *options, **settings):
        server = start(
            KINDS[0], tmp_path_factory.mktemp("server"), target, "--processes", 2, *options,
            python=frameworks_python(), app_dir=APPS, **settings,
        )
        server.processes = 2 if server.kind == "roost" else 1
        started.append(server)
        return server

    yield begin
    for server in started:
        server.end()


@pytest.fixture
def browsers(tmp_path):
    """Opens browsers, each with a profile of its own: each one is another user."""
    if not find_chromium():
        pytest.skip("NO BROWSER: install Debian's package chromium to run this test")
    opened = []

    def open_one(server, path="/"):
        browser = Browser(tmp_path / f"profile-{len(opened)}", tmp_path)
        opened.append(browser)
        browser.call("Page.navigate", url=f"http://127.0.0.1:{server.address[1]}{path}")
        return browser

    yield open_one
    for browser in opened:
        browser.close()
