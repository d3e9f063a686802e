"""HTTP/1.1 as clients and proxies speak it (RFC 9110, RFC 9112)."""

import email.utils
import socket

import pytest
from client import Connection, eventually, get, request
from server import free_port


def test_a_connection_carries_many_requests(shared):
    with shared.connect() as connection:
        for number in range(20):
            body = b"%d" % number
            response = connection.send(request("/echo", "POST", body)).response()
            assert (response.status, response.body) == (200, body)


def test_pipelined_requests_are_answered_in_order(shared):
    bodies = [b"number %d" % number for number in range(30)]
    with shared.connect() as connection:
        connection.send(b"".join(request("/echo", "POST", body) for body in bodies))
        assert [connection.response().body for _ in bodies] == bodies


def test_a_slow_request_keeps_its_place_before_a_fast_one(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 4)
    with server.connect() as connection:
        connection.send(request("/gate?first") + request("/echo", "POST", b"second"))
        server.wait_for_call("GET /gate?first")
        server.open_gate("first")
        assert [connection.response().body for _ in range(2)] == [b"first", b"second"]


def test_connection_close_is_honoured(shared):
    with shared.connect() as connection:
        response = connection.send(request("/", close=True)).response()
        assert response.status == 200 and response["Connection"].lower() == "close"
        assert connection.is_closed_by_server()


def test_a_request_in_single_bytes_is_one_request(shared):
    with shared.connect() as connection:
        connection.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for byte in request("/echo", "POST", b"trickled"):
            connection.send(bytes([byte]))
        assert connection.response().body == b"trickled"


def test_a_chunked_upload_arrives_without_chunks_extensions_and_trailers(shared):
    head = b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nTransfer-Encoding: chunked\r\n\r\n"
    body = b"5;name=value\r\nhello\r\n1\r\n \r\n5\r\nworld\r\n0\r\nAuthorization: stolen\r\n\r\n"
    with shared.connect() as connection:
        assert connection.send(head + body).response().body == b"hello world"
        head = head.replace(b"/echo", b"/environ")
        seen = connection.send(head + body).response().json()
    assert "HTTP_AUTHORIZATION" not in seen and "HTTP_TRANSFER_ENCODING" not in seen
    assert seen["CONTENT_LENGTH"] == "11"


