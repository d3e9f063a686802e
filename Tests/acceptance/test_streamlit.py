"""Streamlit in two processes behind one port: what its page does, sent by hand. In a browser: test_streamlit_browser.py."""

import os
import signal

import pytest
from client import eventually, get
from server import ROOT, run_roost

pytest.importorskip("streamlit", reason="Streamlit needs Python 3.11 or later")

from streamlit_client import Page  # noqa: E402
from streamlit_run import StreamlitRun  # noqa: E402

ON_EVERY_PYTHON = ("streamlit",)

SCRIPT = ROOT / "examples" / "sales_streamlit.py"
STOCK = bool(os.environ.get("ROOST_TEST_STREAMLIT_RUN"))
needs_roost = pytest.mark.skipif(STOCK, reason="streamlit run has one process, and cannot")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def dashboard(tmp_path_factory, python):
    """The example, in two processes."""
    directory = tmp_path_factory.mktemp("dashboard")
    if STOCK:
        server = StreamlitRun(directory, SCRIPT)
    else:
        from server import Roost

        server = Roost(directory, "sales_streamlit.py", "--processes", 2, app_dir=SCRIPT.parent, python=python)
    yield server
    server.end()


def count(page):
    page.run(count=("trigger_value", True))
    return page.state()[0]


def everything_works(page):
    """Reruns, an upload, the picture and the download of one page; returns its process."""
    page.run()
    counted, runs, process = page.state()
    assert count(page) == counted + 1
    assert count(page) == counted + 2
    assert page.state()[1:] == (runs + 2, process)

    content = os.urandom(300_000)
    page.upload("upload", "noise.bin", content)
    assert any(text.startswith("Received noise.bin: 300000 bytes") for text in page.texts()), page.texts()

    picture = page.fetch(page.all("imgs")[0].imgs[0].url)
    assert picture.status == 200 and picture["Content-Type"].startswith("image/")
    orders = page.fetch(page.all("download_button")[0].url)
    assert orders.status == 200 and orders.body.count(b"\n") == 24_001

    # The WebSocket is lost; the session goes on where it was.
    counted = page.state()[0]
    page.close()
    page.open()
    page.run()
    assert page.state()[0] == counted and page.state()[2] == process
    assert count(page) == counted + 1
    return process


def test_a_page_does_all_that_it_does(dashboard):
    with Page(dashboard.address) as page:
        everything_works(page)


@needs_roost
def test_two_browsers_are_served_by_two_processes_and_each_keeps_its_session(dashboard):
    with Page(dashboard.address) as one, Page(dashboard.address) as other:
        assert everything_works(one) != everything_works(other)
        # And again, by turns.
        for _ in range(3):
            counts = one.state()[0], other.state()[0]
            assert (count(one), count(other)) == (counts[0] + 1, counts[1] + 1)


def test_tabs_of_one_browser_share_a_process(dashboard):
    with Page(dashboard.address) as first:
        process = first.run().state()[2]
        tabs = [Page(dashboard.address, first.cookies) for _ in range(3)]
        assert {tab.run().state()[2] for tab in tabs} == {process}
        assert {tab.state()[0] for tab in tabs} == {0}
        for tab in tabs:
            tab.close()


def test_the_shell_of_the_page_comes_whole_and_may_be_kept(dashboard):
    index = get(dashboard.address, "/")
    assert index.status == 200 and b"<title>" in index.body
    script = index.body.decode().split('src="./', 1)[1].split('"', 1)[0]
    chunk = get(dashboard.address, "/" + script)
    assert chunk.status == 200 and "immutable" in chunk["Cache-Control"]
    assert get(dashboard.address, "/", fields=[("If-None-Match", index["ETag"])]).status == 304
    assert get(dashboard.address, "/a/deep/page").status in (200, 404)


def test_an_upload_of_100_mb_arrives(dashboard):
    with Page(dashboard.address) as page:
        page.run()
        page.upload("upload", "large.bin", b"\0" * 100_000_000)
        assert any("large.bin: 100000000 bytes" in text for text in page.texts())


def test_a_foreign_origin_is_refused(dashboard):
    from websockets.exceptions import InvalidStatus
    from websockets.sync.client import connect

    with pytest.raises(InvalidStatus) as refused:
        connect("ws://%s:%d/_stcore/stream" % dashboard.address, origin="http://elsewhere.example",
                subprotocols=["streamlit"])
    assert refused.value.response.status_code == 403


def test_garbage_closes_the_socket_and_no_other(dashboard):
    with Page(dashboard.address) as page, Page(dashboard.address, page.cookies) as other:
        page.run(), other.run()
        page.socket.send(b"\xff" * 64)
        assert page.close_code() == 1002
        assert count(other) == 1


@needs_roost
def test_a_killed_process_takes_its_own_sessions_only(roost):
    server = roost("sales_streamlit.py", "--processes", 2, app_dir=SCRIPT.parent)
    with Page(server.address) as one, Page(server.address) as other:
        count(one.run()), count(other.run())
        lost = one.state()[2]
        assert other.state()[2] != lost
        os.kill(lost, signal.SIGKILL)

        assert count(other) == 2
        assert one.close_code() == 1012

        # The page comes back by itself, as a new session.
        eventually(lambda: one.fetch("/_stcore/health").status == 200, "health is back")
        one.open()
        one.run()
        assert one.state()[0] == 0 and one.state()[2] != lost
        assert count(one) == 1
        assert count(other) == 3


