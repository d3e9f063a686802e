"""What is refused, with what, and that nothing comes after it."""

import base64
import json

import pytest
from client import Connection, eventually, request
from server import ROOT

FIXTURE = ROOT / "Tests" / "Fixtures" / "hostile-requests.json"


def hostile_requests():
    if not FIXTURE.exists():
        return []
    table = json.loads(FIXTURE.read_text())
    return table["requests"] if isinstance(table, dict) else table


@pytest.fixture(scope="module")
def guarded(tmp_path_factory):
    """A server whose limits are small enough to reach, and which is not warmed up: any call is a client's."""
    from server import Roost

    server = Roost(
        tmp_path_factory.mktemp("guarded"), "probe:app", "--processes", 1, "--threads", 1, "--warm-up", "none",
    )
    yield server
    server.end()


def refusal(server, data):
    """Sends `data` and returns the one response, having made sure that it is the last."""
    with Connection(server.address) as connection:
        try:
            connection.send(data)
        except OSError:
            pass  # The server may close before all is sent.
        response = connection.response()
        assert connection.is_closed_by_server(), f"something came after {response}"
        return response


def test_the_table_of_hostile_requests_is_there_and_long():
    assert len(hostile_requests()) >= 100


@pytest.mark.parametrize("entry", hostile_requests(), ids=lambda entry: entry["name"])
def test_a_hostile_request_is_refused_and_never_reaches_the_app(guarded, entry):
    before = guarded.calls()
    response = refusal(guarded, base64.b64decode(entry["bytes"]))
    assert response.status == entry["status"], response
    assert (response["Connection"] or "").lower() == "close"
    assert len(response.body) < 500
    assert guarded.calls() == before


HOST = b"Host: roost.test\r\n"
REFUSED = {
    "400, no host": (b"GET / HTTP/1.1\r\n\r\n", 400),
    "400, two lengths": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
    "400, length and chunks": (
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400,
    ),
    "400, bare line feed": (b"GET / HTTP/1.1\nHost: roost.test\n\n", 400),
    "400, bad chunk": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400),
    "413, announced": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999\r\n\r\n", 413),
    "414": (b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\n" + HOST + b"\r\n", 414),
    "417": (b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nExpect: miracles\r\n\r\n", 417),
    "431, one field": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: " + b"a" * 40_000 + b"\r\n\r\n", 431),
    "431, many fields": (b"GET / HTTP/1.1\r\n" + HOST + b"X-A: 1\r\n" * 200 + b"\r\n", 431),
    "501, coding": (b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n", 501),
    "501, tunnel": (b"CONNECT roost.test:443 HTTP/1.1\r\n" + HOST + b"\r\n", 501),
    "505": (b"GET / HTTP/2.0\r\n" + HOST + b"\r\n", 505),
}


@pytest.mark.parametrize("name", list(REFUSED))
def test_each_kind_of_refusal_has_its_status_and_closes(guarded, name):
    data, status = REFUSED[name]
    response = refusal(guarded, data)
    assert response.status == status, response
    assert response["Content-Type"].startswith("text/plain") and len(response.body) < 500


def test_a_request_whose_head_never_ends_gets_408(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--header-timeout", "1s")
    response = refusal(server, b"GET / HTTP/1.1\r\nHost: ro")
    assert response.status == 408


def test_a_connection_that_says_nothing_is_closed_without_an_answer(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--header-timeout", "1s", "--keep-alive", "1s")
    with server.connect() as connection:
        assert connection.rest() in (b"",) or connection.buffer.startswith(b"HTTP/1.1 408")


def test_a_chunked_body_that_grows_past_the_limit_gets_413(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--max-body-bytes", 100_000, "--body-memory", 1000)
    chunk = b"10000\r\n" + b"a" * 0x10000 + b"\r\n"
    response = refusal(
        server, b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk * 4
    )
    assert response.status == 413
    assert server.get("/").status == 200
    assert not any("/echo" in call for call in server.calls())


def test_what_is_pipelined_behind_a_refused_request_is_never_run(guarded):
    smuggled = request("/smuggled")
    response = refusal(guarded, b"GET / HTTP/1.1\r\nHost: roost.test\r\nBad Field: 1\r\n\r\n" + smuggled)
    assert response.status == 400
    assert "GET /smuggled" not in guarded.calls()


def test_a_good_request_before_a_bad_one_is_still_answered(guarded):
    with guarded.connect() as connection:
        connection.send(request("/echo", "POST", b"good") + b"BAD\r\n\r\n")
        assert connection.response().body == b"good"
        assert connection.response().status == 400
        assert connection.is_closed_by_server()


def test_a_refusal_is_counted_by_its_cause(guarded):
    before = guarded.metric("roost_requests_total", status="400") or 0
    refusals = guarded.metric("roost_refused_total") or 0
    refusal(guarded, b"GET / HTTP/1.1\r\n\r\n")
    eventually(
        lambda: (guarded.metric("roost_requests_total", status="400") or 0) > before
        or (guarded.metric("roost_refused_total") or 0) > refusals,
        "the refusal is counted",
    )