def test_a_client_that_expects_100_continue_gets_it_before_it_sends(shared):
    with shared.connect() as connection:
        connection.send(
            b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.head().status == 100
        connection.send(b"body")
        assert connection.response().body == b"body"


def test_no_100_continue_comes_before_a_refusal(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--max-body-bytes", 1000, "--body-memory", 1000)
    with server.connect() as connection:
        connection.send(
            b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nContent-Length: 5000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.head().status == 413


def test_head_has_the_head_of_get_and_no_body(shared):
    with shared.connect() as connection:
        response = connection.send(request("/echo", "HEAD")).response("HEAD")
        assert response.status == 200
        assert connection.send(request("/big?bytes=100&length=1", "HEAD")).response("HEAD")["Content-Length"] == "100"
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"


@pytest.mark.parametrize("code", [204, 304])
def test_204_and_304_have_no_body_and_no_invented_length(shared, code):
    with shared.connect() as connection:
        response = connection.send(request(f"/status?code={code}")).response()
        assert response.status == code and response.reason == "As asked" and response["X-Kept"] == "yes"
        assert response["Transfer-Encoding"] is None and response["Content-Length"] is None
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"


@pytest.mark.parametrize("code", [200, 201, 299, 404, 418, 500, 599])
def test_the_status_and_reason_are_the_apps(shared, code):
    response = shared.get(f"/status?code={code}")
    assert (response.status, response.reason, response.body) == (code, "As asked", str(code).encode())


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH", "BREW"])
def test_any_method_is_passed_on(shared, method):
    assert shared.get("/environ", method=method).json()["REQUEST_METHOD"] == method


def test_options_for_the_server_as_a_whole_is_answered(shared):
    assert shared.get("*", method="OPTIONS").status in (200, 204)


def test_an_absolute_form_target_names_the_host_itself(shared):
    with shared.connect() as connection:
        connection.send(b"GET http://other.test:8080/environ?x HTTP/1.1\r\nHost: roost.test\r\n\r\n")
        seen = connection.response().json()
    assert (seen["PATH_INFO"], seen["QUERY_STRING"]) == ("/environ", "x")
    assert seen["HTTP_HOST"] == "other.test:8080"


def test_an_absolute_form_target_names_the_host_on_http_1_0_too(shared):
    with shared.connect() as connection:
        seen = connection.send(b"GET http://other.test:8080/environ HTTP/1.0\r\n\r\n").response().json()
    assert (seen["PATH_INFO"], seen["HTTP_HOST"]) == ("/environ", "other.test:8080")


def test_http_1_0_closes_unless_asked_to_keep_the_connection(shared):
    with shared.connect() as connection:
        response = connection.send(b"GET /environ HTTP/1.0\r\n\r\n").response()
        assert response.json()["SERVER_PROTOCOL"] == "HTTP/1.0"
        assert connection.is_closed_by_server()
    with shared.connect() as connection:
        for _ in range(2):
            connection.send(b"GET /environ HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
            response = connection.response()
            assert response["Connection"].lower() == "keep-alive"


def test_an_http_1_0_client_gets_no_chunks(shared):
    with shared.connect() as connection:
        connection.send(b"GET /big?bytes=100000 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
        response = connection.response()
        assert response["Transfer-Encoding"] is None and len(response.body) == 100_000


def test_every_response_carries_a_date_and_one_server_field(shared):
    response = shared.get("/")
    assert email.utils.parsedate_to_datetime(response["Date"]).tzinfo is not None
    assert len(response.all("Date")) == len(response.all("Server")) == 1


def test_empty_lines_between_requests_are_skipped(shared):
    with shared.connect() as connection:
        connection.send(b"\r\n" + request("/echo", "POST", b"one") + b"\r\n" + request("/echo", "POST", b"two"))
        assert [connection.response().body for _ in range(2)] == [b"one", b"two"]


def test_half_closing_after_the_request_still_gets_the_answer(shared):
    with shared.connect() as connection:
        connection.send(request("/echo", "POST", b"half"))
        connection.socket.shutdown(socket.SHUT_WR)
        assert connection.response().body == b"half"


def test_a_client_that_drops_its_body_never_reaches_the_app(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    for head in (b"Content-Length: 100\r\n\r\nonly this", b"Transfer-Encoding: chunked\r\n\r\n5\r\nhel"):
        with server.connect() as connection:
            connection.send(b"POST /echo?dropped HTTP/1.1\r\nHost: roost.test\r\n" + head)
            connection.socket.shutdown(socket.SHUT_WR)
            connection.rest()
    assert server.get("/echo", method="POST", body=b"after").body == b"after"
    assert "POST /echo?dropped" not in server.calls()


def test_ipv6_and_unix_sockets_and_several_binds_serve_the_same_app(roost, tmp_path):
    port, second = free_port("::1"), free_port()
    path = str(tmp_path / "front.sock")
    server = roost(
        "probe:app", "--processes", 1, "--threads", 2,
        binds=[f"[::1]:{port}", f"127.0.0.1:{second}", f"unix:{path}"],
    )
    assert get(("::1", port), "/environ").json()["REMOTE_ADDR"] == "::1"
    assert get(("127.0.0.1", second), "/environ").json()["REMOTE_ADDR"] == "127.0.0.1"
    assert get(path, "/echo", method="POST", body=b"unix").body == b"unix"
    server.stop()
    eventually(lambda: not (tmp_path / "front.sock").exists(), "the socket file is gone after a stop")


def test_a_socket_file_left_by_a_killed_server_is_taken_over(roost, tmp_path):
    path = tmp_path / "front.sock"
    left = socket.socket(socket.AF_UNIX)
    left.bind(str(path))
    left.close()
    roost("probe:app", "--processes", 1, "--threads", 1, binds=[f"unix:{path}"])
    assert get(str(path), "/").status == 200


def test_three_hundred_requests_at_once_all_get_an_answer(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 4)
    connections = [server.connect() for _ in range(300)]
    for connection in connections:
        connection.send(request("/", close=True))
    statuses = [connection.response().status for connection in connections]
    assert set(statuses) <= {200, 503} and statuses.count(200) >= 100


def test_a_kept_connection_that_idles_is_closed_cleanly(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--keep-alive", "1s")
    with server.connect() as connection:
        assert connection.send(request("/")).response().status == 200
        assert connection.is_closed_by_server()


def test_connections_beyond_the_limit_wait_or_are_refused_and_the_others_live(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--max-connections", 5)
    held = [server.connect() for _ in range(5)]
    for connection in held:
        assert connection.send(request("/")).response().status == 200
    extra = [Connection(server.address, timeout=30) for _ in range(20)]
    assert all(connection.send(request("/")).response().status == 200 for connection in held)
    for connection in held + extra:
        connection.close()
    eventually(lambda: server.get("/").status == 200, "there is room again")
