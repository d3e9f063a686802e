"""A browser stays with the worker that keeps its state."""

import json
import os
import re
import signal
import textwrap
import threading
from collections import Counter

import pytest
from client import eventually
from server import APPS, run_roost

ON_EVERY_PYTHON = True


class Browser:
    """Keeps the cookies it is given, as a browser does."""

    def __init__(self, server, address=None):
        self.server = server
        self.cookies = {}
        self.response = None

    def get(self, target="/", *fields):
        line = "; ".join(f"{name}={value}" for name, value in self.cookies.items())
        fields = [*fields, *([("Cookie", line)] if line else [])]
        self.response = self.server.get(target, fields=fields)
        for name, value in self.response.fields:
            if name.lower() == "set-cookie":
                pair = value.split(";")[0].split("=", 1)
                self.cookies[pair[0]] = pair[1]
        return json.loads(self.response.body) if self.response.status == 200 else None

    def pid(self, target="/", *fields):
        return self.get(target, *fields)["pid"]

    @property
    def set_cookies(self):
        return [value for name, value in self.response.fields if name.lower() == "set-cookie"]


def serve(roost, *options, app="sessions:app", processes=2, threads=2, **environment):
    size = ["--threads", threads] if app == "sessions:app" else []
    return roost(app, "--processes", processes, *size, "--warm-up", "none", *options, **environment)


@pytest.fixture(params=["sessions:app", "sessions:asgi"])
def app(request):
    return request.param


def test_browsers_spread_and_each_stays(roost, app):
    server = serve(roost, "--sticky", "cookie", app=app)
    browsers = [Browser(server) for _ in range(6)]
    first = [browser.pid() for browser in browsers]
    assert sorted(Counter(first).values()) == [3, 3]
    for turn in range(2, 12):
        for browser, pid in zip(browsers, first):
            answer = browser.get()
            assert answer["pid"] == pid
            if turn > 2:
                # The first answer was to a browser without a cookie.
                assert answer["count"] == turn - 1
    assert server.metric("roost_worker_sessions", worker="1") == 3
    assert server.metric("roost_worker_sessions", worker="2") == 3
    status = server.command("status").stdout
    assert re.search(r"sessions +6 known, 0 moved", status), status


def test_the_cookie_is_given_once_and_says_what_it_should(roost, app):
    server = serve(roost, "--sticky", "cookie", app=app)
    browser = Browser(server)
    browser.get()
    (cookie,) = browser.set_cookies
    assert re.fullmatch(r"roost_session=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", cookie)
    browser.get()
    assert browser.set_cookies == []
    other = Browser(server)
    other.get("/", ("X-Forwarded-Proto", "https"))
    assert other.set_cookies[0].endswith("; SameSite=Lax; Secure")
    assert other.cookies != browser.cookies


def test_the_cookie_for_frames_in_other_sites(roost):
    server = serve(roost, "--sticky", "cookie", "--sticky-same-site", "none", "--sticky-cookie", "kept")
    browser = Browser(server)
    browser.get()
    (cookie,) = browser.set_cookies
    assert re.fullmatch(r"kept=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=None; Secure; Partitioned", cookie)


def test_an_app_that_needs_none_gets_no_cookie(roost, app):
    server = serve(roost, app=app)
    browser = Browser(server)
    assert len({browser.pid() for _ in range(20)}) >= 1
    assert browser.cookies == {}
    assert server.metric("roost_worker_sessions") is None


def test_an_app_of_a_framework_that_needs_it_gets_one_by_itself(roost, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "page.py").write_text(textwrap.dedent(f"""
        import sys
        sys.path.append({str(APPS)!r})
        import sessions

        class App:
            async def __call__(self, scope, receive, send):
                await sessions.asgi(scope, receive, send)

        App.__module__ = "nicegui.nicegui"
        app = App()
    """))
    server = serve(roost, app="page:app", app_dir=tmp_path / "app")
    browsers = [Browser(server) for _ in range(2)]
    pids = [browser.pid() for browser in browsers]
    assert len(set(pids)) == 2
    for _ in range(5):
        assert [browser.pid() for browser in browsers] == pids
    assert all("roost_session" in browser.cookies for browser in browsers)
    # Not with --sticky off.
    plain = serve(roost, "--sticky", "off", app="page:app", app_dir=tmp_path / "app")
    browser = Browser(plain)
    browser.get()
    assert browser.cookies == {}


