"""The Streamlit example below a path, in a real browser, with the path left on."""

import pytest
from browser import Browser, find_chromium
from server import ROOT

pytest.importorskip("streamlit", reason="Streamlit needs Python 3.11 or later")

from test_streamlit_browser import Visitor  # noqa: E402

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not find_chromium(), reason="no Chromium here")]


def test_two_browsers_below_a_path_get_two_processes_and_all_of_the_page_works(roost, tmp_path):
    server = roost("sales_streamlit.py", "--processes", 2, "--root-path", "/team/app", app_dir=ROOT / "examples")
    browsers = [Browser(tmp_path / f"profile-{number}", tmp_path) for number in range(2)]
    try:
        visitors = [Visitor(browser, server.address, tmp_path) for browser in browsers]
        for visitor in visitors:
            visitor.url += "team/app/"
            visitor.visit()
        assert visitors[0].state()[2] != visitors[1].state()[2]
        for visitor in visitors:
            visitor.count(1)
            visitor.upload("noise.bin", b"x" * 1000)
            visitor.sees_the_picture()
            visitor.lose_the_socket()
            visitor.count(2)
            visitor.has_met_no_error()
    finally:
        for browser in browsers:
            browser.close()