@needs_roost
def test_a_reload_lets_a_run_end_and_then_moves_its_session(roost):
    server = roost("sales_streamlit.py", "--processes", 2, "--drain-timeout", "15s", app_dir=SCRIPT.parent)
    with Page(server.address) as page:
        old = page.run().state()[2]
        page.start(report=("trigger_value", True), seconds=("double_array_value", seconds_of(3)))
        assert server.command("reload").returncode == 0
        page.finish()
        assert f"The report is done: process {old}" in page.texts()

        # A newcomer meets the new generation only.
        with Page(server.address) as newcomer:
            assert newcomer.run().state()[2] != old

        assert page.close_code(40) == 1012
        eventually(lambda: page.fetch("/_stcore/health").status == 200, "health is there")
        page.open()
        assert page.run().state()[2] != old


def seconds_of(value):
    from streamlit.proto.WidgetStates_pb2 import WidgetState

    return WidgetState(double_array_value={"data": [value]}).double_array_value


@needs_roost
def test_settings_come_from_the_environment_and_the_files_over_our_own(roost, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / ".streamlit").mkdir()
    (tmp_path / "app" / ".streamlit" / "config.toml").write_text(
        '[client]\ntoolbarMode = "minimal"\n[server]\nport = 1\nbaseUrlPath = "birds"\n'
    )
    (tmp_path / "app" / "shown.py").write_text(
        "import sys\nimport streamlit as st\n"
        "for name in ('client.toolbarMode', 'server.fileWatcherType', 'server.maxUploadSize', 'server.headless',\n"
        "             'browser.gatherUsageStats', 'server.cookieSecret'):\n"
        "    st.text(f'{name}={st.get_option(name)}')\n"
        "st.text(f'argv={sys.argv}')\n"
        "st.text(f'main={__name__}')\n"
    )
    server = roost("shown.py", "--processes", 2, app_dir=tmp_path / "app", STREAMLIT_SERVER_MAX_UPLOAD_SIZE=2000)
    assert get(server.address, "/birds/_stcore/health").status == 200
    secrets = set()
    for _ in range(2):
        with BasePage(server.address) as page:
            shown = page.run().texts()
            assert {"client.toolbarMode=minimal", "server.fileWatcherType=none", "server.maxUploadSize=2000",
                    "server.headless=True", "browser.gatherUsageStats=False", "main=__main__",
                    f"argv=['{tmp_path}/app/shown.py']"} <= set(shown), shown
            secrets |= {text for text in shown if text.startswith("server.cookieSecret=")}
    assert len(secrets) == 1
    log = server.log()
    assert "server.port has no effect here" in log
    assert "uploads end at 1024 MiB (--max-body-bytes), below Streamlit's server.maxUploadSize of 2000 MB" in log


class BasePage(Page):
    """A page of an app whose `server.baseUrlPath` is `birds`."""

    base = "/birds"


@needs_roost
def test_an_st_app_of_a_module_is_served(roost, tmp_path):
    (tmp_path / "app").mkdir()
    (tmp_path / "app" / "page.py").write_text("import streamlit as st\nst.text(f'state {st.get_option(\"server.maxUploadSize\")}')\n")
    (tmp_path / "app" / "launcher.py").write_text(
        "from starlette.responses import JSONResponse\nfrom starlette.routing import Route\n"
        "from streamlit.starlette import App\n\n"
        "async def hello(request):\n    return JSONResponse({'hello': 'bird'})\n\n"
        "app = App('page.py', routes=[Route('/hello', hello)])\n"
    )
    server = roost("launcher:app", "--processes", 2, app_dir=tmp_path / "app", STREAMLIT_SERVER_MAX_UPLOAD_SIZE=7)
    assert server.get("/hello").json() == {"hello": "bird"}
    with Page(server.address) as page:
        assert page.run().texts() == ["state 7"]


@needs_roost
@pytest.mark.parametrize("target, environment, parts", [
    ("plain.py:app", {}, ["is a Streamlit script: it has no app", "roost serve plain.py"]),
    ("plain.py", {"STREAMLIT_SERVER_MAX_UPLOAD_SIZE": "much"}, ["Streamlit refuses its settings", "much", "STREAMLIT_"]),
])
def test_what_cannot_be_served_is_said(tmp_path, target, environment, parts):
    (tmp_path / "plain.py").write_text("import streamlit as st\nst.title('Birds')\n")
    answer = run_roost("serve", target, "--app-dir", tmp_path, "--bind", "127.0.0.1:0", "--processes", 1,
                       "--python", os.sys.executable, "--admin-socket", "none", **environment)
    assert answer.returncode == 1
    for part in parts:
        assert part in answer.stderr, answer.stderr


@needs_roost
def test_a_python_without_streamlit_is_told_what_to_install(tmp_path, interpreter):
    (tmp_path / "plain.py").write_text("import streamlit as st\nst.title('Birds')\n")
    (tmp_path / "streamlit").mkdir()
    # Not the one that may be installed: a package that cannot be found is one that says so.
    (tmp_path / "streamlit" / "__init__.py").write_text(
        "raise ModuleNotFoundError(\"No module named 'streamlit'\", name='streamlit')\n"
    )
    answer = run_roost("serve", "plain.py", "--app-dir", tmp_path, "--bind", "127.0.0.1:0", "--processes", 1,
                       "--python", interpreter, "--admin-socket", "none")
    assert answer.returncode == 1
    assert "is a Streamlit script, and 'streamlit' is not installed" in answer.stderr, answer.stderr
    assert "-m pip install streamlit" in answer.stderr
