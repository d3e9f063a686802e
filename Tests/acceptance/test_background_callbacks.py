"""Dash's background callbacks: a job started in one worker, followed and ended through another, across its end."""

import json
import os
import signal
from urllib.parse import quote

import pytest
from browser import Browser, find_chromium
from client import eventually, get, request
from test_workers import alive

for package in ("dash", "diskcache", "multiprocess", "psutil"):
    pytest.importorskip(package, reason="background callbacks need Tests/acceptance/requirements.txt")


REPORT = "Report 1: Sales, Costs, Stock, Staff, Outlook"


@pytest.fixture
def reports(roost, tmp_path):
    """Starts the app with two workers of one thread each and a cache that they share."""

    def start(*options):
        return roost("background:server", "--processes", 2, "--threads", 1, *options, REPORT_CACHE=tmp_path / "cache")

    return start


def post(server, output, inputs, state=(), query=""):
    """What the page posts when `inputs` have changed."""
    name, _, part = output.partition(".")
    changed = [f"{entry['id']}.{entry['property']}" for entry in inputs]
    body = {
        "output": output, "outputs": {"id": name, "property": part}, "inputs": inputs, "state": list(state),
        "changedPropIds": changed, "parsedChangedPropsIds": changed,
    }
    return server.get(
        "/_dash-update-component" + query, method="POST", body=json.dumps(body).encode(),
        fields=[("Content-Type", "application/json")],
    )


def write_report(server, seconds, query=""):
    clicked = [{"id": "start", "property": "n_clicks", "value": 1}]
    return post(server, "report.children", clicked, [{"id": "seconds", "property": "value", "value": seconds}], query)


def cancel(server, job):
    return post(server, "cancel.id", [{"id": "cancel", "property": "n_clicks", "value": 1}],
                query=f"?cancelJob={quote(job)}")


class Job:
    def __init__(self, server, seconds):
        self.server = server
        self.seconds = seconds
        started = write_report(server, seconds)
        assert started.status == 200, started
        self.worker = int(started["X-Worker"])
        self.handle = started.json()
        (self.pid,) = [pid for pid in children_of(self.worker) if state_of(pid) != "Z"]

    def worker_is_replaced(self, before):
        """Whether none of the workers that there were `before` takes requests any more."""
        return int(self.server.get("/_dash-layout")["X-Worker"]) not in before

    def poll(self):
        query = f"?cacheKey={quote(self.handle['cacheKey'])}&job={quote(self.handle['job'])}"
        return write_report(self.server, self.seconds, query)

    def progress(self):
        """The chapter that is being written, as another worker than the one that started it tells."""
        answer = self.poll()
        assert answer.status == 200 and int(answer["X-Worker"]) != self.worker, answer
        return answer.json().get("progress", {}).get("state.children")

    def is_over(self):
        """Whether its process is gone, or waits for a parent that lives to take note of it."""
        state = state_of(self.pid)
        return state is None or (state == "Z" and alive(self.worker))

    def result(self):
        """What came of it, as another worker than the one that started it tells.

        Asked when the process is over: dash 4.4 answers 500 and drops the result when it finds the process there and,
        a moment later, gone (NoSuchProcess in DiskcacheManager.terminate_job).
        """
        eventually(self.is_over, "the job came to its end")
        answer = self.poll()
        assert answer.status == 200 and int(answer["X-Worker"]) != self.worker, answer
        return answer.json()["response"]["report"]["children"]


def children_of(pid):
    found = []
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/children") as children:
            found += [int(child) for child in children.read().split()]
    return found


def state_of(pid):
    try:
        with open(f"/proc/{pid}/stat") as stat:
            return stat.read().rsplit(")", 1)[1].split()[0]
    except OSError:
        return None


def hold(server, worker):
    """Keeps the one thread of `worker` busy, so that the other worker answers."""
    for number in range(10):
        held = server.connect().send(request(f"/hold?{number}"))
        if int(get(server.address, "/_dash-layout")["X-Worker"]) != worker:
            return held
        server.open_gate(str(number))
        assert held.response().status == 200
    raise AssertionError("the worker took no request")


def test_a_job_started_in_one_worker_is_followed_through_another(reports):
    server = reports()
    job = Job(server, 0.3)
    held = hold(server, job.worker)
    eventually(lambda: job.progress() == "writing Costs", "the other worker tells of its progress")
    assert job.result() == REPORT
    server.open_gate("every")
    assert held.response().status == 200
    assert job.worker in server.workers()


def test_a_job_is_cancelled_through_another_worker(reports):
    server = reports()
    job = Job(server, 60)
    hold(server, job.worker)
    eventually(lambda: job.progress() == "writing Sales", "it has begun")
    assert cancel(server, job.handle["job"]).status in (200, 204)
    eventually(lambda: not alive(job.pid), "the job is gone")


@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM])
def test_a_job_outlives_the_worker_that_started_it(reports, how):
    server = reports()
    job = Job(server, 0.5)
    os.kill(job.worker, how)
    eventually(lambda: job.worker not in server.workers() and len(server.workers()) == 2, "it was replaced")
    # One that leaves by itself waits for its children first: multiprocessing's exit handler does.
    assert alive(job.pid) or how == signal.SIGTERM
    assert job.result() == REPORT


def test_a_job_goes_on_across_a_reload(reports):
    server = reports()
    before = server.workers()
    job = Job(server, 0.5)
    server.signal(signal.SIGHUP)
    eventually(lambda: server.metric("roost_workers") == 2 and job.worker_is_replaced(before), "the reload is over", 60)
    assert job.result() == REPORT


def test_a_user_follows_a_report_and_cancels_one(reports, tmp_path):
    if not find_chromium():
        pytest.skip("NO BROWSER: install Debian's package chromium to run this test")
    server = reports()
    browser = Browser(tmp_path / "profile", tmp_path)
    text = "document.querySelector('#{}').textContent"
    try:
        browser.call("Page.navigate", url=f"http://127.0.0.1:{server.address[1]}/")
        browser.wait_for("!!document.querySelector('#start')")
        browser.click("#start")
        browser.wait_for(text.format("state") + ".startsWith('writing')")
        browser.wait_for("document.querySelector('#start').disabled")
        browser.wait_for(text.format("report") + " === '" + REPORT + "'")
        browser.wait_for("!document.querySelector('#start').disabled")

        # The second is cancelled, and never comes.
        browser.click("#start")
        browser.wait_for(text.format("state") + " === 'writing Sales'")
        browser.click("#cancel")
        browser.wait_for("!document.querySelector('#start').disabled")
        jobs = [pid for worker in server.workers() for pid in children_of(worker)]
        eventually(lambda: not any(alive(pid) for pid in jobs), "its process is gone")
        assert browser.evaluate(text.format("report")).startswith("Report 1")
        assert browser.problems == []
        assert [entry for entry in browser.responses if entry[0] >= 400 and "favicon" not in entry[1]] == []
    finally:
        browser.close()
