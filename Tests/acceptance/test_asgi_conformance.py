"""ASGI 3.0 over HTTP, as a plain application sees it over real sockets.

Each claim holds on uvicorn too (see asgi_servers.py) unless it says otherwise. On each CPython of this machine.
"""

import hashlib
import json
import os
import socket
import struct
import threading

import pytest
from asgi_servers import KINDS, notes, start, wait_for_note
from client import Connection, Truncated, eventually, get, request
from server import free_port

ON_EVERY_PYTHON = "always"


@pytest.fixture(scope="module", params=KINDS)
def raw(request, tmp_path_factory, python):
    """The plain application."""
    server = start(request.param, tmp_path_factory.mktemp("raw"), "conform_raw:app", python=python)
    yield server
    server.end()


def scope(server, target="/scope", **options):
    response = server.get(target, **options)
    assert response.status == 200, (response, server.log())
    return response.json()


# The scope


def test_a_scope_has_every_key_of_the_specification(raw):
    seen = scope(raw, "/scope/a%20b?x=1&y=%20")
    assert seen["type"] == "http" and seen["method"] == "GET" and seen["scheme"] == "http"
    assert seen["asgi"]["version"] == "3.0" and seen["asgi"]["spec_version"] in ("2.3", "2.4", "2.5")
    assert seen["http_version"] == "1.1"
    assert seen["path"] == "/scope/a b" and seen["raw_path"] == "bytes:/scope/a%20b"
    assert seen["query_string"] == "bytes:x=1&y=%20"
    assert seen["root_path"] == ""
    assert seen["client"][0] == "127.0.0.1" and isinstance(seen["client"][1], int) and seen["client"][1] > 0
    assert seen["server"] == ["127.0.0.1", raw.address[1]]


def test_values_have_the_types_of_the_specification(raw):
    kinds = scope(raw)["kinds"]
    assert kinds["scope"] == "dict" and kinds["name"] == ["bytes"]
    assert kinds["raw_path"] == "bytes" and kinds["query_string"] == "bytes"
    assert kinds["headers"] == "list" and set(kinds["header"]) <= {"tuple", "list"}


def test_the_loop_runs_on_the_main_thread(raw):
    assert scope(raw)["kinds"]["main_thread"] is True


def test_there_is_an_empty_query_string_when_there_is_none(raw):
    assert scope(raw, "/scope")["query_string"] == "bytes:"
    assert scope(raw, "/scope?")["query_string"] == "bytes:"


@pytest.mark.parametrize(
    "target, path",
    [
        ("/caf%C3%A9", "/caf\u00e9"), ("/%E9%9B%AA", "/\u96ea"), ("/a%2Fb", "/a/b"), ("/a+b", "/a+b"),
        ("/%FFx", "/\ufffdx"), ("/a%3Fb", "/a?b"), ("/a;b=1", "/a;b=1"), ("//a//b/", "//a//b/"), ("/%25", "/%"),
        ("/a%zz", "/a%zz"),
    ],
)
def test_a_path_is_decoded_and_the_raw_path_is_not(raw, target, path):
    response = raw.get(target + "?q=%2F")
    if response.status == 400 and "%zz" in target:
        return  # A stray percent sign may be refused.
    seen = response.json()
    assert (seen["path"], seen["raw_path"], seen["query_string"]) == (path, "bytes:" + target, "bytes:q=%2F")


def test_a_target_in_absolute_form_has_its_path(raw):
    with raw.connect() as connection:
        head = b"GET http://roost.test/scope/x?y=1 HTTP/1.1\r\nHost: roost.test\r\nConnection: close\r\n\r\n"
        seen = connection.send(head).response().json()
    assert seen["path"] == "/scope/x" and seen["query_string"] == "bytes:y=1"


def test_header_names_are_lower_case_bytes_and_lines_keep_their_order(raw):
    fields = [("X-One", "1"), ("ACCEPT", "a"), ("x-one", "2"), ("Cookie", "a=1; b=|2|"), ("X-Bytes", "caf\u00e9")]
    headers = scope(raw, fields=fields)["headers"]
    assert ["bytes:host", "bytes:roost.test"] in headers
    wanted = [[f"bytes:{name.lower()}", f"bytes:{value}"] for name, value in fields]
    assert [line for line in headers if line[0] in {name for name, _ in wanted}] == wanted


