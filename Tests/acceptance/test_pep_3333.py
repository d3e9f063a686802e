"""PEP 3333 over a real socket, on every interpreter of this machine."""

import hashlib
import json

import pytest
from client import Connection, Truncated, eventually, get, request
from server import APPS


def environ(server, target="/environ", **options):
    return server.get(target, **options).json()


def test_every_interpreter_is_served_by_the_same_library(roost, interpreter):
    server = roost("probe:app", "--processes", 1, "--threads", 2, python=interpreter)
    seen = environ(server)
    assert f"python{seen['python'][0]}.{seen['python'][1]}" in str(interpreter.resolve())
    assert server.get("/echo", method="POST", body=b"a body").body == b"a body"
    assert server.get("/big?bytes=300000").body[:256] == bytes(range(256))
    assert server.get("/raises").status == 500
    assert server.get("/writes").body == b"written, twice, and returned"


def test_every_interpreter_passes_wsgiref_validate(roost, interpreter):
    server = roost("validated:app", "--processes", 1, "--threads", 1, python=interpreter)
    assert server.get("/a%20path/caf%C3%A9?x=1&y=2").body == b"seen:"
    posted = server.get("/", method="POST", body=b"z" * 1000)
    assert (posted.status, posted.body) == (200, b"seen:" + b"z" * 1000)
    large = b"large" * 200_000
    assert server.get("/", method="PUT", body=large).body == b"seen:" + large
    # The validator answers HEAD's missing body by asserting that the server read none: both sides agree.
    assert server.get("/", method="HEAD").status == 200


