"""A new generation of workers takes over from the old one, and nobody notices."""

import os
import signal
import textwrap
import time

import pytest
from client import Truncated, eventually, request
from load import Load

APP = """
    import os, time
    SAYS = {says!r}

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        directory = os.environ["PROBE_DIRECTORY"]
        if path == "/gate":
            open(os.path.join(directory, "in-gate"), "w").close()
            while not any(os.path.exists(os.path.join(directory, name)) for name in ("open-gate", "open-every")):
                time.sleep(0.01)
        body = (SAYS + (" %d" % os.getpid() if path == "/pid" else "")).encode()
        start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
        return [body]
"""


class Site:
    """An app that tests change, in a directory of its own, and its configuration file."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.says("one")
        self.configure()

    def says(self, text, before=""):
        source = textwrap.dedent(before) + textwrap.dedent(APP).format(says=text)
        # Renamed into place: a worker that starts meanwhile sees the one or the other.
        (self.directory / "site_app.py.part").write_text(source)
        (self.directory / "site_app.py.part").rename(self.directory / "site_app.py")

    def configure(self, text=""):
        (self.directory / "roost.toml").write_text(text)


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


def serve(roost, site, *options):
    return roost("site_app:app", "--config", site.directory / "roost.toml", *options, app_dir=site.directory)


def hang_up(server):
    os.kill(server.pid, signal.SIGHUP)


def reloads(server, result="succeeded"):
    return server.metric("roost_reloads_total", result=result)


def settled(server):
    """Only the workers of the generation that serves are there."""
    return eventually(
        lambda: server.metric("roost_workers_leaving") == 0 and server.metric("roost_workers_coming") == 0,
        f"the old workers have left:\n{server.log()[-3000:]}",
        60,
    )


def test_a_reload_brings_the_new_code_into_new_workers(roost, site):
    server = serve(roost, site, "--processes", 2, "--threads", 2)
    before = server.workers()
    assert server.get("/").body == b"one"
    site.says("two")
    hang_up(server)
    eventually(lambda: reloads(server) == 1, "the reload is done")
    assert server.get("/").body == b"two"
    settled(server)
    eventually(lambda: len(server.workers()) == 2, "the old processes have gone")
    assert not set(before) & set(server.workers())
    assert server.metric("roost_generation") == 2


@pytest.mark.slow
def test_twenty_reloads_under_load_fail_no_request(roost, site):
    server = serve(roost, site, "--processes", 2, "--threads", 4)
    with Load(server, keep_alive=64, fresh=4) as load:
        for number in range(1, 21):
            answered = load.answered()
            hang_up(server)
            eventually(lambda: reloads(server) == number, f"reload {number} is done", 60)
            eventually(lambda: load.answered() > answered, "requests are answered")
    assert load.failures == []
    assert set(load.outcomes) == {200} and load.outcomes[200] > 1000
    settled(server)
    eventually(lambda: len(server.workers()) == 2, "no process is left over")
    assert server.metric("roost_queue_depth") == 0


def test_a_request_that_runs_is_finished_by_the_old_worker(roost, site):
    server = serve(roost, site, "--processes", 1, "--threads", 2)
    running = server.connect().send(request("/gate"))
    eventually(lambda: (server.directory / "in-gate").exists(), "the request runs")
    site.says("two")
    hang_up(server)
    eventually(lambda: reloads(server) == 1, "the reload is done")
    # The old worker is drained, not waited for.
    assert server.get("/").body == b"two"
    assert server.metric("roost_workers_leaving") == 1
    server.open_gate()
    assert running.response().body == b"one"
    settled(server)
    eventually(lambda: len(server.workers()) == 1, "the old process has gone")


def test_what_runs_longer_than_the_drain_timeout_is_cut(roost, site):
    server = serve(roost, site, "--processes", 1, "--threads", 1, "--drain-timeout", "1s")
    running = server.connect().send(request("/gate"))
    eventually(lambda: (server.directory / "in-gate").exists(), "the request runs")
    hang_up(server)
    assert running.response().status == 502
    assert server.get("/").status == 200
    settled(server)


@pytest.mark.parametrize("mistake, said", [
    ("def app(:\n", "SyntaxError"), ("raise RuntimeError('no database')\n", "no database"),
    ("import os; os._exit(3)\n", "exit status 3"),
])
def test_an_app_that_cannot_be_imported_leaves_the_old_generation_serving(roost, site, mistake, said):
    server = serve(roost, site, "--processes", 2, "--threads", 1)
    before = server.workers()
    site.says("two", before=mistake)
    hang_up(server)
    eventually(lambda: reloads(server, "failed") == 1, "the reload has failed")
    assert said in server.log()
    assert server.get("/").body == b"one"
    eventually(lambda: server.workers() == before, "the new processes have gone, the old ones have not")
    site.says("three")
    hang_up(server)
    eventually(lambda: reloads(server) == 1, "the next reload is done")
    assert server.get("/").body == b"three"


def test_a_configuration_with_a_mistake_leaves_everything_as_it_is(roost, site):
    server = serve(roost, site, "--processes", 1)
    before = server.workers()
    site.configure("threads = 'many'\n")
    hang_up(server)
    eventually(lambda: "the configuration is wrong" in server.log(), "the mistake is in the log")
    assert "a whole number" in server.log() and str(site.directory / "roost.toml") in server.log()
    assert server.workers() == before and server.get("/").status == 200


def test_the_configuration_is_read_again_and_says_what_needs_a_restart(roost, site):
    site.configure("processes = 1\nthreads = 2\n")
    server = serve(roost, site)
    assert server.metric("roost_threads") == 2
    site.configure("processes = 2\nthreads = 3\nkeep-alive = '7s'\n")
    hang_up(server)
    eventually(lambda: server.metric("roost_threads") == 6, "2 x 3 threads serve")
    assert len([line for line in server.log().splitlines() if "needs a restart" in line]) == 1
    assert "keep-alive" in server.log()


def test_a_setting_that_needs_a_restart_does_not_reach_the_new_workers_either(roost, site):
    """The rings of a worker are as large as the front's bodies: new ones must not be smaller than the old setting."""
    site.configure("body-memory = '1MiB'\n")
    server = serve(roost, site, "--processes", 1)
    site.configure("body-memory = '1KiB'\n")
    hang_up(server)
    eventually(lambda: reloads(server) == 1, "the reload is done")
    assert server.get("/", method="POST", body=b"x" * 1_000_000).status == 200
    assert "body-memory" in server.log()


