"""Browsers send some requests without their cookies: these do not count as browsers."""

from collections import Counter

import pytest
from client import eventually
from test_sticky import Browser, serve


def without_cookie(server, times=1, *fields):
    """What a browser asks for and leaves its cookies out, such as a page's manifest."""
    for _ in range(times):
        assert server.get("/manifest.json", fields=fields).status == 200


@pytest.mark.parametrize("app", ["sessions:app", "sessions:asgi"])
@pytest.mark.parametrize("times", [1, 3])
def test_two_browsers_get_two_workers_whatever_they_send_without_cookies(roost, app, times):
    server = serve(roost, "--sticky", "cookie", app=app)
    first, second = Browser(server), Browser(server)
    pids = [first.pid()]
    without_cookie(server, times)
    assert first.pid() == pids[0]
    without_cookie(server)
    pids.append(second.pid())
    without_cookie(server, times)
    assert second.pid() == pids[1]
    assert pids[0] != pids[1]
    for _ in range(3):
        assert [first.pid(), second.pid()] == pids
        without_cookie(server)
    assert [server.metric("roost_worker_sessions", worker=str(number)) for number in (1, 2)] == [1, 1]


def test_two_browsers_that_have_not_come_back_yet_get_two_workers_too(roost):
    server = serve(roost, "--sticky", "cookie")
    assert Browser(server).pid() != Browser(server).pid()


def test_a_crowd_of_new_browsers_is_spread(roost):
    server = serve(roost, "--sticky", "cookie")
    pids = Counter(Browser(server).pid() for _ in range(12))
    assert sorted(pids.values()) == [6, 6]
    # None of them has shown yet that it keeps the cookie.
    assert server.metric("roost_worker_sessions", worker="1") == 0


def test_what_a_browser_says_is_a_part_of_a_page_is_given_no_cookie_and_counts_nothing(roost):
    server = serve(roost, "--sticky", "cookie")
    first = Browser(server)
    pid = first.pid()
    assert first.pid() == pid
    without_cookie(server, 20, ("Sec-Fetch-Dest", "manifest"))
    assert server.metric("roost_sessions_known") == 1
    assert server.get("/icon", fields=[("Sec-Fetch-Dest", "image")])["Set-Cookie"] is None
    assert Browser(server).pid() != pid
    # A page is none, and with its cookie a part is where the page is.
    page = Browser(server)
    page.get("/", ("Sec-Fetch-Dest", "document"))
    assert page.cookies
    assert first.pid("/icon", ("Sec-Fetch-Dest", "image")) == pid
    eventually(lambda: server.metric("roost_sessions_known") == 3, "the two new ones are known")