def test_odd_cookies_and_several_lines_of_them_do_no_harm(roost):
    server = serve(roost, "--sticky", "cookie")
    browser = Browser(server)
    pid = browser.pid()
    name = browser.cookies["roost_session"]
    odd = b"_streamlit_xsrf=2|ac9e3bb7|c840|1795358776; a=\"b;c\"; =; x; \xe9=\xff".decode("latin-1")
    for _ in range(5):
        for fields in (
            [("Cookie", f"{odd}; roost_session={name}")],
            [("Cookie", odd), ("Cookie", f"roost_session={name}")],
            [("Cookie", f"roost_session=not-ours; roost_session={name}; {odd}")],
        ):
            response = server.get("/", fields=fields)
            assert json.loads(response.body)["pid"] == pid
            assert response["Set-Cookie"] is None


def test_what_caches_keep_for_all_carries_no_cookie(roost):
    server = serve(roost, "--sticky", "cookie")
    browser = Browser(server)
    browser.get("/static")
    assert browser.set_cookies == []
    browser.get("/own-cookie")
    assert [value.split("=")[0] for value in browser.set_cookies] == ["own", "roost_session"]


def test_a_cookie_from_before_a_restart_is_kept(roost):
    server = serve(roost, "--sticky", "cookie")
    browser = Browser(server)
    browser.cookies["roost_session"] = "0123456789abcdef0123456789abcdef"
    assert len({browser.pid() for _ in range(10)}) == 1
    assert browser.cookies == {"roost_session": "0123456789abcdef0123456789abcdef"}


@pytest.mark.parametrize("rule, target, field", [
    ("header:X-User", "/", ("X-User", "{}")),
    ("query:session_hash", "/?a=b&session_hash={}", None),
    ("path:2", "/session/{}/upload", None),
])
def test_other_rules(roost, rule, target, field):
    server = serve(roost, "--sticky", rule)
    browser = Browser(server)

    def pid(key):
        return browser.pid(target.format(key), *([(field[0], field[1].format(key))] if field else []))

    first = {key: pid(key) for key in "abcd"}
    assert sorted(Counter(first.values()).values()) == [2, 2]
    for _ in range(5):
        assert {key: pid(key) for key in "abcd"} == first
    assert browser.cookies == {}


def test_by_address(roost):
    server = serve(roost, "--sticky", "address")

    def pid(address):
        return Browser(server).pid("/", ("X-Forwarded-For", address))

    first = {address: pid(address) for address in ("192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1")}
    assert sorted(Counter(first.values()).values()) == [2, 2]
    assert {address: pid(address) for address in first} == first
    # One customer has a whole /64.
    assert pid("2001:db8::7") == first["2001:db8::1"]


def test_a_request_waits_for_its_worker_while_the_other_idles(roost):
    server = serve(roost, "--sticky", "cookie", threads=1)
    browser, other = Browser(server), Browser(server)
    assert browser.pid() != other.pid()
    waits = []
    gate = threading.Thread(target=lambda: browser.server.get(
        "/gate?one", fields=[("Cookie", f"roost_session={browser.cookies['roost_session']}")]))
    gate.start()
    eventually(lambda: (server.directory / "in-one").exists(), "the request is in its worker")
    again = threading.Thread(target=lambda: waits.append(browser.pid()))
    again.start()
    eventually(lambda: server.metric("roost_queue_depth") == 1, "the second request waits")
    # The other worker serves its browser, and newcomers.
    pid = other.pid()
    for _ in range(5):
        assert other.pid() == pid
    assert waits == []
    (server.directory / "open-one").touch()
    gate.join(30)
    again.join(30)
    assert waits and waits[0] != pid


def test_when_a_worker_dies_its_browsers_move_and_the_others_stay(roost, app):
    server = serve(roost, "--sticky", "cookie", app=app)
    browsers = [Browser(server) for _ in range(4)]
    first = [browser.pid() for browser in browsers]
    for browser in browsers:
        browser.get()
    dead = first[0]
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: dead not in server.workers(), "the worker is gone")
    for browser, pid in zip(browsers, first):
        now = {browser.pid() for _ in range(3)}
        assert len(now) == 1
        assert now != {dead}
        if pid != dead:
            assert now == {pid}
    assert server.metric("roost_sessions_moved_total", reason="worker_ended") == 2
    eventually(lambda: server.metric("roost_workers") == 2, "it was replaced")
    # A newcomer goes to the new worker, which has nobody.
    assert Browser(server).pid() not in first