def test_white_space_around_a_value_is_not_part_of_it(raw):
    """uvicorn with httptools leaves it at the end."""
    with raw.connect() as connection:
        fields = b"X-Padded:  \t a  b \t \r\nX-Empty:\r\nConnection: close"
        head = b"GET /scope HTTP/1.1\r\nHost: roost.test\r\n" + fields + b"\r\n\r\n"
        headers = connection.send(head).response().json()["headers"]
    headers = headers if raw.kind == "roost" else [[name, value.rstrip()] for name, value in headers]
    assert ["bytes:x-padded", "bytes:a  b"] in headers and ["bytes:x-empty", "bytes:"] in headers


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "PROPFIND"])
def test_a_method_is_passed_as_it_is(raw, method):
    response = raw.get("/scope", method=method)
    assert response.status == 200
    if method != "HEAD":
        assert response.json()["method"] == method


def test_http_1_0_is_told(raw):
    with raw.connect() as connection:
        connection.send(b"GET /scope HTTP/1.0\r\nHost: roost.test\r\n\r\n")
        assert json.loads(connection.response().body)["http_version"] == "1.0"


def test_a_trusted_proxy_tells_the_client_and_the_scheme(raw):
    seen = scope(raw, fields=[("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")])
    assert seen["client"][0] == "203.0.113.9" and seen["scheme"] == "https"


def test_each_request_has_a_scope_of_its_own(raw):
    with raw.connect() as connection:
        for _ in range(2):
            seen = connection.send(request("/scribble")).response().json()
            assert seen["found"] == []
            assert [line for line in seen["headers"] if line[0] == "bytes:x-scribbled"] == [
                ["bytes:x-scribbled", "bytes:yes"]
            ]


def test_an_ipv6_client_is_told(starting):
    port = free_port("::1")
    server = starting("conform_raw:app", binds=[f"[::1]:{port}"])
    seen = get(("::1", port), "/scope").json()
    assert seen["client"][0] == "::1" and seen["client"][1] > 0 and seen["server"] == ["::1", port]
    server.end()


def test_a_client_on_a_unix_socket_has_no_address(starting, tmp_path):
    path = str(tmp_path / "a.sock")
    server = starting("conform_raw:app", binds=["unix:" + path])
    seen = get(path, "/scope").json()
    assert seen["client"] is None
    assert seen["server"][1] is None
    server.end()


# The request body


def test_a_request_without_a_body_is_one_empty_event(raw):
    response = raw.get("/echo")
    assert response.status == 200 and response.body == b"" and response["X-Events"] == "1"


@pytest.mark.parametrize("size", [1, 1000, 65535, 65536, 65537, 300_000])
def test_a_body_arrives_whole(raw, size):
    body = os.urandom(size)
    assert raw.get("/echo", method="POST", body=body).body == body


def test_a_chunked_body_arrives_without_its_chunks(raw):
    with raw.connect() as connection:
        connection.send(b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"5\r\nhello\r\n1;extension\r\n \r\n").send(b"5\r\nworld\r\n0\r\nX-Trailer: 1\r\n\r\n")
        assert connection.response().body == b"hello world"
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"


def test_a_scope_tells_that_a_body_comes_in_chunks(raw):
    """Middleware finds out from the headers whether there is a body."""
    with raw.connect() as connection:
        connection.send(b"POST /scope HTTP/1.1\r\nHost: roost.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n")
        headers = [tuple(pair) for pair in json.loads(connection.response().body)["headers"]]
    assert ("bytes:transfer-encoding", "bytes:chunked") in headers
    assert not [name for name, _ in headers if name == "bytes:content-length"]


