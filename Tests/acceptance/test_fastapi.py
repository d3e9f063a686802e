"""FastAPI over real sockets, on two workers; each claim holds on uvicorn too."""

import hashlib
import json
import os

import pytest
from asgi_servers import KINDS, can_import, notes, start, wait_for_note
from client import request
from test_starlette import multipart

if not can_import("fastapi", "multipart"):
    pytest.skip("FastAPI is not installed: scripts/setup.sh light-frameworks", allow_module_level=True)
websockets = pytest.importorskip("websockets.sync.client")

ON_EVERY_PYTHON = ("fastapi", "multipart")

JSON = [("Content-Type", "application/json")]


@pytest.fixture(scope="module", params=KINDS)
def site(request, tmp_path_factory, python):
    server = start(request.param, tmp_path_factory.mktemp("fastapi"), "fastapi_site:app", "--processes", 2,
                   python=python)
    yield server
    server.end()


def test_a_validated_body(site):
    body = json.dumps({"product": "perch", "count": 3}).encode()
    response = site.get("/orders/north?q=7", method="POST", body=body, fields=[*JSON, ("X-Token", "t")])
    assert response.json() == {"place": "north", "order": {"product": "perch", "count": 3}, "token": "t", "q": 7}
    wrong = site.get("/orders/north?q=x", method="POST", body=b"{}", fields=JSON)
    assert wrong.status == 422 and len(wrong.json()["detail"]) == 2


def test_dependencies_with_yield_end_after_the_answer(site):
    seen = site.get("/session").json()
    assert seen["name"] == "session of /session" and seen["main"] is False
    wait_for_note(site, "connection closed")
    wait_for_note(site, "session closed")


def test_dependencies_with_yield_see_the_error(site):
    assert site.get("/session-fails").status == 500
    wait_for_note(site, "session saw within the session")


def test_a_stream_keeps_its_dependencies(site):
    assert site.get("/session-streams").body.count(b"session of /session-streams") == 10


def test_thirty_plain_functions_run_at_once(starting):
    server = starting("fastapi_site:app", "--processes", 1)
    connections = [server.connect() for _ in range(30)]
    for connection in connections:
        connection.send(request("/plain"))
    assert all(connection.response().json() == {"main": False} for connection in connections)


def test_uploads(site):
    data = [os.urandom(10), os.urandom(3_000_000)]
    body, fields = multipart([("kind", "two")], [("files", "a", data[0]), ("files", "b", data[1])])
    assert site.get("/upload", method="POST", body=body, fields=fields).json() == {
        "kind": "two", "files": {name: hashlib.sha256(part).hexdigest() for name, part in zip("ab", data)},
    }


def test_background_tasks(site):
    assert site.get("/later", method="POST").status == 202
    wait_for_note(site, "later: done")


def test_exceptions_carry_their_detail(site):
    response = site.get("/missing")
    assert (response.status, response.json(), response["X-Why"]) == (404, {"detail": {"why": "gone"}}, "gone")


def test_the_generated_documentation(site):
    assert "/orders/{place}" in site.get("/openapi.json").json()["paths"]
    assert b"swagger" in site.get("/docs").body


def test_a_websocket_with_dependencies(site):
    with websockets.connect(f"ws://127.0.0.1:{site.address[1]}/socket?q=5") as socket:
        first = json.loads(socket.recv(30))
        assert first["name"] == "session of /socket" and first["q"] == 5
        socket.send("hello")
        assert socket.recv(30) == "HELLO"
    wait_for_note(site, "socket: ended")


def test_both_workers_answer(site):
    if site.kind != "roost":
        pytest.skip("one process")
    connections = [site.connect() for _ in range(20)]
    for connection in connections:
        connection.send(request("/session"))
    assert len({connection.response().json()["pid"] for connection in connections}) == 2


def test_lifespan_runs_in_each_worker(starting):
    server = starting("fastapi_site:app", "--processes", 2)
    assert server.get("/session").status == 200
    server.stop()
    started = {line.split()[1] for line in notes(server) if line.startswith("startup")}
    stopped = {line.split()[1] for line in notes(server) if line.startswith("shutdown")}
    assert started == stopped and len(started) == (2 if server.kind == "roost" else 1)
