"""Panel (and Bokeh) by bokeh-fastapi: the page's GET makes the session, its WebSocket has to reach the same process."""

import pytest
from asgi_servers import can_import
from pages import assert_unharmed, process_of

if not can_import("panel", "bokeh_fastapi"):
    pytest.skip("Panel is not installed: scripts/setup.sh frameworks", allow_module_level=True)

# Bokeh draws into shadow roots.
FIND = """(() => { const all = []; const walk = (root) => { for (const e of root.querySelectorAll('*')) {
    all.push(e); if (e.shadowRoot) walk(e.shadowRoot); } }; walk(document); return all; })()"""
SHOWN = f"{FIND}.map((e) => e.tagName === 'PRE' ? e.textContent : '').join(' ')"


@pytest.fixture(scope="module")
def site(serving):
    # Its scripts come from the server instead of from a distant one.
    return serving("panel_site:app", BOKEH_RESOURCES="server")


def test_two_browsers_keep_their_sessions_in_two_processes(site, browsers):
    processes = []
    for _ in range(2):
        browser = browsers(site, "/panel")
        browser.wait_for(f"({SHOWN}).includes('0 clicks in process')")
        for number in (1, 2, 3):
            browser.evaluate(f"{FIND}.find((e) => e.tagName === 'BUTTON').click()")
            shown = browser.wait_for(f"({SHOWN}).includes('{number} clicks in process') && ({SHOWN})")
        processes.append(process_of(shown))
        assert_unharmed(browser)
    assert len(set(processes)) == site.processes
