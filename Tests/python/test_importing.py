"""Imports that do not come back, and hosts: what is found out, on each CPython."""

import subprocess
import textwrap

import pytest

from conftest import PACKAGE

WATCH = """
import importlib, os, sys, threading, time
sys.path[:0] = [{package!r}, {place!r}]
from roost import _importing

def long(text):
    print("long:", text, flush=True)
    open(os.path.join({place!r}, "go"), "w").close()

def server(error):
    print("server:", error.reason, error.message()["traceback"], flush=True)
    os._exit(3)

with _importing.Watch("slow", server, long, interval=0.05, long=0.1):
    importlib.import_module("slow")
print("threads:", len(os.listdir("/proc/self/task")), threading.active_count(), flush=True)
"""


def watch(python, tmp_path, source):
    (tmp_path / "slow.py").write_text(textwrap.dedent(source))
    script = WATCH.format(package=str(PACKAGE.parent), place=str(tmp_path))
    return subprocess.run([python, "-c", script], capture_output=True, text=True, timeout=60)


def test_an_import_that_takes_long_is_told_with_its_place_and_goes_on(python, tmp_path):
    done = watch(python, tmp_path, """
        import os, time
        while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")):
            time.sleep(0.01)
    """)
    assert done.returncode == 0, done.stderr
    assert "importing 'slow' has not returned" in done.stdout and "slow.py, line " in done.stdout
    assert done.stdout.count("long:") == 1
    # Nothing of the watch is left: a template is forked then.
    assert done.stdout.endswith("threads: 1 1\n")


def test_an_import_that_serves_is_found_with_its_port(python, tmp_path):
    done = watch(python, tmp_path, """
        import socketserver
        socketserver.TCPServer(("127.0.0.1", 0), None).serve_forever()
    """)
    assert done.returncode == 3, done.stderr
    assert "socketserver's serve_forever(), listening on port" in done.stdout and "slow.py" in done.stdout


def test_a_server_on_another_thread_is_none_of_the_import(python, tmp_path):
    done = watch(python, tmp_path, """
        import os, socketserver, threading, time
        server = socketserver.TCPServer(("127.0.0.1", 0), None)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        while not os.path.exists(os.path.join(os.path.dirname(__file__), "go")):
            time.sleep(0.01)
    """)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "listening on port" in done.stdout and "server:" not in done.stdout


@pytest.mark.parametrize("allowed, host", [
    ("['*']", None), ("[]", None), ("['shop.example', '*']", None), ("['.shop.example']", "shop.example"),
    ("['www.shop.example', 'localhost']", "localhost"), ("['a.example', 'b.example']", "a.example"), ("[None, '.']", None),
])
def test_a_host_out_of_django_s_list(python, allowed, host):
    script = "import sys; sys.path.insert(0, %r); from roost import _hosts; print(_hosts.choice(%s))"
    done = subprocess.run([python, "-c", script % (str(PACKAGE.parent), allowed)], capture_output=True, text=True)
    assert done.stdout == "%s\n" % host, done.stderr
