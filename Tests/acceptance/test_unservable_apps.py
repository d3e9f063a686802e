"""Apps that can never serve, for whatever they do while they are imported: said at once, with the remedy."""

import sys
import textwrap

import pytest
from server import free_port, run_roost


def serve(tmp_path, python, source, *options):
    """Runs the server to its end, and returns what it said."""
    (tmp_path / "own_app.py").write_text(textwrap.dedent(source))
    # Far more than a start takes: who is found out late fails by the reason that is given then.
    done = run_roost("serve", "own_app:app", "--app-dir", tmp_path, "--bind", f"127.0.0.1:{free_port()}",
                     "--admin-socket", tmp_path / "admin.sock", "--python", python or sys.executable, "--startup-timeout", "60s",
                     *options, cwd=tmp_path)
    assert done.returncode == 1, done.stdout + done.stderr
    assert "startup timeout" not in done.stderr and "in time" not in done.stderr, done.stderr
    return done.stderr


def fake_gevent(tmp_path):
    """What of gevent is asked, and what of it prevents serving: threads that are only run by who waits for them."""
    (tmp_path / "gevent").mkdir()
    (tmp_path / "gevent" / "__init__.py").write_text("")
    (tmp_path / "gevent" / "monkey.py").write_text(textwrap.dedent("""
        import threading

        patched = set()

        def patch_all():
            threading.Thread.start = lambda thread: None
            patched.update(["threading", "_thread", "select"])

        def is_module_patched(name):
            return name in patched
    """))


@pytest.mark.parametrize("options", [["--processes", 1], ["--processes", 2], ["--preload"]], ids=lambda options: " ".join(map(str, options)))
def test_threads_that_gevent_has_replaced(tmp_path, python, options):
    fake_gevent(tmp_path)
    said = serve(tmp_path, python, """
        from gevent import monkey
        monkey.patch_all()

        def app(environ, start_response):
            start_response("200 OK", [])
            return [b""]
    """, *options)
    assert "gevent has replaced Python's threads (gevent.monkey.patch_all())" in said
    assert "remove the call" in said


RUNS = """
    from wsgiref.simple_server import make_server

    def app(environ, start_response):
        start_response("200 OK", [])
        return [b""]

    make_server("127.0.0.1", {port}, app).serve_forever()
"""


@pytest.mark.parametrize("options", [["--processes", 1], ["--processes", 2], ["--preload"]], ids=lambda options: " ".join(map(str, options)))
def test_an_import_that_serves(tmp_path, python, options):
    port = free_port()
    said = serve(tmp_path, python, RUNS.format(port=port), *options)
    assert "belongs under: if __name__ == '__main__'" in said
    assert "own_app.py" in said and "Traceback" in said
    # The second worker finds the port taken before the first has been found out.
    assert f"listening on port {port}" in said or "Address already in use" in said


def test_an_import_that_ends_the_process(tmp_path, python):
    said = serve(tmp_path, python, "import os\nos._exit(0)")
    assert "if __name__ == '__main__'" in said and "exit status 0" in said
