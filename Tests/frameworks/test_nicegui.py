"""NiceGUI: a page lives in the process that made it; its socket.io connection has to reach that one."""

import pytest
from asgi_servers import can_import
from pages import assert_unharmed, choose_file, process_of, wait_for_text

if not can_import("nicegui"):
    pytest.skip("NiceGUI is not installed: scripts/setup.sh frameworks", allow_module_level=True)


@pytest.fixture(scope="module")
def site(serving):
    return serving("nicegui_site:app")


def test_two_browsers_keep_their_pages_in_two_processes(site, browsers, tmp_path):
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
        choose_file(browser, "#file input[type=file], input[type=file]", path)
        wait_for_text(browser, "#size", "300000 bytes")
        assert_unharmed(browser)
    assert len(set(processes)) == site.processes
