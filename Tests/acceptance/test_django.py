"""A Django project over real sockets, on two workers: as WSGI with threads, and as ASGI."""

import os
import urllib.parse

import pytest
from asgi_servers import KINDS, can_import, frameworks_python, start, wait_for_note
from client import eventually, request
from pythons import version
from test_starlette import multipart

ON_EVERY_PYTHON = ("django",)

if not can_import("django"):
    pytest.skip("Django is not installed: scripts/setup.sh light-frameworks", allow_module_level=True)

FACES = [("roost", "wsgi"), *((kind, "asgi") for kind in KINDS)]


@pytest.fixture(scope="module", params=FACES, ids=["-".join(face) for face in FACES])
def site(request, tmp_path_factory, python):
    kind, face = request.param
    options = ("--processes", 2, *(("--threads", 4) if face == "wsgi" else ()))
    server = start(kind, tmp_path_factory.mktemp("django"), f"django_site:{face}", *options, python=python)
    server.face = face
    yield server
    server.end()


def test_a_request_is_understood(site):
    seen = site.get("/where/caf%C3%A9/a%20b?x=1&y=%20", fields=[("X-One", "caf\u00e9")]).json()
    assert seen["path"] == "/where/caf\u00e9/a b" and seen["query"] == {"x": "1", "y": " "}
    assert seen["host"] == "roost.test" and seen["address"] == "127.0.0.1" and seen["scheme"] == "http"


def test_a_session_in_the_database_goes_on_in_any_worker(site):
    cookie, pids = None, set()
    for number in range(1, 21):
        response = site.get("/counter", fields=[("Cookie", cookie)] if cookie else [])
        cookie = (response["Set-Cookie"] or cookie).split(";")[0]
        assert response.json()["count"] == number
        pids.add(response.json()["pid"])
    assert len(pids) <= 2


def test_the_forgery_token_is_accepted_and_its_absence_is_not(site):
    response = site.get("/token")
    cookie = response["Set-Cookie"].split(";")[0]
    form = [("Content-Type", "application/x-www-form-urlencoded")]
    body = urllib.parse.urlencode({"word": "caf\u00e9", "csrfmiddlewaretoken": response.body.decode()}).encode()
    posted = site.get("/guarded", method="POST", body=body, fields=[("Cookie", cookie), *form])
    assert posted.status == 200 and posted.body.decode() == "posted caf\u00e9"
    assert site.get("/guarded", method="POST", body=b"word=x", fields=form).status == 403


@pytest.mark.parametrize("size", [0, 10, 3_000_000])
def test_bodies(site, size):
    body = os.urandom(size)
    assert site.get("/body", method="POST", body=body).body == body


def test_uploads(site):
    data = bytes(range(256)) * 20_000
    body, fields = multipart([("word", "hello")], [("small", "s", b"abc"), ("large", "l", data)])
    assert site.get("/upload", method="POST", body=body, fields=fields).json() == {
        "word": "hello", "small": {"name": "s", "bytes": 3, "sum": sum(b"abc")},
        "large": {"name": "l", "bytes": len(data), "sum": sum(data)},
    }


def test_streams_and_files(site):
    assert site.get("/stream").body.count(b"\n") == 1000
    response = site.get("/download")
    assert response.body == bytes(range(256)) * 256 * 10 and "download.bin" in response["Content-Disposition"]


def test_an_async_stream(site):
    if site.face == "wsgi":
        pytest.skip("Django reads it whole under WSGI")
    assert site.get("/async-stream").body.count(b"\n") == 1000


def test_leaving_cancels_an_async_stream_and_an_async_view(site, python):
    if site.face == "wsgi":
        pytest.skip("under WSGI a view is never cancelled")
    if version(python or frameworks_python(), "django") < (5, 0):
        pytest.skip("Django before 5.0 does not listen for the client's leaving")
    with site.connect() as connection:
        connection.send(request("/async-stream?lines=100000&slow=1"))
        connection.head()
        next(connection.chunks())
    wait_for_note(site, "async_stream: cancelled")
    with site.connect() as connection:
        connection.send(request("/waits"))
        wait_for_note(site, "waits")
    wait_for_note(site, "waits: cancelled")


def test_errors_are_logged(site):
    assert site.get("/error").status == 500
    eventually(lambda: "an error of the view" in site.log(), "it is logged")
    assert site.get("/nowhere").status == 404


def together(site, path, count):
    """What `count` requests at once are answered."""
    connections = [site.connect() for _ in range(count)]
    for connection in connections:
        connection.send(request(path))
    answers = [connection.response().json() for connection in connections]
    for connection in connections:
        connection.close()
    return answers


def test_async_views_run_at_once(site):
    if site.face == "wsgi":
        pytest.skip("as many as there are threads")
    assert max(answer["most"] for answer in together(site, "/async", 20)) >= 10


def test_plain_views_run_on_a_thread_for_each_request_under_asgi(site):
    """No queue but the server's: Django's handler gives each request a thread for its plain code. docs/frameworks.md."""
    threads = {tuple(answer["thread"]) for answer in together(site, "/sync", 12)}
    assert len(threads) > 8 if site.face == "asgi" else 2 < len(threads) <= 8
