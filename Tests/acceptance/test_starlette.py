"""Starlette's own behaviours over real sockets, on two workers; each claim holds on uvicorn too."""

import gzip
import json
import os

import pytest
from asgi_servers import KINDS, can_import, frameworks_python, notes, start, wait_for_note
from client import Truncated, eventually, request
from pythons import version

if not can_import("starlette", "multipart", "anyio"):
    pytest.skip("Starlette is not installed: scripts/setup.sh light-frameworks", allow_module_level=True)
websockets = pytest.importorskip("websockets.sync.client")
from websockets.exceptions import ConnectionClosed, InvalidStatus  # noqa: E402

ON_EVERY_PYTHON = ("starlette", "multipart")

LARGE = bytes(range(256)) * 256 * 40


@pytest.fixture(scope="module", params=KINDS)
def site(request, tmp_path_factory, python):
    server = start(request.param, tmp_path_factory.mktemp("starlette"), "starlette_site:app", "--processes", 2,
                   python=python)
    yield server
    server.end()


def connect(site, path, **options):
    return websockets.connect(f"ws://127.0.0.1:{site.address[1]}{path}", open_timeout=30, **options)


def multipart(fields, files):
    boundary = "------boundary7f3a"
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"\r\n\r\n{value}\r\n'.encode()
        for key, value in fields
    ]
    parts += [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{key}"; filename="{name}"\r\n'
        f"Content-Type: application/octet-stream\r\n\r\n".encode() + data + b"\r\n"
        for key, name, data in files
    ]
    body = b"".join(parts) + f"--{boundary}--\r\n".encode()
    return body, [("Content-Type", f"multipart/form-data; boundary={boundary}")]


def test_lifespan_state_reaches_requests_in_each_worker(site):
    seen = [site.get("/state").json() for _ in range(20)]
    assert all(view["started"] == [view["pid"]] and view["label"] == "from the lifespan" for view in seen)


def test_a_streaming_response(site):
    response = site.get("/stream?parts=1000")
    assert response["Transfer-Encoding"] == "chunked" and response["X-Added"] == "GET"
    assert response.body.count(b"\n") == 1000 and response.body.endswith(b"part 999\n")


def test_a_streaming_response_from_a_plain_generator(site):
    assert site.get("/stream-from-thread").body.count(b"\n") == 20


def test_a_streaming_response_to_head_and_to_http_1_0(site):
    assert site.get("/stream", method="HEAD").body == b""
    with site.connect() as connection:
        connection.send(b"GET /stream HTTP/1.0\r\nHost: roost.test\r\n\r\n")
        assert connection.response().body.count(b"\n") == 100


def test_a_generator_is_closed_when_the_client_leaves(site):
    with site.connect() as connection:
        connection.send(request("/endless"))
        connection.head()
        assert next(connection.chunks()) == b"tick\n"
    wait_for_note(site, "endless: ended")


def test_server_sent_events_arrive_one_by_one(site):
    with site.connect() as connection:
        connection.send(request("/events"))
        head = connection.head()
        assert head["Content-Type"].startswith("text/event-stream") and head["Cache-Control"] == "no-cache"
        chunks = connection.chunks()
        assert next(chunks) == b"id: 0\nevent: tick\ndata: 0\n\n"
        assert b"".join(chunks).count(b"event: tick") == 4


def test_a_file_response(site):
    response = site.get("/file")
    assert response.body == LARGE and response["Content-Length"] == str(len(LARGE)) and response["ETag"]
    assert response["Accept-Ranges"] == "bytes" and "attachment" in response["Content-Disposition"]
    head = site.get("/file", method="HEAD")
    assert head["Content-Length"] == str(len(LARGE)) and head.body == b""


@pytest.mark.parametrize(
    "wanted, status, body",
    [
        ("bytes=0-99", 206, LARGE[:100]), ("bytes=100-", 206, LARGE[100:]), ("bytes=-50", 206, LARGE[-50:]),
        ("bytes=65530-65545", 206, LARGE[65530:65546]), ("bytes=999999999-", 416, None),
    ],
)
def test_ranges_of_a_file(site, wanted, status, body):
    response = site.get("/file", fields=[("Range", wanted)])
    assert response.status == status
    if body is not None:
        assert response.body == body and response["Content-Range"].endswith(f"/{len(LARGE)}")


