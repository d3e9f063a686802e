"""Workers that die again and again: ever rarer starts, a server that says so, and that recovers by itself."""

import os
import re
import signal

from client import eventually, get

GOOD = "def app(environ, start_response):\n    start_response('200 OK', [])\n    return [b'good']\n"


def ready(server):
    return get(server.admin, "/readyz", timeout=10)


def test_a_crash_loop_is_slow_visible_and_ends_by_itself(roost, tmp_path):
    app = tmp_path / "looping.py"
    app.write_text(GOOD)
    server = roost("looping:app", "--processes", 2, "--threads", 1, app_dir=tmp_path)
    app.write_text("import os; os._exit(9)\n")
    for pid in server.workers():
        os.kill(pid, signal.SIGKILL)
    eventually(lambda: ready(server).status == 503, "no worker is ready")
    eventually(lambda: b"0 of 2" in ready(server).body and b"ended before it was ready" in ready(server).body,
               "it says why")

    def waits():
        found = re.findall(r"worker will be replaced.*?wait=\"?([0-9]+) ms", server.log())
        return [int(wait) / 1000 for wait in found]

    eventually(lambda: len(waits()) >= 8, f"several were tried:\n{server.log()[-2000:]}")
    # Two places, each 0.1, 0.2, 0.4, 0.8 s less a quarter at most.
    assert max(waits()) > 0.5 and sorted(waits())[0] >= 0.07
    app.write_text(GOOD)
    eventually(lambda: ready(server).status == 200, "it recovers")
    eventually(lambda: server.metric("roost_workers") == 2, "both do")
    assert server.get("/").body == b"good"


def test_one_place_that_crashes_leaves_the_other_serving(roost, tmp_path):
    (tmp_path / "half.py").write_text(
        "import os\n"
        "flag = os.path.join(os.environ['PROBE_DIRECTORY'], 'broken')\n"
        "if os.path.exists(flag): raise RuntimeError('database away')\n" + GOOD
    )
    server = roost("half:app", "--processes", 2, "--threads", 1, app_dir=tmp_path)
    (server.directory / "broken").touch()
    killed, other = server.workers()
    os.kill(killed, signal.SIGKILL)
    eventually(lambda: server.log().count("RuntimeError: database away") >= 2, "its successors fail")
    assert ready(server).status == 200
    for _ in range(20):
        assert server.get("/").status == 200
    assert server.workers().count(other) == 1
    (server.directory / "broken").unlink()
    eventually(lambda: server.metric("roost_workers") == 2, "it comes back")