def test_after_a_reload_browsers_are_with_the_new_workers(roost, app):
    server = serve(roost, "--sticky", "cookie", app=app)
    browsers = [Browser(server) for _ in range(4)]
    before = {browser.pid() for browser in browsers} | {browser.pid() for browser in browsers}
    assert len(before) == 2
    assert server.command("reload").returncode == 0
    eventually(lambda: not before & set(server.workers()), "the old workers have left", 60)
    after = [browser.pid() for browser in browsers]
    assert not before & set(after)
    assert sorted(Counter(after).values()) == [2, 2]
    assert [browser.pid() for browser in browsers] == after


def test_beyond_the_seats_newcomers_wait_at_the_door(roost):
    server = serve(roost, "--sticky", "cookie", "--max-sessions", 1, "--waiting-room", "/door")
    browsers = [Browser(server) for _ in range(3)]
    for browser in browsers[:2]:
        browser.get()
        browser.get("/door")
        assert browser.response.status == 200
    late = browsers[2]
    assert late.pid()
    late.get("/door")
    assert late.response.status == 503
    assert int(late.response["Retry-After"]) > 0
    assert late.pid(), "everywhere else it is served"
    assert server.metric("roost_refused_total", cause="no_seat") == 1
    for browser in browsers[:2]:
        browser.get("/door")
        assert browser.response.status == 200


def test_wrong_rules_are_explained(roost):
    for rule, said in {
        "cookies": "'cookies' is none of auto, off, cookie, address, header:NAME, query:NAME, path:N",
        "header:": "names no header field",
        "path:0": "names no segment of the path",
        "query:": "names no query parameter",
    }.items():
        outcome = run_roost("config", "sessions:app", "--sticky", rule)
        assert outcome.returncode != 0
        assert said in outcome.stderr, outcome.stderr
    outcome = run_roost("config", "sessions:app", "--sticky", "off", "--max-sessions", "3")
    assert "max-sessions is given, and sticky is off" in outcome.stderr


# WebSockets


