"""What an app is told of a Unix socket."""

from client import get


def test_a_unix_socket_is_the_scopes_server(roost, tmp_path):
    path = str(tmp_path / "app.sock")
    roost("conform_raw:app", "--processes", 1, binds=["unix:" + path])
    seen = get(path, "/scope").json()
    assert (seen["server"], seen["client"]) == ([path, None], None)
    # A proxy tells whom it speaks for.
    seen = get(path, "/scope", fields=[("X-Forwarded-For", "203.0.113.9")]).json()
    assert (seen["server"], seen["client"][0]) == ([path, None], "203.0.113.9")


def test_a_unix_socket_is_localhost_in_an_environ(roost, tmp_path):
    path = str(tmp_path / "app.sock")
    roost("probe:app", "--processes", 1, binds=["unix:" + path])
    seen = get(path, "/environ").json()
    assert (seen["SERVER_NAME"], seen["SERVER_PORT"]) == ("localhost", "80")
    assert "REMOTE_PORT" not in seen
    # A proxy tells whom it speaks for.
    seen = get(path, "/environ", fields=[("X-Forwarded-For", "203.0.113.9"), ("X-Forwarded-Proto", "https")]).json()
    assert (seen["SERVER_PORT"], seen["REMOTE_ADDR"], seen["wsgi.url_scheme"]) == ("443", "203.0.113.9", "https")
    assert "REMOTE_PORT" not in seen