def test_the_environ_holds_what_pep_3333_asks_for(shared):
    seen = environ(shared, "/environ?a=1&b=%20", fields=[("X-Custom", "value"), ("Content-Type", "text/x")])
    assert seen["REQUEST_METHOD"] == "GET"
    assert seen["SCRIPT_NAME"] == ""
    assert seen["PATH_INFO"] == "/environ"
    assert seen["QUERY_STRING"] == "a=1&b=%20"
    assert seen["REQUEST_URI"] == seen["RAW_URI"] == "/environ?a=1&b=%20"
    # SERVER_NAME and SERVER_PORT are the listener's: they go into URLs only where there is no Host.
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("127.0.0.1", str(shared.address[1]))
    assert seen["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["HTTP_HOST"] == "roost.test"
    assert seen["HTTP_X_CUSTOM"] == "value"
    assert seen["CONTENT_TYPE"] == "text/x"
    assert "HTTP_CONTENT_TYPE" not in seen and "HTTP_CONTENT_LENGTH" not in seen
    assert seen["wsgi.version"] == [1, 0]
    assert seen["wsgi.url_scheme"] == "http"
    assert seen["wsgi.multithread"] is True and seen["wsgi.multiprocess"] is True
    assert seen["wsgi.run_once"] is False


def test_one_thread_in_one_process_is_neither_multithread_nor_multiprocess(roost):
    seen = environ(roost("probe:app", "--processes", 1, "--threads", 1))
    assert seen["wsgi.multithread"] is False and seen["wsgi.multiprocess"] is False


def test_paths_are_decoded_once_and_kept_raw_beside(roost):
    server = roost("validated:app", "--processes", 1, "--threads", 1)
    assert server.get("/%2525").status == 200
    plain = roost("probe:app", "--processes", 1, "--threads", 1)
    seen = environ(plain, "/environ?%41")
    assert seen["QUERY_STRING"] == "%41"
    plain.get("/a%2Fb%20%25c?q")
    assert "GET /a/b %c?q" in plain.calls()


def test_latin_1_survives_in_both_directions(shared):
    raw = b"GET /environ HTTP/1.1\r\nHost: roost.test\r\nX-Name: caf\xe9\r\nConnection: close\r\n\r\n"
    with shared.connect() as connection:
        seen = connection.send(raw).response().json()
    assert seen["HTTP_X_NAME"] == "caf\xe9"
    assert shared.get("/fields")["X-Latin"] == "caf\xe9"


def test_repeated_fields_are_joined_and_cookies_with_a_semicolon(shared):
    seen = environ(shared, fields=[("X-A", "1"), ("x-a", "2"), ("Cookie", "a=1"), ("Cookie", "b=2")])
    assert seen["HTTP_X_A"].replace(" ", "") == "1,2"
    assert seen["HTTP_COOKIE"] == "a=1; b=2"


def test_names_with_an_underscore_and_proxy_never_reach_the_environ(shared):
    seen = environ(shared, fields=[("X_Real_User", "admin"), ("Content_Length", "9"), ("Proxy", "http://evil")])
    assert "HTTP_X_REAL_USER" not in seen
    assert "HTTP_PROXY" not in seen
    assert seen.get("CONTENT_LENGTH", "") in ("", "0")


def test_repeated_response_fields_stay_apart(shared):
    assert shared.get("/fields").all("Set-Cookie") == ["a=1", "b=2"]


def test_the_input_reads_in_every_way_that_pep_3333_names(shared):
    read = shared.get("/read-ways", method="POST", body=b"abcdef\nghij\nkl\nmn\nop").json()
    assert read == {
        "read": "abc",
        "readline": "def\n",
        "limited": "gh",
        "readlines": ["ij\n"],
        "iterated": ["kl\n", "mn\n", "op"],
        "after": "",
    }


def test_the_input_of_a_large_body_reads_in_every_way_too(shared):
    lines = b"".join(b"line %d\n" % number for number in range(200_000))
    read = shared.get("/read-ways", method="POST", body=lines).json()
    joined = (
        read["read"] + read["readline"] + read["limited"] + "".join(read["readlines"]) + "".join(read["iterated"])
    )
    assert joined.encode() == lines and read["after"] == ""


def test_a_body_without_a_length_from_the_app_is_chunked(shared):
    response = shared.get("/big?bytes=200000")
    assert response["Transfer-Encoding"] == "chunked" and response["Content-Length"] is None
    assert len(response.body) == 200_000


def test_every_piece_is_sent_when_it_is_made(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    with server.connect() as connection:
        connection.send(request("/pieces"))
        assert connection.head().status == 200
        chunks = connection.chunks()
        assert next(chunks) == b"first,"
        server.open_gate("pieces")
        assert b"".join(chunks) == b"second"


def test_a_generator_may_call_start_response_when_first_asked(shared):
    assert shared.get("/lazy").body == b"late start"


def test_write_and_the_returned_iterable_come_in_order(shared):
    assert shared.get("/writes").body == b"written, twice, and returned"


def test_start_response_with_exc_info_replaces_a_head_not_yet_sent(shared):
    response = shared.get("/replaces")
    assert response.status == 418 and response.body == b"replaced" and response["X-First"] is None


def test_start_response_with_exc_info_breaks_off_after_the_head_was_sent(shared):
    with shared.connect() as connection:
        connection.send(request("/replaces-late"))
        with pytest.raises(Truncated):
            connection.response()


def test_close_is_always_called(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)

    def closed():
        path = server.directory / "closed"
        return path.read_text().split() if path.exists() else []

    server.get("/big?bytes=10")
    for target in ("/raises-midway", "/short"):
        with server.connect() as connection, pytest.raises(Truncated):
            connection.send(request(target)).response()
    server.get("/long")
    with server.connect(receive_buffer=4096) as connection:
        connection.send(request("/big?bytes=400000000"))
        connection.exactly(1000)
        connection.leave()
    eventually(
        lambda: sorted(closed()) == ["big", "big", "long", "raises-midway", "short"],
        f"close() was called for all, the one that was left too: {closed()}",
    )


def test_an_exception_before_the_head_is_a_500_and_the_worker_lives(shared):
    workers = shared.workers()
    response = shared.get("/raises")
    assert response.status == 500
    assert b"RuntimeError" not in response.body and b"Traceback" not in response.body
    assert shared.get("/exits").status == 500
    assert shared.workers() == workers
    eventually(lambda: "raised before start_response" in shared.log(), "the traceback is in the log")


def test_an_exception_in_mid_stream_cuts_the_response_without_a_last_chunk(shared):
    with shared.connect() as connection:
        connection.send(request("/raises-midway"))
        with pytest.raises(Truncated) as caught:
            connection.response()
    assert caught.value.received == b"the beginning"
    assert shared.get("/").status == 200


def test_a_body_shorter_than_its_length_closes_the_connection(shared):
    with shared.connect() as connection:
        connection.send(request("/short") + request("/"))
        with pytest.raises(Truncated) as caught:
            connection.response()
    assert caught.value.received == b"only this"


def test_a_body_longer_than_its_length_is_cut(shared):
    with shared.connect() as connection:
        connection.send(request("/long"))
        assert connection.response().body == b"four"
        # Nothing of the rest is taken for the next response.
        try:
            answer = connection.send(request("/echo", "POST", b"next")).response()
        except (Truncated, OSError):
            return
        assert answer.body == b"next"


@pytest.mark.parametrize(
    "kind", ["too+high", "crlf", "name", "reason", "number", "informational", "types", "unicode", "bytes"]
)
def test_a_head_that_the_app_may_not_send_is_a_500(shared, kind):
    with shared.connect() as connection:
        response = connection.send(request(f"/bad-head?kind={kind}")).response()
        assert response.status == 500 and b"Request id: " in response.body
        assert response["X-Injected"] is None and b"must not be seen" not in response.body
        # The request was right, and so the connection goes on.
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"


def test_fields_of_the_connection_are_left_out_and_told_in_the_log(shared):
    with shared.connect() as connection:
        response = connection.send(request("/hop-by-hop")).response()
        assert (response.status, response.body) == (200, b"data: one\n\ndata: two\n\n")
        assert response["Connection"] is None and response.all("Transfer-Encoding") == ["chunked"]
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"
    eventually(lambda: "Connection, Transfer-Encoding" in shared.log(), "the log names the fields")


def test_the_options_of_the_whole_server_have_no_path(shared):
    with shared.connect() as connection:
        connection.send(b"OPTIONS * HTTP/1.1\r\nHost: roost.test\r\n\r\n").response()
    eventually(lambda: "OPTIONS " in shared.calls(), "the app has seen the call, whose path is empty")


def test_an_app_that_never_calls_start_response_is_a_500(shared):
    assert shared.get("/no-start").status == 500


def test_text_where_bytes_belong_is_a_500_that_says_so(shared):
    assert shared.get("/yields-text").status == 500
    eventually(lambda: "bytes" in shared.log(), "the log says that bytes are wanted")


def test_what_the_app_writes_to_wsgi_errors_is_in_the_log_with_the_request_id(shared):
    identifier = shared.get("/errors?text=unmistakable").body.decode()
    line = eventually(
        lambda: [line for line in shared.log().splitlines() if "unmistakable" in line], "the line is in the log"
    )[0]
    assert identifier and identifier in line


@pytest.mark.parametrize("size", [0, 1, 70_000, 3_000_000])
def test_a_wrapped_file_is_sent_whole(shared, size):
    expected = (bytes(range(256)) * (size // 256 + 1))[:size]
    response = shared.get(f"/file?bytes={size}")
    assert hashlib.sha256(response.body).digest() == hashlib.sha256(expected).digest()


def test_a_wrapped_file_starts_where_it_stands_and_ends_at_the_length(shared):
    expected = (bytes(range(256)) * 500)[100:]
    assert shared.get("/file?bytes=128000&offset=100").body == expected
    assert shared.get("/file?bytes=128000&offset=100&length=1000").body == expected[:1000]


def test_an_app_may_come_from_a_factory(roost):
    server = roost("probe:make_app()", "--processes", 1, "--threads", 1)
    assert server.get("/echo", method="POST", body=b"made").body == b"made"


def test_a_module_alone_and_a_file_name_the_app_too(roost):
    assert roost("probe", "--processes", 1, "--threads", 1).get("/").body == b"Hello\n"
    assert roost(f"{APPS}/probe.py:app", "--processes", 1, "--threads", 1).get("/").body == b"Hello\n"


def test_a_child_that_an_app_forks_never_answers(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    for _ in range(3):
        assert server.get("/forks").body == b"parent"
    assert len(server.workers()) == 1


def test_threads_of_a_worker_run_at_the_same_time(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 3)
    held = [server.connect().send(request("/gate?together")) for _ in range(2)]
    eventually(lambda: server.calls().count("GET /gate?together") == 2, "both requests run at once")
    assert server.get("/echo", method="POST", body=b"third").body == b"third"
    server.open_gate("together")
    assert [connection.response().body for connection in held] == [b"together"] * 2


def test_json_of_the_environ_is_what_the_client_sent_byte_for_byte(shared):
    with Connection(shared.address) as connection:
        connection.send(b"GET /environ?q=%C3%BC&r=a+b HTTP/1.1\r\nHost: roost.test:81\r\nConnection: close\r\n\r\n")
        seen = json.loads(connection.response().body)
    assert seen["QUERY_STRING"] == "q=%C3%BC&r=a+b"
    assert seen["HTTP_HOST"] == "roost.test:81"
    assert get(shared.address, "/environ").json()["REQUEST_URI"] == "/environ"
