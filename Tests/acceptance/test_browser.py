"""The example dashboard in a real browser."""

import pytest
from browser import Browser, find_chromium
from client import eventually
from server import ROOT

pytest.importorskip("dash", reason="the example needs examples/requirements.txt")

DRAWN = "document.querySelectorAll('#{id} .main-svg').length > 0"


@pytest.fixture
def browser(tmp_path):
    if not find_chromium():
        pytest.skip("NO BROWSER: install Debian's package chromium to run this test")
    browser = Browser(tmp_path / "profile", tmp_path)
    yield browser
    browser.close()


@pytest.mark.slow
def test_the_dashboard_draws_updates_refreshes_and_downloads(roost, browser, tmp_path):
    server = roost("sales_dash:server", "--processes", 2, "--threads", 4, app_dir=ROOT / "examples")
    browser.call("Page.navigate", url=f"http://127.0.0.1:{server.address[1]}/")

    # It draws both graphs and the table.
    browser.wait_for(DRAWN.format(id="revenue"))
    browser.wait_for(DRAWN.format(id="ranks"))
    title = "document.querySelector('#revenue .gtitle')?.textContent"
    assert browser.wait_for(title) == "Revenue of Perch"
    browser.wait_for("document.querySelectorAll('#orders tbody tr').length > 5")
    browser.wait_for("document.querySelector('#loaded').textContent.includes('loaded 1 times')")

    # A changed dropdown updates both.
    browser.click("#product")
    feeder = '[role="option"][data-option-index="2"]'
    browser.wait_for(f"!!document.querySelector('{feeder}')")
    browser.click(feeder)
    browser.wait_for(f"{title} === 'Revenue of Feeder'")
    browser.wait_for("document.querySelector('#ranks .gtitle').textContent.startsWith('Sales of Feeder')")

    # The table refreshes.
    browser.click("#refresh")
    browser.wait_for("document.querySelector('#loaded').textContent.includes('loaded 2 times')")

    # The download is whole.
    browser.click("#export")
    path = tmp_path / "orders.csv"
    eventually(lambda: path.exists(), "the download is there")
    text = path.read_text()
    assert text.count("\n") == 24_001 and text.rstrip().endswith("order 24000 of 24000")

    assert browser.problems == []
    assert [entry for entry in browser.responses if entry[0] >= 400 and "favicon" not in entry[1]] == []
