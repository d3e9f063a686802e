"""Shiny for Python: a session is a WebSocket, and its uploads and downloads are requests to the same process."""

import pytest
from asgi_servers import can_import
from client import eventually
from pages import assert_unharmed, choose_file, process_of, wait_for_text

if not can_import("shiny"):
    pytest.skip("Shiny is not installed: scripts/setup.sh frameworks", allow_module_level=True)


@pytest.fixture(scope="module")
def site(serving):
    return serving("shiny_site:app")


def test_two_browsers_keep_their_sessions_in_two_processes(site, browsers, tmp_path):
    processes = []
    for user in ("ada", "grace"):
        browser = browsers(site)
        wait_for_text(browser, "#shown", "0 clicks in process")
        for number in (1, 2, 3):
            browser.click("#more")
            shown = wait_for_text(browser, "#shown", f"{number} clicks in process")
        processes.append(process_of(shown))
        path = tmp_path / f"{user}.bin"
        path.write_bytes(b"x" * 300_000)
        choose_file(browser, "#file", path)
        wait_for_text(browser, "#size", "300000 bytes")
        report = tmp_path / "report.txt"
        browser.wait_for("document.querySelector('#report').href.includes('session/')")
        browser.evaluate("document.querySelector('#report').click()")
        eventually(lambda: report.exists() and report.read_text() == "3 clicks\n", "the report was downloaded")
        report.unlink()
        assert_unharmed(browser)
    assert len(set(processes)) == site.processes
