"""Below a path, `--root-path`: with a proxy in front that takes the path off, and with one that leaves it on."""

import pytest
from server import APPS, ROOT, Roost, run_roost
from test_sticky import Browser, handshake, says

ROOT_PATH = ("--root-path", "/team/app")


def environ(server, target):
    seen = server.get(target).json()
    return seen["SCRIPT_NAME"], seen["PATH_INFO"], seen["REQUEST_URI"]


def scope(server, target):
    seen = server.get(target).json()
    return seen["root_path"], seen["path"], seen["raw_path"].removeprefix("bytes:")


def test_a_wsgi_app_gets_it_as_its_script_name_and_the_rest_as_its_path(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 2, *ROOT_PATH)
    for target in ("/team/app/environ?a=b", "/environ?a=b"):
        assert environ(server, target) == ("/team/app", "/environ", target)
    # The escapes of what begins with it do not matter.
    assert environ(server, "/te%61m/app/environ") == ("/team/app", "/environ", "/te%61m/app/environ")
    # A part of a name is not it: this is the app's own page.
    assert server.get("/team/apps").body == server.get("/team/app").body == server.get("/").body == b"Hello\n"


@pytest.mark.parametrize("target, path, raw", [
    ("/team/app/scope", "/team/app/scope", "/team/app/scope"),
    ("/scope", "/team/app/scope", "/team/app/scope"),
    ("/scope/%C3%A9%2Fb?q", "/team/app/scope/é/b", "/team/app/scope/%C3%A9%2Fb"),
    ("/team/app/scope/%C3%A9", "/team/app/scope/é", "/team/app/scope/%C3%A9"),
    ("/t%65am/app/x", "/team/app/x", "/t%65am/app/x"),
    ("/team/app", "/team/app", "/team/app"),
    ("/team/apples", "/team/app/team/apples", "/team/app/team/apples"),
    ("/", "/team/app/", "/team/app/"),
])
def test_an_asgi_app_gets_it_and_its_path_begins_with_it(mounted, target, path, raw):
    assert scope(mounted, target) == ("/team/app", path, raw)


@pytest.fixture(scope="module")
def mounted(tmp_path_factory):
    # This app knows no path, and shows its scope.
    directory = tmp_path_factory.mktemp("mounted")
    (directory / "shows.py").write_text(
        "from conform_raw import scope_\n"
        "async def app(scope, receive, send):\n    await scope_(scope, receive, send, {})\n"
    )
    server = Roost(directory, "shows:app", "--processes", 1, *ROOT_PATH, app_dir=directory, PYTHONPATH=APPS)
    yield server
    server.end()


def test_a_routers_routes_and_addresses_are_below_it(roost, tmp_path):
    pytest.importorskip("starlette")
    (tmp_path / "routed.py").write_text(
        "from starlette.applications import Starlette\n"
        "from starlette.responses import PlainTextResponse\n"
        "from starlette.routing import Route\n"
        "async def page(request):\n    return PlainTextResponse(str(request.url_for('page')))\n"
        "app = Starlette(routes=[Route('/page', page)])\n"
    )
    server = roost("routed:app", "--processes", 1, *ROOT_PATH, app_dir=tmp_path)
    for target in ("/page", "/team/app/page"):
        response = server.get(target)
        assert (response.status, response.body.split(b"/", 3)[3]) == (200, b"team/app/page")


def test_flask_makes_addresses_below_it(roost, tmp_path):
    pytest.importorskip("flask")
    (tmp_path / "flasked.py").write_text(
        "from flask import Flask, url_for\napp = Flask(__name__)\n"
        "@app.route('/page')\ndef page():\n    return url_for('page')\n"
    )
    server = roost("flasked:app", "--processes", 1, *ROOT_PATH, app_dir=tmp_path)
    assert server.get("/page").body == server.get("/team/app/page").body == b"/team/app/page"


def test_the_session_cookie_is_sent_below_it_and_websockets_are_there_too(roost):
    server = roost("sessions:asgi", "--processes", 2, "--warm-up", "none", "--sticky", "cookie", *ROOT_PATH)
    browser = Browser(server)
    pid = browser.pid("/team/app/")
    assert "; Path=/team/app; " in browser.set_cookies[0]
    for path in ("/team/app/ws", "/ws"):
        connection, head = handshake(server, browser, path=path)
        with connection:
            assert head.status == 101 and says(connection)["pid"] == pid


def test_prefixes_of_other_options_are_below_it(roost):
    server = roost("sessions:app", "--processes", 1, "--threads", 2, "--warm-up", "none", "--sticky", "cookie",
                   "--max-sessions", 1, "--waiting-room", "/door", *ROOT_PATH)
    first, second = Browser(server), Browser(server)
    for browser in (first, second):
        browser.get("/team/app/")
        browser.get("/team/app/door")
    assert first.response.status == 200 and second.response.status == 503
    second.get("/door")
    assert second.response.status == 503


@pytest.mark.parametrize("path, said", [
    ("app", "'app' doesn't begin with a slash"),
    ("/a//b", "'/a//b' can't be where an app is mounted"),
    ("/a%20b", "can't be where an app is mounted"),
])
def test_a_root_path_that_is_none_is_explained(path, said):
    outcome = run_roost("config", "probe:app", "--root-path", path)
    assert outcome.returncode != 0 and said in outcome.stderr, outcome.stderr


class TestStreamlit:
    """The script below a path, by ours and by Streamlit's own means."""

    SCRIPT = ROOT / "examples" / "sales_streamlit.py"

    @pytest.mark.parametrize("environment", [{}, {"STREAMLIT_SERVER_BASE_URL_PATH": "team/app"}])
    @pytest.mark.slow
    def test_its_page_works_whether_the_path_was_taken_off_or_left_on(self, roost, environment):
        pytest.importorskip("streamlit", reason="Streamlit needs Python 3.11 or later")
        from streamlit_client import Page

        class Mounted(Page):
            base = "/team/app"

        server = roost("sales_streamlit.py", "--processes", 2, *ROOT_PATH, app_dir=self.SCRIPT.parent, **environment)
        for kind in (Page, Mounted):
            with kind(server.address) as page:
                assert page.run().state()[0] == 0
                page.run(count=("trigger_value", True))
                assert page.state()[0] == 1
                assert b"<title>" in page.fetch(kind.base + "/").body
        assert server.get("/team/app/_stcore/health").status == 200

    @pytest.mark.slow
    def test_its_own_base_path_alone_works_as_before(self, roost):
        pytest.importorskip("streamlit", reason="Streamlit needs Python 3.11 or later")
        from streamlit_client import Page

        class Mounted(Page):
            base = "/base"

        server = roost("sales_streamlit.py", "--processes", 1, app_dir=self.SCRIPT.parent,
                       STREAMLIT_SERVER_BASE_URL_PATH="base")
        with Mounted(server.address) as page:
            assert page.run().state()[0] == 0
        assert server.get("/_stcore/health").status == 404
