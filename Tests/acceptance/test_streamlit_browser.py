"""The Streamlit example in real browsers: two people on two processes."""

import json
import os
import re
import signal

import pytest
from browser import Browser, find_chromium
from client import eventually
from server import ROOT

pytest.importorskip("streamlit", reason="Streamlit needs Python 3.11 or later")

from streamlit_run import StreamlitRun  # noqa: E402

ON_EVERY_PYTHON = ("streamlit",)

SCRIPT = ROOT / "examples" / "sales_streamlit.py"
STOCK = bool(os.environ.get("ROOST_TEST_STREAMLIT_RUN"))
needs_roost = pytest.mark.skipif(STOCK, reason="streamlit run has one process, and cannot")

pytestmark = pytest.mark.slow

# The page's sockets, so that a test can cut them as a bad line would.
REMEMBER_SOCKETS = """
    window.__sockets = [];
    window.WebSocket = class extends WebSocket {
        constructor(...all) { super(...all); window.__sockets.push(this); }
    };
"""
APP = "document.querySelector('[data-testid=\"stApp\"]')"


class Visitor:
    """One browser on the example, as somebody uses it."""

    def __init__(self, browser, address, directory):
        self.browser = browser
        self.directory = directory
        self.url = "http://%s:%d/" % address
        browser.call("Page.addScriptToEvaluateOnNewDocument", source=REMEMBER_SOCKETS)
        browser.call("DOM.enable")

    def visit(self):
        self.browser.call("Page.navigate", url=self.url)
        return self.settle()

    def settle(self, seconds=60):
        """Waits until the page is connected and no script runs."""
        self.browser.wait_for(
            f"{APP}?.dataset.testConnectionState === 'CONNECTED' && {APP}?.dataset.testScriptState === 'notRunning'"
            " && document.body.innerText.includes('upper half')",
            seconds,
        )
        return self

    def text(self):
        return self.browser.evaluate("document.body.innerText")

    def state(self):
        """Counted, run, process."""
        return tuple(map(int, re.search(r"Counted (\d+), run (\d+), process (\d+)", self.text()).groups()))

    def click(self, key):
        selector = f".st-key-{key} button"
        self.browser.wait_for(f"!!document.querySelector({json.dumps(selector)})")
        self.browser.click(selector)

    def count(self, expected, seconds=60):
        """Counts once, and waits until the page shows that number."""
        self.click("count")
        self.browser.wait_for(f"document.body.innerText.includes('Counted {expected},')", seconds)
        self.settle()

    def upload(self, name, content):
        path = self.directory / name
        path.write_bytes(content)
        document = self.browser.call("DOM.getDocument")["root"]["nodeId"]
        field = self.browser.call("DOM.querySelector", nodeId=document, selector=".st-key-upload input[type=file]")
        self.browser.call("DOM.setFileInputFiles", nodeId=field["nodeId"], files=[str(path)])
        self.browser.wait_for(f"document.body.innerText.includes('Received {name}: {len(content)} bytes')")
        self.settle()

    def sees_the_picture(self):
        self.browser.wait_for(
            "[...document.querySelectorAll('[data-testid=\"stImage\"] img, [data-testid=\"stImageContainer\"] img')]"
            ".some(image => image.complete && image.naturalWidth === 240)"
        )

    def download(self):
        path = self.directory / "orders.csv"
        path.unlink(missing_ok=True)
        self.click("download")
        eventually(lambda: path.exists(), "the download is there")
        assert path.read_bytes().count(b"\n") == 24_001

    def lose_the_socket(self):
        """Cuts the WebSocket, and waits for another."""
        before = self.browser.evaluate("window.__sockets.length")
        self.browser.evaluate("window.__sockets.forEach(socket => socket.close())")
        self.browser.wait_for(f"window.__sockets.length > {before}")
        self.settle()

    def has_met_no_error(self):
        assert [entry for entry in self.browser.responses if entry[0] >= 400 and "favicon" not in entry[1]] == []