def test_several_ranges_of_a_file(site, python):
    if version(python or frameworks_python(), "starlette") < (1, 0):
        pytest.skip("Starlette before 1.0 gives such an answer the type of the file")
    response = site.get("/file", fields=[("Range", "bytes=0-9,20-29")])
    assert response.status == 206 and response["Content-Type"].startswith("multipart/byteranges")
    assert LARGE[:10] in response.body and LARGE[20:30] in response.body


def test_static_files_and_their_validators(site):
    response = site.get("/static/large.bin")
    assert response.body == LARGE
    again = site.get("/static/large.bin", fields=[("If-None-Match", response["ETag"])])
    assert again.status == 304 and again.body == b""
    assert site.get("/static/../conform_raw.py").status in (400, 404)
    assert site.get("/static/%2e%2e/conform_raw.py").status in (400, 404)


def test_background_tasks_run_after_the_answer(site):
    assert site.get("/background").body == b"accepted"
    wait_for_note(site, "background: on the loop")
    wait_for_note(site, "background: on a thread")


def test_a_failing_background_task_spoils_no_answer(site):
    with site.connect() as connection:
        assert connection.send(request("/background-fails")).response().body == b"accepted"
    eventually(lambda: "the background task failed" in site.log(), "it is logged")


@pytest.mark.parametrize("size", [0, 5, 100_000, 3_000_000])
def test_a_request_body_whole_and_in_parts(site, size):
    body = os.urandom(size)
    assert site.get("/body", method="POST", body=body).body == body
    assert site.get("/request-stream", method="POST", body=body).json()["bytes"] == size


def test_a_chunked_request_body_in_parts(site):
    with site.connect() as connection:
        connection.send(b"POST /request-stream HTTP/1.1\r\nHost: roost.test\r\nTransfer-Encoding: chunked\r\n\r\n")
        for _ in range(50):
            connection.send(b"3e8\r\n" + b"x" * 1000 + b"\r\n")
        assert connection.send(b"0\r\n\r\n").response().json()["bytes"] == 50_000


def test_leaving_within_a_body_is_client_disconnect(site):
    with site.connect() as connection:
        connection.send(b"POST /request-stream HTTP/1.1\r\nHost: roost.test\r\nContent-Length: 9000000\r\n\r\n")
        connection.send(b"x" * 200_000)
    wait_for_note(site, "request_stream: ClientDisconnect")


def test_forms_and_uploads(site):
    plain = [("Content-Type", "application/x-www-form-urlencoded")]
    assert site.get("/form", method="POST", body=b"a=1&b=caf%C3%A9", fields=plain).json() == {"a": "1", "b": "caf\u00e9"}
    body, fields = multipart([("word", "hello")], [("small", "s.txt", b"small"), ("large", "l.bin", LARGE * 2)])
    assert site.get("/form", method="POST", body=body, fields=fields).json() == {
        "word": "hello",
        "small": {"name": "s.txt", "type": "application/octet-stream", "bytes": 5},
        "large": {"name": "l.bin", "type": "application/octet-stream", "bytes": len(LARGE) * 2},
    }


def test_is_disconnected_is_polled(site):
    with site.connect() as connection:
        connection.send(request("/polls-for-leaving"))
        wait_for_note(site, "polls")
    wait_for_note(site, "polls_for_leaving: disconnected")


def test_threads_of_anyio(site):
    assert site.get("/threads").body == b"worked"
    assert site.get("/sync").json() == {"main": False}


def test_cookies_both_ways(site):
    response = site.get("/cookies", fields=[("Cookie", "a=1; b=x|y")])
    assert response.json() == {"a": "1", "b": "x|y"}
    assert len(response.all("Set-Cookie")) == 3


