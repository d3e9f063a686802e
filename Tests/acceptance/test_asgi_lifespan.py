"""Lifespan, as a plain ASGI application sees it. Each claim holds on uvicorn too unless it says otherwise."""

import signal

import pytest
from asgi_servers import notes
from client import eventually, get, request

ON_EVERY_PYTHON = True

def test_the_state_of_the_start_is_in_each_scope_and_what_a_request_adds_is_not(starting):
    server = starting("conform_lifespan:with_state")
    first = server.get("/").json()["state"]
    assert first["keys"] == ["list"] and first["list"][0] == "start-up"
    # Nothing was added to the state itself; what is in it is shared.
    assert server.get("/").json()["state"] == {"keys": ["list"], "list": [*first["list"], "request"]}


def test_lifespan_runs_once_in_each_worker(starting):
    server = starting("conform_lifespan:with_state", "--processes", 2)
    pids = server.workers() if server.kind == "uvicorn" else None
    started = eventually(
        lambda: (lines := [n for n in notes(server) if n.startswith("startup")]) and len(lines) == (
            1 if pids else 2) and lines, "each started")
    server.stop()
    stopped = [line for line in notes(server) if line.startswith("shutdown")]
    assert sorted(line.split()[1] for line in stopped) == sorted(line.split()[1] for line in started)
    assert len(set(stopped)) == len(stopped)


@pytest.mark.parametrize("name", ["refuses", "ignores", "leaves_early", "fails_to_stop"])
def test_an_application_without_a_whole_lifespan_is_served(starting, name):
    server = starting(f"conform_lifespan:{name}")
    assert server.get("/").status == 200
    server.stop()
    if name == "fails_to_stop":
        assert "the door is stuck" in server.log()


def test_a_failing_start_is_no_start(starting):
    server = starting("conform_lifespan:fails", wait=False)
    assert server.process.wait(60) != 0
    assert "the cellar is flooded" in server.log()


def test_a_start_that_raises_is_no_start(starting):
    """uvicorn takes it for an application without lifespan, and serves it."""
    if starting.kind != "roost":
        pytest.skip("it is served")
    server = starting("conform_lifespan:raises", wait=False)
    assert server.process.wait(60) != 0
    assert "the cellar is locked" in server.log() and "Traceback" in server.log()


def test_what_a_shutdown_only_scheduled_is_run(starting):
    server = starting("conform_lifespan:schedules_its_end")
    assert server.get("/").status == 200
    server.stop()
    assert any(line.startswith("scheduled") for line in notes(server))


def test_a_task_of_the_lifespan_lives_as_long_as_the_worker(starting):
    server = starting("conform_lifespan:keeps_a_task")
    first = server.get("/").json()["ticks"]
    eventually(lambda: server.get("/").json()["ticks"] > first, "it ticks between requests")
    server.stop()
    assert "ticker cancelled" in notes(server)


def test_a_lifespan_that_fails_while_the_app_serves_costs_its_worker_alone(starting):
    """uvicorn serves on without what the lifespan ran."""
    if starting.kind != "roost":
        pytest.skip("it is served")
    server = starting("conform_lifespan:breaks")
    before = server.get("/").json()["pid"]
    (server.directory / "break").touch()
    # Somebody serves all the time: the successor comes first.
    eventually(lambda: server.get("/").json()["pid"] != before, "another has its place")
    assert server.metric("roost_worker_recycles_total", reason="lifespan") == 1
    lines = [line for line in server.log().splitlines() if "lifespan failed while it served" in line]
    assert len(lines) == 1 and " ERROR " in lines[0] and "the ticker stopped" in lines[0]
    assert "raise RuntimeError" in server.log()
    eventually(lambda: f"pid={before}" in server.log() and server.metric("roost_workers") == 1, "the old one has gone")
    assert server.get("/").status == 200


def test_shutdown_comes_after_the_last_request(starting):
    server = starting("conform_lifespan:with_state")
    with server.connect() as connection:
        connection.send(request("/"))
        assert connection.response().status == 200
    server.signal(signal.SIGTERM)
    server.process.wait(60)
    assert [line.split()[0] for line in notes(server)] == ["startup", "shutdown"]


@pytest.mark.parametrize("target", ["conform_lifespan:instance", "conform_lifespan:factory()"])
def test_objects_and_factories_are_found_to_be_asgi(starting, target):
    server = starting(target)
    assert server.get("/").json()["state"]["list"][0] == "start-up"


def test_an_asgi_2_application_is_served_or_refused_with_a_word_about_it(starting):
    server = starting("conform_lifespan:double", wait=False)
    if server.kind == "uvicorn":
        eventually(lambda: "Uvicorn running" in server.log(), "it runs")
        assert server.get("/").status == 200
        return
    eventually(lambda: server.process.poll() is not None or server.admin and ready(server), "it is decided")
    if server.process.poll() is None:
        assert server.get("/").status == 200
    else:
        assert "ASGI" in server.log()


def ready(server):
    try:
        return get(server.admin, "/readyz", timeout=5).status == 200
    except OSError:
        return False