@pytest.fixture
def people(tmp_path):
    """Makes visitors, each with a browser of their own."""
    if not find_chromium():
        pytest.skip("NO BROWSER: install Debian's package chromium to run this test")
    browsers = []

    def make(address):
        directory = tmp_path / f"person-{len(browsers)}"
        directory.mkdir()
        browsers.append(Browser(directory / "profile", directory))
        return Visitor(browsers[-1], address, directory)

    yield make
    for browser in browsers:
        browser.close()


@pytest.fixture
def serve(roost, tmp_path):
    """Starts the example in two processes."""
    started = []

    def start(*options):
        if STOCK:
            started.append(StreamlitRun(tmp_path / "stock", SCRIPT))
            return started[-1]
        return roost("sales_streamlit.py", "--processes", 2, *options, app_dir=SCRIPT.parent)

    yield start
    for server in started:
        server.end()


@pytest.mark.parametrize("options, extension", [
    ((), ""),
    pytest.param(("--ws-compression", "deflate"), "permessage-deflate", marks=needs_roost),
])
def test_everything_works_for_two_people_and_goes_on_through_a_reconnect(serve, people, options, extension):
    server = serve(*options)
    visitors = [people(server.address).visit() for _ in range(2)]
    processes = [visitor.state()[2] for visitor in visitors]
    for visitor in visitors:
        assert visitor.browser.evaluate("window.__sockets[0].extensions").split(";")[0] == extension
    if not STOCK:
        assert len(set(processes)) == 2
    for visitor in visitors:
        visitor.count(1)
        visitor.count(2)
    for number, visitor in enumerate(visitors):
        visitor.upload(f"file-{number}.bin", os.urandom(200_000 + number))
        visitor.sees_the_picture()
        visitor.download()
    for visitor, process in zip(visitors, processes):
        runs = visitor.state()[1]
        visitor.lose_the_socket()
        visitor.count(3)
        counted, after, same = visitor.state()
        assert (counted, same) == (3, process) and after > runs
        assert "Received file-" in visitor.text()
        visitor.sees_the_picture()
        visitor.has_met_no_error()


def test_fifty_page_loads_in_a_row_meet_no_error(serve, people):
    server = serve()
    visitor = people(server.address)
    for _ in range(50):
        visitor.visit()
        visitor.sees_the_picture()
    visitor.has_met_no_error()
    assert visitor.browser.problems == []


@needs_roost
def test_a_killed_process_moves_its_person_and_leaves_the_other_alone(serve, people):
    server = serve()
    one, other = (people(server.address).visit() for _ in range(2))
    one.count(1), one.count(2), other.count(1)
    lost, kept = one.state()[2], other.state()[2]
    assert lost != kept
    os.kill(lost, signal.SIGKILL)
    other.count(2)
    one.browser.wait_for("window.__sockets.length > 1")
    one.settle()
    # Widgets survive in the page, the session's state went with its process.
    one.count(1)
    assert one.state()[2] != lost
    one.count(2)
    other.count(3)
    assert other.state()[2] == kept
    other.has_met_no_error()


@needs_roost
def test_a_reload_moves_people_who_are_idle(serve, people):
    server = serve("--drain-timeout", "2s")
    visitors = [people(server.address).visit() for _ in range(2)]
    old = {visitor.state()[2] for visitor in visitors}
    assert server.command("reload").returncode == 0
    for visitor in visitors:
        visitor.browser.wait_for("window.__sockets.length > 1")
        visitor.settle()
        visitor.count(1)
        visitor.sees_the_picture()
    assert not old & {visitor.state()[2] for visitor in visitors}


@needs_roost
def test_a_reload_lets_a_run_finish(serve, people):
    server = serve("--drain-timeout", "20s")
    busy, idle = (people(server.address).visit() for _ in range(2))
    old = busy.state()[2]
    busy.click("report")
    busy.browser.wait_for("document.body.innerText.includes('Step 1 of')")
    assert server.command("reload").returncode == 0
    busy.browser.wait_for(f"document.body.innerText.includes('The report is done: process {old}')")
    for visitor in (busy, idle):
        visitor.browser.wait_for("window.__sockets.length > 1")
        visitor.settle()
        visitor.count(1)
    assert busy.state()[2] != old