def test_urls_are_made_from_host_and_scheme(site):
    seen = site.get("/url").json()
    assert seen["url"] == "http://roost.test/url" and seen["for"] == "http://roost.test/url"
    seen = site.get("/url", fields=[("X-Forwarded-Proto", "https")]).json()
    assert seen["for"] == "https://roost.test/url"
    assert site.get("/bare/url?a=b").json()["root"] == "/bare"


def test_exceptions_and_handlers(site):
    teapot = site.get("/teapot")
    assert teapot.status == 418 and teapot["X-Tea"] == "yes" and teapot.body == b"short and stout"
    assert site.get("/nowhere").body == b"no such page here"
    assert site.get("/error").status == 500
    eventually(lambda: "an error of the endpoint" in site.log(), "it is logged")
    assert site.get("/redirect")["Location"] == "/state?after=redirect"


def test_methods_of_an_endpoint(site):
    assert site.get("/endpoint").body == b"got"
    assert site.get("/endpoint", method="DELETE").status == 204
    assert site.get("/endpoint", method="PUT").status == 405


def test_cross_origin_requests(site):
    fields = [("Origin", "https://roost.test"), ("Access-Control-Request-Method", "PUT")]
    response = site.get("/endpoint", method="OPTIONS", fields=fields)
    assert response.status == 200 and response["Access-Control-Allow-Origin"] == "https://roost.test"


def test_a_stream_that_middleware_zips(site):
    response = site.get("/zipped/stream?parts=500", fields=[("Accept-Encoding", "gzip")])
    assert response["Content-Encoding"] == "gzip" and gzip.decompress(response.body).count(b"\n") == 500


def test_a_socket_has_the_state_and_tells_its_end(site):
    with connect(site, "/echo", subprotocols=["chat"]) as socket:
        assert socket.subprotocol == "chat"
        socket.send("hello")
        assert socket.recv(30) == "from the lifespan: hello"
        socket.close(4002)
    wait_for_note(site, "Echo: 4002")


def test_a_socket_of_json(site):
    with connect(site, "/socket-json") as socket:
        socket.send(json.dumps({"a": [1, "\u96ea"]}))
        assert json.loads(socket.recv(30)) == {"got": {"a": [1, "\u96ea"]}}
        socket.send(json.dumps({"close": True}))
        with pytest.raises(ConnectionClosed) as closed:
            socket.recv(30)
        assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4000, "asked to")
    with connect(site, "/socket-json"):
        pass
    wait_for_note(site, "socket_json: ended")


def test_sockets_that_are_denied(site):
    with pytest.raises(InvalidStatus) as denied:
        connect(site, "/socket-denied")
    assert denied.value.response.status_code == 402 and json.loads(denied.value.response.body) == {"why": "no ticket"}
    for path in ("/socket-exception", "/no-such-socket"):
        with pytest.raises(InvalidStatus) as refused:
            connect(site, path)
        assert refused.value.response.status_code == 403


def test_each_worker_starts_and_stops_its_lifespan(starting):
    server = starting("starlette_site:app", "--processes", 2)
    count = 2 if server.kind == "roost" else 1
    eventually(lambda: notes(server).count("startup") == count, "each started")
    server.stop()
    assert notes(server).count("shutdown") == count


def test_a_burst_of_downloads_is_whole(site):
    connections = [site.connect() for _ in range(8)]
    for connection in connections:
        connection.send(request("/file"))
    for connection in connections:
        try:
            assert connection.response().body == LARGE
        except Truncated as cut:
            raise AssertionError(f"cut after {len(cut.received)} bytes") from None
        connection.close()


@pytest.mark.skipif("roost" not in KINDS, reason="uvicorn does not offer it")
def test_files_are_sent_by_the_front_unless_middleware_would_drop_them(site, starting):
    if site.kind != "roost" or starting.kind != "roost":
        pytest.skip("uvicorn does not offer it")
    assert "http.response.pathsend" in site.get("/extensions").json()
    server = starting("starlette_unaware:app")
    assert "http.response.pathsend" not in server.get("/extensions").json()
    assert b"class Unaware" in server.get("/file").body
