"""``roost.serve``: a program of the user's own is the worker; `roost` is played by fake_roost.py."""

import json
import os
import signal
import subprocess
import sys

import pytest

from conftest import PACKAGE

PROGRAM = """
import sys, threading
sys.path.insert(0, {package!r})
from roost import serve

def app(environ, start_response):
    if environ["PATH_INFO"] == "/loops":
        environ["wsgi.errors"].write("here\\n")
        while True:
            pass
    start_response("200 OK", [])
    return [("%s %s%s %s" % (environ["wsgi.url_scheme"], environ["SCRIPT_NAME"], "|" + environ["PATH_INFO"],
             environ["SERVER_SOFTWARE"])).encode()]

{call}
print("returned", threading.active_count())
"""


@pytest.fixture
def serving(python, library, tmp_path):
    """Starts a program that calls serve; gives its process and what the front notes."""
    running = []

    def begin(call, requests=("/",), end=None, extra=None):
        binary = tmp_path / "roost"
        binary.write_text("#!/bin/sh\nexec %s %s \"$@\"\n" % (
            sys.executable, os.path.join(os.path.dirname(os.path.abspath(__file__)), "fake_roost.py")))
        binary.chmod(0o755)
        done, note = tmp_path / "done", tmp_path / "note"
        os.mkfifo(done)
        plan = {"library": str(library), "note": str(note), "done": str(done), "requests": list(requests), "end": end}
        program = PROGRAM.format(package=str(PACKAGE.parent), call=call)
        process = subprocess.Popen(
            [python, "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
            # Whoever runs the tests in the background of a shell ignores it, and that is inherited.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
            env={**os.environ, "ROOST_BINARY": str(binary), "FAKE_ROOST": json.dumps(plan), **(extra or {})})
        running.append(process)
        if end is None:
            assert done.read_text() == "done"
        return process, lambda: json.loads(note.read_text())

    yield begin
    for process in running:
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()


def finish(process, number):
    process.send_signal(number)
    output, errors = process.communicate(timeout=60)
    return process.returncode, output, errors


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_serves_and_returns_after_a_signal(serving, number):
    process, note = serving("serve(app, threads=2)", ["/a", "/b", "/c"])
    code, output, errors = finish(process, number)
    assert (code, output, errors) == (0, "returned 1\n", "")
    assert note()["answers"] == ["http |/%s roost/0.1.0" % name for name in "abc"]
    assert note()["ready"]["app"] == "function"


def test_a_request_is_interrupted_here_too_and_the_program_s_signals_stay_its_own(serving):
    process, note = serving("serve(app, threads=1)", ["/loops", "/", "/loops"])
    assert note()["answers"] == [504, "http |/ roost/0.1.0", 504]
    # No handler for the signal that asks a worker for its stacks: the front sees that, and does not send it.
    with open("/proc/%d/status" % process.pid) as file:
        caught = int(next(line for line in file if line.startswith("SigCgt")).split()[1], 16)
    assert not caught >> (signal.SIGRTMAX - 2 - 1) & 1
    assert finish(process, signal.SIGTERM)[0] == 0


def test_a_thread_may_serve_too(serving):
    process, note = serving(
        "thread = threading.Thread(target=serve, args=(app,), kwargs={'threads': 1}, daemon=True)\n"
        "thread.start()\n"
        "try:\n    thread.join()\nexcept KeyboardInterrupt:\n    pass")
    assert note()["answers"] == ["http |/ roost/0.1.0"]
    assert finish(process, signal.SIGINT)[0] == 0


@pytest.mark.parametrize("call, flags", [
    ("serve(app)", ["--threads", "8", "--bind", "0.0.0.0:8080"]),
    ("serve(app, host='127.0.0.1', port='81', threads=3)", ["--threads", "3", "--bind", "127.0.0.1:81"]),
    ("serve(app, host='::1', threads=1)", ["--threads", "1", "--bind", "[::1]:8080"]),
    ("serve(app, listen='*:1 [::1]:2', threads=1)", ["--threads", "1", "--bind", ":1", "--bind", "[::1]:2"]),
    ("serve(app, unix_socket='/run/x', threads=1)", ["--threads", "1", "--bind", "unix:/run/x"]),
    ("serve(app, threads=1, trusted_proxy='10.0.0.1', connection_limit=9, channel_timeout=7, "
     "max_request_header_size=4096, max_request_body_size=5)",
     ["--threads", "1", "--bind", "0.0.0.0:8080", "--forwarded-allow-ips", "10.0.0.1", "--max-connections", "9",
      "--keep-alive", "7", "--max-header-bytes", "4096", "--max-body-bytes", "5"]),
])
def test_arguments_mean_what_they_mean_to_waitress(serving, call, flags):
    process, note = serving(call)
    assert note()["arguments"][3:] == flags
    assert finish(process, signal.SIGTERM)[0] == 0


def test_scheme_prefix_and_ident_reach_the_application(serving):
    process, note = serving("serve(app, threads=1, url_scheme='https', url_prefix='/shop/', ident='mine')",
                            ["/shop/cart", "/shop", "/shopping"])
    assert note()["answers"] == ["https /shop|/cart mine", "https /shop| mine", "https |/shopping mine"]
    assert finish(process, signal.SIGTERM)[0] == 0


@pytest.mark.parametrize("call, error", [
    ("serve(app, thread=4)", "TypeError: serve() got an unexpected argument 'thread'; did you mean 'threads'?"),
    ("serve(app, reload=True)", "TypeError: serve() got an unexpected argument 'reload': it serves in this one process; "
     "the command has it: roost serve module:app --reload"),
    ("serve(app, nonsense=4)", "TypeError: serve() got an unexpected argument 'nonsense'"),
    ("serve(app, listen='*:1', port=2)", "ValueError: host or port may not be set if listen is set."),
    ("serve(app, unix_socket='/x', port=2)", "ValueError: unix_socket may not be set"),
    ("serve(4)", "TypeError: the application must be callable, not of type int"),
])
def test_wrong_arguments_are_errors_before_anything_starts(serving, call, error):
    process, _ = serving(call, end="at once")
    output, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and error in errors and "returned" not in output


def test_what_only_waitress_knows_is_passed_over_with_a_warning(serving):
    process, note = serving("serve(app, threads=1, backlog=5)")
    code, output, errors = finish(process, signal.SIGTERM)
    assert code == 0 and "UserWarning: roost.serve: backlog has no meaning here" in errors
    assert "--backlog" not in note()["arguments"]


def test_a_front_that_does_not_start_is_an_error(serving):
    process, _ = serving("serve(app)", end="at once")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "roost ended with status 2" in errors


def test_a_front_that_ends_by_itself_is_an_error(serving):
    process, note = serving("serve(app, threads=1)", end="by itself")
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "roost ended by itself, with status 3" in errors
    assert note()["answers"]


def test_no_program_to_start_is_an_error(serving, tmp_path):
    process, _ = serving("serve(app)", end="at once", extra={"ROOST_BINARY": str(tmp_path / "none")})
    _, errors = process.communicate(timeout=60)
    assert process.returncode == 1 and "ROOST_BINARY names" in errors


def test_an_asgi_application_is_not_served_within_a_running_loop(python):
    program = ("import asyncio, sys; sys.path.insert(0, %r)\nimport roost\nasync def app(scope, receive, send): pass\n"
               "async def main(): roost.serve(app)\nasyncio.run(main())" % str(PACKAGE.parent))
    answer = subprocess.run([python, "-c", program], capture_output=True, text=True)
    assert "ServingError: an event loop runs in this thread already" in answer.stderr
