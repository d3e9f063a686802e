"""Workers that are replaced though they could go on: after so many requests, with so much memory, at such an age."""

import re

import pytest
from client import eventually, request
from load import Load


def recycles(server, reason):
    return server.metric("roost_worker_recycles_total", reason=reason) or 0


@pytest.mark.slow
def test_workers_are_recycled_by_requests_under_load_and_no_request_fails(roost):
    server = roost(
        "probe:app", "--processes", 2, "--threads", 2, "--max-requests", 300, "--max-requests-jitter", 50,
    )
    first = set(server.workers())
    with Load(server, keep_alive=24, fresh=4) as load:
        eventually(lambda: recycles(server, "max_requests") >= 6, "six workers were recycled", 90)
    assert load.failures == []
    assert set(load.outcomes) == {200}
    eventually(lambda: server.metric("roost_workers_leaving") == 0, "those replaced have left", 60)
    eventually(lambda: len(server.workers()) == 2, "two workers are there")
    assert not first & set(server.workers())
    assert server.metric("roost_worker_restarts_total") == 0
    assert re.search(r"worker replaced.*requests \(max-requests 3\d\d\)", server.log())


def test_a_worker_serves_until_its_successor_is_ready(roost, tmp_path):
    (tmp_path / "slow_app.py").write_text(
        "import os, time\n"
        "note = os.path.join(os.environ['PROBE_DIRECTORY'], 'imports')\n"
        "open(note, 'a').write('x')\n"
        "if os.path.getsize(note) > 1:\n"
        "    while not os.path.exists(note + '-go'): time.sleep(0.01)\n"
        "def app(environ, start_response):\n"
        "    start_response('200 OK', [])\n"
        "    return [b'%d' % os.getpid()]\n"
    )
    server = roost(
        "slow_app:app", "--processes", 1, "--threads", 1, "--max-requests", 3, "--max-requests-jitter", 0,
        app_dir=tmp_path,
    )
    (old,) = server.workers()
    for _ in range(3):
        assert server.get("/").status == 200
    eventually(lambda: server.metric("roost_workers_coming") == 1, "its successor imports")
    for _ in range(10):
        assert server.get("/").body == b"%d" % old
    (server.directory / "imports-go").touch()
    eventually(lambda: server.get("/").body != b"%d" % old, "the successor has taken over")
    eventually(lambda: old not in server.workers(), "the old one has left")


def test_a_successor_that_cannot_start_leaves_the_worker_serving_and_is_tried_again(roost, tmp_path):
    app = tmp_path / "changing_app.py"
    good = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'good']\n"
    app.write_text(good)
    server = roost(
        "changing_app:app", "--processes", 1, "--threads", 1, "--max-requests", 5, "--max-requests-jitter", 0,
        app_dir=tmp_path,
    )
    (old,) = server.workers()
    app.write_text("raise RuntimeError('not today')\n")
    for _ in range(5):
        server.get("/")
    eventually(lambda: server.log().count("RuntimeError: not today") >= 3, "it was tried again and again")
    assert server.get("/").body == b"good" and old in server.workers()
    app.write_text(good)
    eventually(lambda: recycles(server, "max_requests") == 1, "it is replaced when that is possible", 60)
    assert server.get("/").body == b"good"


def test_a_worker_that_grows_is_recycled_and_the_largest_goes_first(roost, tmp_path):
    (tmp_path / "leaky.py").write_text(
        "import os\nhoard = []\n"
        "def app(environ, start_response):\n"
        "    if environ['PATH_INFO'] == '/grow':\n"
        "        hoard.append(b'x' * (int(environ['QUERY_STRING']) << 20))\n"
        "    start_response('200 OK', [])\n"
        "    return [b'%d' % os.getpid()]\n"
    )
    server = roost("leaky:app", "--processes", 2, "--threads", 1, "--max-rss", "120MiB", app_dir=tmp_path)
    grown = server.get("/grow?200").body
    eventually(lambda: recycles(server, "max_rss") == 1, "it was recycled")
    eventually(lambda: int(grown) not in server.workers(), "it has left")
    eventually(lambda: len(server.workers()) == 2, "there are two again")
    assert re.search(r"worker replaced.*MiB of memory \(max-rss 120 MiB\)", server.log())


def test_workers_are_recycled_by_age_one_after_the_other(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 1, "--max-lifetime", "2s")
    with Load(server, keep_alive=2, fresh=1) as load:
        eventually(lambda: recycles(server, "max_lifetime") >= 4, "each was recycled twice", 60)
    assert load.failures == []


def test_a_long_request_in_a_recycled_worker_is_finished(roost):
    server = roost(
        "probe:app", "--processes", 1, "--threads", 2, "--max-requests", 2, "--max-requests-jitter", 0,
    )
    running = server.connect().send(request("/gate?long"))
    server.wait_for_call("GET /gate?long")
    for _ in range(3):
        server.get("/")
    eventually(lambda: recycles(server, "max_requests") >= 1, "the worker was recycled")
    server.open_gate("long")
    assert running.response().body == b"long"
