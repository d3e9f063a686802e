"""A reload whose template cannot import the app."""

from client import get


def test_a_preloaded_reload_that_fails_names_no_process_that_there_is_not(roost, tmp_path):
    code = "def app(environ, start_response):\n    start_response('200 OK', [('Content-Length', '2')])\n    return [b'ok']\n"
    (tmp_path / "shop.py").write_text(code)
    server = roost("shop:app", "--preload", "--processes", 2, "--threads", 1, app_dir=tmp_path)
    (tmp_path / "shop.py").write_text("raise RuntimeError('not today')\n")
    outcome = server.command("reload")
    assert outcome.returncode != 0
    lines = [line for line in server.log().splitlines() if "worker could not be started" in line]
    assert lines and not [line for line in lines if "exit=" in line]
    assert "pid=0" not in server.log()
    assert get(server.address, "/").body == b"ok"
