"""Quart over real sockets, on two workers; each claim holds on uvicorn too."""

import os

import pytest
from asgi_servers import KINDS, can_import, notes, start, wait_for_note
from client import eventually, request
from test_starlette import multipart

if not can_import("quart"):
    pytest.skip("Quart is not installed: scripts/setup.sh light-frameworks", allow_module_level=True)
websockets = pytest.importorskip("websockets.sync.client")
from websockets.exceptions import InvalidStatus  # noqa: E402

ON_EVERY_PYTHON = ("quart",)


@pytest.fixture(scope="module", params=KINDS)
def site(request, tmp_path_factory, python):
    server = start(request.param, tmp_path_factory.mktemp("quart"), "quart_site:app", "--processes", 2, python=python)
    yield server
    server.end()


def test_a_request_is_understood(site):
    seen = site.get("/hello/caf%C3%A9?x=1&y=%20", fields=[("Cookie", "a=b|c")]).json()
    assert seen["name"] == "caf\u00e9" and seen["query"] == {"x": "1", "y": " "} and seen["cookie"] == "b|c"
    assert seen["url"].startswith("http://roost.test/hello/")


@pytest.mark.parametrize("size", [0, 10, 100_000, 3_000_000])
def test_bodies_whole_and_in_parts(site, size):
    body = os.urandom(size)
    assert site.get("/body", method="POST", body=body).body == body
    assert site.get("/parts", method="POST", body=body).json() == {"bytes": size}


def test_forms_and_uploads(site):
    body, fields = multipart([("word", "hello")], [("file", "f", b"x" * 200_000)])
    assert site.get("/form", method="POST", body=body, fields=fields).json() == {
        "form": {"word": "hello"}, "files": {"file": 200_000},
    }


def test_a_stream_with_its_context(site):
    response = site.get("/stream")
    assert response["X-Kind"] == "stream" and response.body.count(b"/stream ") == 100


def test_events_end_when_the_client_leaves(site):
    with site.connect() as connection:
        connection.send(request("/events"))
        connection.head()
        assert b"data: tick" in next(connection.chunks())
    wait_for_note(site, "events: ended")


def test_files_and_ranges(site):
    whole = bytes(range(256)) * 4096
    assert site.get("/file").body == whole
    part = site.get("/file", fields=[("Range", "bytes=1000-1999")])
    assert part.status == 206 and part.body == whole[1000:2000]


def test_plain_views_run_on_threads(site):
    assert site.get("/sync").json() == {"main": False}


def test_background_tasks(site):
    assert site.get("/background").status == 202
    wait_for_note(site, "background: done")


def test_a_view_is_cancelled_when_the_client_leaves(site):
    with site.connect() as connection:
        connection.send(request("/waits"))
        wait_for_note(site, "waits")
    wait_for_note(site, "waits: cancelled")


def test_errors(site):
    assert site.get("/error").status == 500
    eventually(lambda: "an error of the view" in site.log(), "it is logged")
    assert site.get("/nowhere").status == 404


def test_sockets(site):
    url = f"ws://127.0.0.1:{site.address[1]}"
    with websockets.connect(url + "/socket", subprotocols=["one"]) as socket:
        assert socket.subprotocol == "one" and socket.response.headers["X-Socket"] == "yes"
        for message in ("hello", b"bytes", "\u96ea" * 10_000):
            socket.send(message)
            assert socket.recv(30) == message
    wait_for_note(site, "socket: cancelled")
    with pytest.raises(InvalidStatus) as refused:
        websockets.connect(url + "/refused")
    assert refused.value.response.status_code == 402


def test_serving_hooks_run_in_each_worker(starting):
    server = starting("quart_site:app", "--processes", 2)
    count = 2 if server.kind == "roost" else 1
    assert server.get("/hello/x").status == 200
    server.stop()
    kinds = [line.split()[0] if "startup" in line or "shutdown" in line else line for line in notes(server)]
    for kind in ("startup", "shutdown", "while serving: begins", "while serving: ends"):
        assert kinds.count(kind) == count