def test_a_large_body_arrives_to_the_byte_in_pieces(raw):
    body = bytes(range(256)) * 4096 * 20
    seen = raw.get("/count", method="POST", body=body).json()
    assert (seen["bytes"], seen["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())
    assert seen["largest"] <= 1 << 20


def test_a_client_that_waits_for_100_continue_is_told_to_go_on(raw):
    with raw.connect() as connection:
        connection.send(
            b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n"
        )
        assert connection.head().status == 100
        assert connection.send(b"hello").response().body == b"hello"


def test_a_body_is_passed_on_as_it_comes_and_the_answer_with_it(raw):
    """Both directions at once: each part is answered before the next is sent."""
    with raw.connect() as connection:
        connection.send(b"POST /converse HTTP/1.1\r\nHost: roost.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        connection.send(b"6\r\npart 0\r\n")
        assert connection.head().status == 200
        chunks = connection.chunks()
        assert next(chunks) == b"part 0"
        for number in range(1, 5):
            connection.send(b"6\r\npart %d\r\n" % number)
            assert next(chunks) == b"part %d" % number
        connection.send(b"0\r\n\r\n")
        assert list(chunks) == []


def test_an_answer_that_comes_before_the_body_is_read_reaches_the_client(raw):
    assert raw.get("/unread?refuse=1", method="POST", body=b"x" * 2000).status == 413


def test_a_connection_goes_on_after_a_body_that_was_not_read(raw):
    with raw.connect() as connection:
        connection.send(request("/unread", "POST", b"x" * 2000))
        assert connection.response().body == b"not read"
        try:
            assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"
        except (Truncated, OSError):
            pass  # Closing instead is right too; reading the old body as a request is not.


def test_a_client_that_leaves_within_its_body_is_a_disconnect(raw):
    with raw.connect() as connection:
        connection.send(b"POST /count HTTP/1.1\r\nHost: roost.test\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 70000)
        wait_for_note(raw, "count: begun")
    wait_for_note(raw, "count: left")


# The response


def test_a_whole_answer_has_the_length_that_the_application_gave(raw):
    response = raw.get("/echo", method="POST", body=b"hello")
    assert response["Content-Length"] == "5" and response["Transfer-Encoding"] is None


def test_a_body_without_a_length_has_its_end(raw):
    with raw.connect() as connection:
        connection.send(request("/bare?body=hello"))
        assert connection.response().body == b"hello"
        assert connection.send(request("/bare?body=again")).response().body == b"again"


@pytest.mark.parametrize("size", [0, 1, 65536, 3_000_000])
def test_a_stream_arrives_whole(raw, size):
    body = raw.get(f"/stream?bytes={size}").body
    assert len(body) == size and body == (bytes(range(256)) * (size // 256 + 1))[:size]


def test_parts_reach_the_client_as_they_are_sent(raw):
    with raw.connect() as connection:
        connection.send(request("/drip?gate=drip"))
        connection.head()
        chunks = connection.chunks()
        assert next(chunks) == b"first "
        raw.open_gate("drip")
        assert b"".join(chunks) == b"second"


def test_a_stream_for_http_1_0_ends_with_its_connection(raw):
    """uvicorn with httptools sends chunks, which HTTP/1.0 does not know."""
    if raw.kind != "roost":
        pytest.skip("it sends chunks")
    with raw.connect() as connection:
        connection.send(b"GET /stream?bytes=100000 HTTP/1.0\r\nHost: roost.test\r\n\r\n")
        response = connection.response()
        assert response["Transfer-Encoding"] is None and len(response.body) == 100_000


def test_odd_shapes_of_a_body_are_one_body(raw):
    assert raw.get("/shapes").body == b"ab"


def test_an_answer_to_head_has_no_body(raw):
    with raw.connect() as connection:
        for target in ("/fields", "/stream?bytes=100000", "/shapes", "/bare?body=hello"):
            assert connection.send(request(target, "HEAD")).response("HEAD").status == 200
        assert connection.send(request("/echo", "POST", b"in step")).response().body == b"in step"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_has_none(raw, status):
    with raw.connect() as connection:
        assert connection.send(request(f"/bare?status={status}")).response().status == status
        assert connection.send(request("/echo", "POST", b"in step")).response().body == b"in step"


@pytest.mark.parametrize("status", [200, 201, 299, 404, 418, 500, 599])
def test_any_final_status_is_passed_on(raw, status):
    assert raw.get(f"/bare?status={status}&body=x").status == status


def test_header_lines_are_passed_on_in_order_and_byte_by_byte(raw):
    response = raw.get("/fields")
    assert response.all("Set-Cookie") == ["a=1; Path=/", "b=2; Path=/"]
    assert response["X-Mixed-Case"] == "yes" and response["X-Empty"] == ""
    assert response["X-Latin"] == "caf\u00e9"
    assert response["X-Utf8"].encode("latin-1").decode() == "\u96ea"


def test_the_servers_own_fields_are_there_once(raw):
    assert len(raw.get("/fields").all("Date")) == 1
    own = raw.get("/own-date")
    assert "Thu, 01 Jan 1970 00:00:00 GMT" in own.all("Date") and "mine" in own.all("Server")


def test_a_slow_reader_stops_send(raw):
    """The application gets as far as the buffers reach, not to the end of its 200 MB."""
    total = 200_000_000
    with Connection(raw.address, receive_buffer=65536) as connection:
        connection.send(request(f"/stream?bytes={total}&progress=1"))
        connection.head()
        progress = raw.directory / "progress"
        eventually(lambda: progress.exists() and progress.read_text(), "it began")

        def stalled():
            before = progress.read_text()
            threading.Event().wait(0.5)
            return before and progress.read_text() == before

        eventually(stalled, "send() waits")
        assert int(progress.read_text()) < 40_000_000


# Clients that leave


def test_a_client_that_leaves_is_told_by_receive_at_once(raw):
    with raw.connect() as connection:
        waits = notes(raw).count("waits")
        connection.send(request("/wait-for-leaving"))
        eventually(lambda: notes(raw).count("waits") > waits, "it waits")
    wait_for_note(raw, "wait_for_leaving: http.disconnect")
    wait_for_note(raw, "wait_for_leaving again: http.disconnect")


def test_a_client_that_only_stops_sending_gets_its_answer(raw):
    """uvicorn takes a FIN for the end of the connection."""
    if raw.kind != "roost":
        pytest.skip("it closes")
    with raw.connect() as connection:
        waits = notes(raw).count("waits")
        connection.send(request("/wait-for-leaving"))
        eventually(lambda: notes(raw).count("waits") > waits, "it waits")
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.response().body == b"to nobody"


def test_sending_to_nobody_is_an_oserror(raw):
    """As of specification version 2.4. On uvicorn, which announces 2.3, it does nothing.

    The connection is reset: after a mere FIN there may be somebody who still reads.
    """
    with raw.connect() as connection:
        waits = notes(raw).count("waits")
        connection.send(request("/wait-for-leaving"))
        eventually(lambda: notes(raw).count("waits") > waits, "it waits")
        connection.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    wait_for_note(raw, "wait_for_leaving: " + ("OSError" if raw.kind == "roost" else "sent"))


def test_a_client_that_leaves_within_its_answer_is_told(raw):
    with raw.connect() as connection:
        connection.send(request("/leaving-between"))
        connection.head()
        assert next(connection.chunks()) == b"tick\n"
    wait_for_note(raw, "leaving_between: http.disconnect")


def test_receive_after_the_answer_is_a_disconnect(raw):
    assert raw.get("/after-the-answer", method="POST", body=b"x").body == b"answered"
    wait_for_note(raw, "after_the_answer: http.disconnect")


def test_work_goes_on_after_the_answer_and_holds_nothing_up(raw):
    with raw.connect() as connection:
        assert connection.send(request("/background?gate=background")).response().body == b"answered"
        # The same connection takes the next request meanwhile.
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"
        assert "background: done" not in notes(raw)
    raw.open_gate("background")
    wait_for_note(raw, "background: done")


# Many at once


def test_many_requests_are_in_the_application_at_once(raw):
    connections = [raw.connect() for _ in range(60)]
    try:
        for connection in connections:
            connection.send(request("/together?of=60"))
        assert [connection.response().body for connection in connections] == [b"together"] * 60
    finally:
        for connection in connections:
            connection.close()


def test_context_variables_do_not_leak_between_requests(raw):
    with raw.connect() as connection:
        for _ in range(3):
            assert connection.send(request("/context")).response().body == b"nothing"


def test_pipelined_requests_are_answered_in_order(raw):
    with raw.connect() as connection:
        connection.send(b"".join(request("/echo", "POST", b"%d" % number) for number in range(20)))
        assert [connection.response().body for _ in range(20)] == [b"%d" % number for number in range(20)]


def test_other_threads_wake_the_loop(raw):
    for _ in range(20):
        assert raw.get("/thread").json() == {"on_main": False, "woken": "woken"}


def test_asyncio_starts_and_awaits_child_processes(raw):
    assert raw.get("/subprocess").json() == {"output": "child", "status": 0}


# Files


@pytest.mark.skipif("roost" not in KINDS, reason="uvicorn has no pathsend")
@pytest.mark.parametrize("size", [0, 1, 65537, 5_000_000])
@pytest.mark.parametrize("bare", ["", "&bare=1"])
def test_a_file_is_sent_by_the_server(raw, size, bare):
    if raw.kind != "roost":
        pytest.skip("it has no pathsend")
    with raw.connect() as connection:
        for _ in range(2):
            response = connection.send(request(f"/pathsend?bytes={size}{bare}")).response()
            assert response.status == 200
            assert response.body == (bytes(range(256)) * (size // 256 + 1))[:size]
    wait_for_note(raw, "pathsend: sent")


@pytest.mark.parametrize("path", ["/nowhere/at/all", "relative", "/tmp"])
def test_a_file_that_is_none_is_an_error_of_the_application(raw, path):
    if raw.kind != "roost":
        pytest.skip("it has no pathsend")
    try:
        assert raw.get(f"/pathsend?bytes=10&bare=1&path={path}").status == 500
    except Truncated:
        pass  # The head may have been sent before the file was looked at.
    assert raw.get("/echo").status == 200


# What an application must not do: the client never takes a broken answer for a whole one


def is_broken(server, target):
    with server.connect() as connection:
        try:
            return connection.send(request(target)).response().status == 500
        except Truncated:
            return True


@pytest.mark.parametrize(
    "target", ["/raises-before", "/says-nothing", "/body-first", "/two-starts", "/unknown-event"]
)
def test_a_wrong_application_is_500_or_a_cut(raw, target):
    assert is_broken(raw, target)
    assert raw.get("/echo").status == 200


@pytest.mark.parametrize("target", ["/raises-within", "/half", "/too-short"])
def test_an_answer_that_breaks_off_is_cut(raw, target):
    with pytest.raises(Truncated), raw.connect() as connection:
        connection.send(request(target)).response()
    assert raw.get("/echo").status == 200


def test_more_than_the_length_that_was_given_is_never_sent(raw):
    with raw.connect() as connection:
        connection.send(request("/too-long") + request("/echo", "POST", b"next"))
        try:
            first = connection.response()
            assert first.status == 500 or first.body == b"much "
            assert connection.response().body == b"next"
        except Truncated as cut:
            assert len(cut.received) <= 5


def test_a_header_never_splits_an_answer(raw):
    """uvicorn with httptools sends it as it is."""
    if raw.kind != "roost":
        pytest.skip("it sends it")
    with raw.connect() as connection:
        try:
            response = connection.send(request("/bad-header")).response()
            assert response["Injected"] is None and response.status == 500
        except Truncated:
            pass


def test_an_error_after_the_answer_is_logged_only(raw):
    with raw.connect() as connection:
        assert connection.send(request("/raises-after")).response().body == b"answered"
    eventually(lambda: "raised after the answer" in raw.log(), "it is logged")


def test_an_error_is_logged_with_its_traceback(raw):
    assert raw.get("/raises-before").status == 500
    eventually(lambda: "raised before the answer" in raw.log() and "Traceback" in raw.log(), "it is logged")
    assert "in raises_before" in raw.log()
