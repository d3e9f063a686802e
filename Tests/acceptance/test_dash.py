"""The example dashboard, as its page uses it."""

import os
import re
import threading

import pytest
from client import eventually, get
from server import ROOT, Roost

pytest.importorskip("dash", reason="the example needs examples/requirements.txt")

EXAMPLES = ROOT / "examples"
COLD_STARTS = int(os.environ.get("ROOST_COLD_STARTS", "5"))


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory):
    server = Roost(
        tmp_path_factory.mktemp("dash"), "sales_dash:server", "--processes", 2, "--threads", 4, app_dir=EXAMPLES,
    )
    yield server
    server.end()


def callback(server, outputs, inputs, changed):
    import json

    body = json.dumps({
        "output": ".." + "...".join(f"{name}.{part}" for name, part in outputs) + ".." if len(outputs) > 1
        else "{}.{}".format(*outputs[0]),
        "outputs": [{"id": name, "property": part} for name, part in outputs] if len(outputs) > 1
        else {"id": outputs[0][0], "property": outputs[0][1]},
        "inputs": [{"id": name, "property": part, "value": value} for name, part, value in inputs],
        "changedPropIds": [changed],
        "parsedChangedPropsIds": [changed],
    }).encode()
    return server.get(
        "/_dash-update-component", method="POST", body=body, fields=[("Content-Type", "application/json")], timeout=60,
    )


def test_the_page_its_layout_and_its_scripts_come_whole(dashboard):
    page = dashboard.get("/")
    assert page.status == 200 and b"_dash-config" in page.body
    scripts = re.findall(rb'src="(/_dash-component-suites/[^"]+)"', page.body)
    assert len(scripts) >= 5
    for script in scripts:
        response = dashboard.get(script.decode())
        assert response.status == 200 and len(response.body) > 100
    assert dashboard.get("/_dash-layout").status == 200
    assert len(dashboard.get("/_dash-dependencies").json()) == 3


def test_each_callback_answers(dashboard):
    graphs = callback(
        dashboard, [("revenue", "figure"), ("ranks", "figure")], [("product", "value", 3)], "product.value"
    )
    assert graphs.status == 200 and graphs.json()["response"]["revenue"]["figure"]["data"]
    table = callback(
        dashboard, [("orders", "data"), ("loaded", "children")],
        [("refresh", "n_clicks", 1), ("tick", "n_intervals", 0)], "refresh.n_clicks",
    )
    assert len(table.json()["response"]["orders"]["data"]) == 200
    greeting = callback(dashboard, [("greeting", "children")], [("name", "value", "Ada")], "name.value")
    assert greeting.json()["response"]["greeting"]["children"] == "Welcome, Ada."


def test_the_streamed_download_is_whole(dashboard):
    response = dashboard.get("/export.csv")
    assert response["Transfer-Encoding"] == "chunked"
    lines = response.body.decode().split("\r\n")
    assert len(lines) == 24_002 and lines[-1] == "" and lines[-2].endswith("order 24000 of 24000")


@pytest.mark.slow
def test_cold_starts_with_a_burst_of_eight_requests_have_no_5xx(roost):
    statuses = []
    for _ in range(COLD_STARTS):
        server = roost("sales_dash:server", "--processes", 2, "--threads", 4, app_dir=EXAMPLES, wait=False)
        eventually(lambda: listens(server), "it listens", 120)
        targets = ["/", "/_dash-layout", "/_dash-dependencies"]
        targets += ["/_dash-component-suites/dash/dcc/async-graph.js"] * 5
        barrier = threading.Barrier(len(targets))

        def burst(target):
            barrier.wait()
            statuses.append((target, get(server.address, target, timeout=60).status))

        threads = [threading.Thread(target=burst, args=(target,)) for target in targets]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        server.stop()
    assert len(statuses) == 8 * COLD_STARTS
    assert [entry for entry in statuses if entry[1] != 200] == []


def listens(server):
    import socket

    assert server.process.poll() is None, server.log()
    try:
        socket.create_connection(server.address, 5).close()
        return True
    except OSError:
        return False