def test_two_hang_ups_at_once_are_two_reloads_one_after_the_other_at_most(roost, site):
    server = serve(roost, site, "--processes", 1, "--threads", 1)
    with Load(server, keep_alive=4, fresh=1) as load:
        for _ in range(5):
            hang_up(server)
            time.sleep(0.01)
        eventually(lambda: (reloads(server) or 0) >= 2, "they are reloaded")
        settled(server)
    assert load.failures == []
    eventually(lambda: len(server.workers()) == 1, "one worker is left")


def test_a_worker_killed_during_a_reload_is_replaced_and_the_reload_goes_on(roost, site):
    site.says("one", before="import time; time.sleep(0.5)\n")
    server = serve(roost, site, "--processes", 2, "--threads", 1)
    (old, other) = server.workers()
    site.says("two", before="import time; time.sleep(1.5)\n")
    hang_up(server)
    eventually(lambda: server.metric("roost_workers_coming") == 2, "the new generation is being started")
    os.kill(old, signal.SIGKILL)
    for _ in range(20):
        assert server.get("/").body == b"one"
    eventually(lambda: reloads(server) == 1, "the reload is done")
    assert server.get("/").body == b"two"
    settled(server)
    eventually(lambda: len(server.workers()) == 2, "two workers are left")
    assert other not in server.workers()


def test_a_new_worker_killed_while_it_imports_fails_the_reload_only(roost, site):
    server = serve(roost, site, "--processes", 1, "--threads", 1)
    before = server.workers()
    site.says("two", before="import time; time.sleep(30)\n")
    hang_up(server)
    eventually(lambda: len(server.workers()) == 2, "the new worker imports")
    (new,) = set(server.workers()) - set(before)
    os.kill(new, signal.SIGKILL)
    eventually(lambda: reloads(server, "failed") == 1, "the reload has failed")
    assert server.workers() == before and server.get("/").body == b"one"


def test_sigterm_during_a_reload_drains_and_ends(roost, site):
    server = serve(roost, site, "--processes", 1, "--threads", 1)
    running = server.connect().send(request("/gate"))
    eventually(lambda: (server.directory / "in-gate").exists(), "the request runs")
    site.says("two", before="import time; time.sleep(30)\n")
    hang_up(server)
    eventually(lambda: len(server.workers()) == 2, "the new worker imports")
    server.signal(signal.SIGTERM)
    eventually(lambda: "draining" in server.log(), "the server drains")
    server.open_gate()
    assert running.response().body == b"one"
    assert server.process.wait(20) == 0


def test_sigterm_during_boot_ends_with_0(roost, site):
    site.says("one", before="import time; time.sleep(30)\n")
    server = roost("site_app:app", app_dir=site.directory, wait=False)
    eventually(lambda: len(server.workers()) > 0, "a worker imports")
    eventually(lambda: "starting site_app:app" in server.log(), "the server listens")
    server.signal(signal.SIGTERM)
    assert server.process.wait(20) == 0


def test_log_files_are_opened_anew(roost, site):
    path = site.directory / "access.log"
    server = serve(roost, site, "--processes", 1, "--access-log-file", path)
    server.get("/before")
    eventually(lambda: path.exists() and "/before" in path.read_text(), "the first line is written")
    path.rename(path.with_suffix(".old"))
    hang_up(server)
    eventually(lambda: reloads(server) == 1, "the reload is done")
    server.get("/after")
    eventually(lambda: path.exists() and "/after" in path.read_text(), "the new file gets the line")
    assert "/after" not in path.with_suffix(".old").read_text()


def test_workers_that_leave_run_their_exit_handlers(roost, site):
    note = site.directory / "left"
    site.says("one", before=f"import atexit; atexit.register(lambda: open({str(note)!r}, 'a').write('x'))\n")
    server = serve(roost, site, "--processes", 2, "--threads", 1)
    hang_up(server)
    eventually(lambda: reloads(server) == 1, "the reload is done")
    eventually(lambda: note.exists() and note.read_text() == "xx", "both have left politely")


def test_a_response_under_way_is_not_cut_by_a_reload(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    with server.connect() as connection:
        connection.send(request("/big?bytes=30000000"))
        connection.head()
        hang_up(server)
        eventually(lambda: reloads(server) == 1, "the reload is done")
        try:
            received = sum(len(chunk) for chunk in connection.chunks())
        except Truncated as problem:
            pytest.fail(str(problem))
    assert received == 30_000_000
