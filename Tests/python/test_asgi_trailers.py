"""Trailer fields (`http.response.trailers`), on every interpreter: what the front gets to see of them."""

import pytest

from loop_front import TAKES_TRAILERS
from ring_front import HTTP10, UNKNOWN


@pytest.fixture(scope="module")
def worker(start_loop):
    worker = start_loop("asgi_trailers:app")
    worker.ready()
    yield worker
    worker.close()


def take(worker, target, **options):
    return worker.get(target, flags=TAKES_TRAILERS, **options)


def test_trailers_come_with_the_end_of_an_answer_without_a_length(worker):
    response = take(worker, "/one")
    assert (response.ending, response.body, response.body_bytes) == ("end", b"body", UNKNOWN)
    assert response.trailers == [("x-sum", "230")]
    assert response.logs == []


def test_trailers_of_several_messages_are_joined_behind_all_of_the_body(worker):
    response = take(worker, "/several")
    assert response.body == b"a" * 100_000 + b"b" * 300_000
    # What is the connection's is the server's, as in the head.
    assert response.trailers == [("X-Sum", "1"), ("X-Sum", "2"), ("Server-Timing", "db;dur=53")]


def test_no_trailers_are_an_end_like_any_other(worker):
    response = take(worker, "/none")
    assert (response.ending, response.body, response.trailers) == ("end", b"body", [])


@pytest.mark.parametrize("target", ["/one", "/several", "/none"])
def test_who_has_not_asked_for_trailers_gets_none(worker, target):
    response = worker.get(target)
    assert response.ending in ("whole", "end") and response.trailers == [] and response.logs == []
    # And is not kept waiting for them.
    assert response.body_bytes in (4, UNKNOWN)


@pytest.mark.parametrize("target, options", [
    ("/bodiless", {"method": "HEAD"}), ("/bodiless?204", {}), ("/bodiless?304", {}),
])
def test_an_answer_without_a_body_has_no_trailers(worker, target, options):
    response = take(worker, target, **options)
    assert (response.ending, response.body, response.trailers, response.logs) == ("whole", b"", [], [])


def test_an_answer_whose_length_is_known_has_no_trailers(worker):
    response = take(worker, "/with-length")
    assert (response.ending, response.body, response.body_bytes, response.trailers) == ("whole", b"body", 4, [])
    response = take(worker, "/from-file")
    assert (response.ending, response.body, response.trailers) == ("file", b"file", [])


FORBIDDEN = [
    "content-length", "transfer-encoding", "host", "connection", "te", "trailer", "upgrade", "keep-alive", "set-cookie",
    "Content-Type", "Content-Encoding", "content-range", "authorization", "www-authenticate", "proxy-authenticate",
    "cache-control", "Age", "expires", "date", "location", "retry-after", "vary", "if-match", "If-Anything", "cookie",
    "max-forwards", "expect", "pragma", "range", "warning",
]


@pytest.mark.parametrize("name", FORBIDDEN)
@pytest.mark.parametrize("flags", [TAKES_TRAILERS, 0])
def test_a_field_that_may_not_come_behind_a_body_is_refused(worker, name, flags):
    response = worker.get("/named?" + name, flags=flags)
    assert response.body == b"body"
    assert response.trailers == ([("x-then", "1")] if flags else [])
    assert eval(worker.get("/notes").body) == ["http.response.trailers: '%s' may not come behind the body" % name]


@pytest.mark.parametrize("name", ["etag", "digest", "server-timing", "authentication-info", "grpc-status", "iffy"])
def test_other_fields_are_not(worker, name):
    worker.get("/named?" + name, flags=TAKES_TRAILERS)
    assert eval(worker.get("/notes").body) == []


@pytest.mark.parametrize("query, said", [
    ("line-break", "ValueError: http.response.trailers: the value of 'x-sum' must not hold control characters"),
    ("name", "ValueError: http.response.trailers: 'x sum' is no header name"),
    ("text", "TypeError: http.response.trailers: header 0 must be a pair of name and value, both bytes"),
    ("huge", "ValueError: http.response.trailers: the headers are longer than 16384 bytes"),
])
def test_odd_trailers_break_the_answer_off(worker, query, said):
    response = take(worker, "/odd?" + query)
    assert response.ending == "abort" and any(said in text for _, text in response.logs)


@pytest.mark.parametrize("query, said", [
    ("unannounced", "unexpected ASGI message 'http.response.trailers' after the response was complete"),
    ("early", "unexpected ASGI message 'http.response.trailers' after the response had begun"),
    ("twice", "unexpected ASGI message 'http.response.trailers' after the response was complete"),
])
def test_trailers_that_are_out_of_place_are_an_error(worker, query, said):
    stream = worker.open(target="/misplaced?" + query, flags=TAKES_TRAILERS)
    worker.answer(stream)
    worker.wait_for_log(said, stream)


def test_an_app_that_forgets_its_trailers_has_not_completed_its_answer(worker):
    response = take(worker, "/forgotten")
    assert response.ending == "abort"
    assert any("returned without sending its trailers" in text for _, text in response.logs)
    assert worker.get("/forgotten").ending == "whole"


def test_the_extension_is_offered_where_there_are_chunks(worker):
    assert "http.response.trailers" in eval(worker.get("/extensions").body)
    assert "http.response.trailers" not in eval(worker.get("/extensions", flags=HTTP10).body)
