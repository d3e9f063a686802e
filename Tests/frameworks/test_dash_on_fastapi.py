"""Dash 4 on its FastAPI backend. No stickiness: no state on the server outlives the socket."""

import json

import pytest
from client import get
from pages import assert_unharmed, process_of, type_into, wait_for_text

websockets = pytest.importorskip("websockets.sync.client")


@pytest.fixture(scope="module")
def dashboard(serving):
    return serving("dash_site:server")


def test_the_health_check_and_a_deep_link_answer(dashboard):
    assert dashboard.get("/healthz").body == b"OK"
    # The catch-all route is made by the lifespan.
    assert b"_dash-config" in dashboard.get("/some/deep/page").body


def test_dash_sets_no_cookie_of_ours(dashboard):
    assert dashboard.get("/").all("Set-Cookie") == []


def test_a_callback_over_http(dashboard):
    body = {
        "output": "greeting.children", "outputs": {"id": "greeting", "property": "children"},
        "inputs": [{"id": "name", "property": "value", "value": "Ada"}], "changedPropIds": ["name.value"],
        "parsedChangedPropsIds": ["name.value"],
    }
    response = get(
        dashboard.address, "/_dash-update-component", method="POST", body=json.dumps(body).encode(),
        fields=[("Content-Type", "application/json")],
    )
    assert response.json()["response"]["greeting"]["children"].startswith("Hello Ada")


def test_a_websocket_of_another_origin_is_refused(dashboard):
    from websockets.exceptions import InvalidStatus

    url = f"ws://127.0.0.1:{dashboard.address[1]}/_dash-ws-callback"
    with pytest.raises(InvalidStatus) as refused:
        websockets.connect(url, origin="https://elsewhere.test")
    assert refused.value.response.status_code == 403
    with websockets.connect(url, origin=f"http://127.0.0.1:{dashboard.address[1]}"):
        pass


def test_callbacks_run_over_the_websocket_in_a_browser(dashboard, browsers):
    browser = browsers(dashboard, "/some/page")
    wait_for_text(browser, "#path", "path /some/page")
    type_into(browser, "#name", "Ada")
    process_of(wait_for_text(browser, "#greeting", "Hello Ada in process"))
    browser.click("#work")
    wait_for_text(browser, "#progress", "of 5")
    assert "1 done for Ada" in wait_for_text(browser, "#done", "done for")
    assert not any("_dash-update-component" in url for _, url in browser.responses)
    assert_unharmed(browser)