def handshake(server, browser=None, *fields, path="/ws", protocols=None):
    """Opens a WebSocket by hand; returns its connection and the head of the answer."""
    connection = server.connect()
    lines = [
        f"GET {path} HTTP/1.1", "Host: roost.test", "Upgrade: websocket", "Connection: Upgrade",
        "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ]
    if protocols:
        lines.append(f"Sec-WebSocket-Protocol: {protocols}")
    if browser and browser.cookies:
        lines.append("Cookie: " + "; ".join(f"{name}={value}" for name, value in browser.cookies.items()))
    lines += [f"{name}: {value}" for name, value in fields]
    connection.send(("\r\n".join(lines) + "\r\n\r\n").encode("latin-1"))
    return connection, connection.head()


def message(connection):
    """The next message of the server, shorter than 126 bytes or 64 KiB."""
    first, length = connection.exactly(2)
    if length == 126:
        length = int.from_bytes(connection.exactly(2), "big")
    return first & 15, connection.exactly(length)


def says(connection):
    kind, payload = message(connection)
    assert kind == 2, (kind, payload)
    return json.loads(payload)


def ask(connection):
    connection.send(b"\x82\x81\x00\x00\x00\x00x")
    return says(connection)


def test_a_browsers_websocket_and_requests_meet(roost):
    server = serve(roost, "--sticky", "cookie", app="sessions:asgi")
    browsers = [Browser(server) for _ in range(4)]
    pids = [browser.pid() for browser in browsers]
    for turn in range(3):
        for browser, pid in zip(browsers, pids):
            connection, head = handshake(server, browser)
            assert head.status == 101 and head["Set-Cookie"] is None
            with connection:
                assert says(connection)["pid"] == pid
                assert browser.pid() == pid
                assert ask(connection)["pid"] == pid
    eventually(lambda: server.metric("roost_worker_sessions", worker="1") == 2, "the sockets are closed")


def test_tabs_count_and_newcomers_go_elsewhere(roost):
    server = serve(roost, "--sticky", "cookie", app="sessions:asgi")
    browser = Browser(server)
    pid = browser.pid()
    tabs = [handshake(server, browser)[0] for _ in range(3)]
    assert {says(tab)["pid"] for tab in tabs} == {pid}
    assert max(server.metric("roost_worker_sessions", worker=str(number)) for number in (1, 2)) == 3
    assert pid not in {Browser(server).pid() for _ in range(3)}
    for tab in tabs:
        tab.close()


def test_the_first_answer_may_be_a_websocket(roost):
    server = serve(roost, "--sticky", "cookie", app="sessions:asgi")
    connection, head = handshake(server)
    with connection:
        pid = says(connection)["pid"]
        assert re.fullmatch(r"roost_session=[0-9a-f]{32}; Path=/; HttpOnly; SameSite=Lax", head["Set-Cookie"])
        # A client that keeps no cookies is known by its address.
        again, _ = handshake(server)
        with again:
            assert says(again)["pid"] == pid


def test_a_streamlit_session_without_cookies_comes_back(roost):
    server = serve(roost, "--sticky", "cookie", app="sessions:asgi")
    names = {f"36f44047-bb63-47e3-ab96-58f7de18640{number}": None for number in range(6)}
    for number, name in enumerate(names):
        # Each from another address.
        connection, head = handshake(
            server, None, ("X-Forwarded-For", f"192.0.2.{number}"), protocols=f"streamlit, 2|d63d|17, {name}"
        )
        assert head["Sec-WebSocket-Protocol"] == "streamlit"
        names[name] = says(connection)["pid"]
        connection.close()
    assert len(set(names.values())) == 2
    for name, pid in names.items():
        connection, _ = handshake(
            server, None, ("X-Forwarded-For", "198.51.100.1"), protocols=f"streamlit, 2|d63d|17, {name}"
        )
        assert says(connection)["pid"] == pid
        connection.close()
        upload = server.get(f"/_stcore/upload_file/{name}/0d1e")
        assert upload.json()["pid"] == pid


def test_a_dead_workers_browser_comes_back_to_another(roost):
    server = serve(roost, "--sticky", "cookie", app="sessions:asgi")
    browsers = [Browser(server), Browser(server)]
    pids = [browser.pid() for browser in browsers]
    sockets = [handshake(server, browser)[0] for browser in browsers]
    assert [says(socket)["pid"] for socket in sockets] == pids
    os.kill(pids[0], signal.SIGKILL)
    kind, payload = message(sockets[0])
    assert kind == 8 and int.from_bytes(payload[:2], "big") == 1012
    # The other user is unharmed.
    assert ask(sockets[1])["pid"] == pids[1]
    again, head = handshake(server, browsers[0])
    assert head.status == 101
    assert says(again)["pid"] not in pids[:1]
    for socket in (*sockets, again):
        socket.close()


def test_during_a_reload_an_open_websocket_stays_and_the_others_move(roost):
    server = serve(roost, "--sticky", "cookie", "--drain-timeout", "20s", app="sessions:asgi")
    held, free = Browser(server), Browser(server)
    old = {held.pid(), free.pid()}
    connection, _ = handshake(server, held)
    pid = says(connection)["pid"]
    assert server.command("reload").returncode == 0
    assert ask(connection)["pid"] == pid
    assert held.pid() == pid, "what the page asks for besides is where its WebSocket is"
    assert free.pid() not in old
    assert Browser(server).pid() not in old
    connection.close()
    eventually(lambda: pid not in server.workers(), "the old worker has left", 30)
    assert held.pid() not in old


def test_the_door_is_closed_to_websockets_too(roost):
    server = serve(roost, "--sticky", "cookie", "--max-sessions", 1, app="sessions:asgi")
    browsers = [Browser(server) for _ in range(3)]
    for browser in browsers:
        browser.get()
    sockets = [handshake(server, browser) for browser in browsers]
    assert [head.status for _, head in sockets] == [101, 101, 503]
    assert sockets[2][1]["Retry-After"]
    browsers[2].get("/_stcore/health")
    assert browsers[2].response.status == 503
    for socket, _ in sockets:
        socket.close()
