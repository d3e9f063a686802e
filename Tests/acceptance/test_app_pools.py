"""A queue inside the application, seen from outside."""

import json

import pytest
from client import eventually, get, request

pytest.importorskip("starlette")


def test_calls_that_wait_for_anyios_threads_are_shown(roost):
    server = roost("pools:app", "--processes", 1)
    connections = [server.connect() for _ in range(8)]
    for connection in connections:
        connection.send(request("/waits"))

    def waiting():
        return server.metric("roost_app_pool_waiting", pool="anyio", worker="1")

    eventually(lambda: waiting() == 5, "they are seen")
    assert server.metric("roost_app_pool_threads", pool="anyio", worker="1") == 3
    assert server.metric("roost_app_pool_threads_busy", pool="anyio", worker="1") == 3
    assert server.metric("roost_queue_depth") == 0
    page = server.command("status").stdout
    assert "worker 1: 5 calls wait for one of anyio's 3 threads; more: anyio.to_thread" in page
    (worker,) = json.loads(get(server.admin, "/status").body)["workers"]
    assert worker["app_pools"]["anyio"] == {"threads": 3, "busy": 3, "waiting": 5}
    server.open_gate()
    assert [connection.response().body for connection in connections] == [b"open"] * 8
    eventually(lambda: waiting() == 0, "nothing waits any more")
    assert "anyio" not in server.command("status").stdout
