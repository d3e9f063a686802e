"""Gradio: a browser's POSTs and its event stream have to reach one process."""

import subprocess

import pytest
from asgi_servers import can_import, frameworks_python
from pages import assert_unharmed, choose_file, process_of, type_into

if not can_import("gradio"):
    pytest.skip("Gradio is not installed: scripts/setup.sh frameworks", allow_module_level=True)

SHOWN = "document.querySelector('#{id} textarea, #{id} input')?.value ?? ''"


@pytest.fixture(scope="module")
def site(serving):
    return serving("gradio_site:app", GRADIO_ANALYTICS_ENABLED="False", HF_HUB_OFFLINE="1")


def wait_for_value(browser, name, part):
    value = SHOWN.format(id=name)
    return browser.wait_for(f"({value}).includes({part!r}) && ({value})")


def test_each_of_two_browsers_keeps_its_state(site, browsers, tmp_path):
    processes = set()
    for user in ("Ada", "Grace"):
        browser = browsers(site)
        browser.wait_for("!!document.querySelector('#greet')")
        type_into(browser, "#name textarea, #name input", user)
        for number in (1, 2, 3):
            browser.click("#greet")
            shown = wait_for_value(browser, "shown", f"Hello {user}, number {number}, in process")
            processes.add((user, process_of(shown)))
        browser.click("#steps")
        wait_for_value(browser, "stepped", "step 2")
        path = tmp_path / f"{user}.bin"
        path.write_bytes(b"x" * 300_000)
        choose_file(browser, "#file input[type=file]", path)
        wait_for_value(browser, "size", "300000 bytes")
        assert_unharmed(browser, allowed=("favicon", "manifest", "fonts", "http-echo"))
    # Each stayed with one. Which one depends on more than the two: the page's manifest is fetched without cookies.
    assert len(processes) == 2


CLIENT = """
import sys
from gradio_client import Client
client = Client(sys.argv[1], verbose=False)
for number in range(1, 7):
    print(client.predict("Ada", api_name="/greet"))
print(list(client.submit(api_name="/step"))[-1])
"""


def test_the_python_client(site):
    url = f"http://127.0.0.1:{site.address[1]}/"
    ran = subprocess.run([str(frameworks_python()), "-c", CLIENT, url], capture_output=True, text=True, timeout=120)
    assert ran.returncode == 0, ran.stderr
    lines = ran.stdout.splitlines()
    assert [line.split(",")[1] for line in lines[:6]] == [f" number {number}" for number in range(1, 7)]
    assert lines[6] == "step 2"
