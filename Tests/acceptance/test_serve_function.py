"""`from roost import serve`, the drop-in for `waitress.serve`."""

import signal
import subprocess
import sys

import pytest
from client import eventually, get
from server import APPS, BINARY, ROOT, clean_environment, free_port


def start(tmp_path, *arguments):
    return subprocess.Popen(
        [sys.executable, *arguments],
        cwd=APPS,
        env=clean_environment(
            PYTHONPATH=f"{ROOT / 'python'}:{APPS}", ROOST_BINARY=BINARY, PROBE_DIRECTORY=tmp_path, PYTHONUNBUFFERED=1
        ),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def answers(address):
    try:
        return get(address, "/environ", timeout=5).status == 200
    except OSError:
        return False


@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_serve_answers_in_this_process_and_returns_when_stopped(tmp_path, stop):
    port = free_port()
    process = start(tmp_path, "served.py", str(port))
    try:
        eventually(lambda: process.poll() is not None or answers(("127.0.0.1", port)), "it serves")
        assert process.poll() is None, process.stdout.read()
        seen = get(("127.0.0.1", port), "/environ").json()
        assert seen["pid"] == process.pid
        assert seen["wsgi.multithread"] is True and seen["wsgi.multiprocess"] is False
        process.send_signal(stop)
        output, _ = process.communicate(timeout=60)
        assert "serve returned" in output
        eventually(lambda: not answers(("127.0.0.1", port)), "nobody listens any more")
    finally:
        if process.poll() is None:
            process.kill()
            process.communicate()


def test_an_unknown_argument_is_an_error_that_names_the_nearest(tmp_path):
    process = start(tmp_path, "-c", "import roost; roost.serve(lambda e, s: [], thread=4)")
    output, _ = process.communicate(timeout=60)
    assert process.returncode == 1
    assert "TypeError" in output and "threads" in output
