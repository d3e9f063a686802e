"""`--reload`: the server follows the code, and shows code that does not start."""

import os
import re
import textwrap
import time

import pytest
from browser import Browser, find_chromium
from client import eventually, request

APP = """
    import os, time
    from helper import TEXT

    PAGE = "<!DOCTYPE html><html><head><title>shop</title></head><body><h1>%s</h1></body></html>"

    def app(environ, start_response):
        path = environ["PATH_INFO"]
        body = (PAGE % TEXT).encode()
        fields = [("Content-Type", "text/html; charset=utf-8"), ("ETag", '"1"'), ("Cache-Control", "max-age=60")]
        status = "200 OK"
        if path == "/json":
            body, fields = b'{"says": "%s"}' % TEXT.encode(), [("Content-Type", "application/json")]
        elif path == "/stream":
            start_response(status, fields)
            return iter([body[:10], body[10:]])
        elif path == "/missing":
            status = "404 Not Found"
        elif path == "/packed":
            fields.append(("Content-Encoding", "br"))
        elif path == "/encodings":
            body = environ.get("HTTP_ACCEPT_ENCODING", "none").encode()
            fields = [("Content-Type", "text/plain")]
        elif path == "/strict":
            fields.append(("Content-Security-Policy", "default-src 'none'"))
        elif path == "/not-modified":
            start_response("304 Not Modified", [("ETag", '"1"')])
            return []
        elif path == "/pid":
            body, fields = b"%d" % os.getpid(), [("Content-Type", "text/plain")]
        start_response(status, fields + [("Content-Length", str(len(body)))])
        return [body]
"""

OVERLAY = b'id="roost-reload-failed"'


class Site:
    """An app that a test edits."""

    def __init__(self, directory):
        self.directory = directory
        directory.mkdir()
        self.write("site_app.py", textwrap.dedent(APP))
        self.says("one")

    def path(self, name):
        return self.directory / name

    def write(self, name, text):
        """Saves as a shell does: the same file, written anew."""
        self.path(name).write_text(text)

    def rename(self, name, text):
        """Saves as careful editors do: another file takes its place."""
        self.path(f".{name}.part").write_text(text)
        self.path(f".{name}.part").rename(self.path(name))

    def says(self, text):
        self.write("helper.py", f"TEXT = {text!r}\n")

    def breaks(self):
        self.write("helper.py", "TEXT = 'broken\ndef <b>\n")


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path / "site")


def serve(roost, site, *options, target="site_app:app", **settings):
    return roost(target, "--reload", *options, app_dir=site.directory, **settings)


def shows(server, text):
    return eventually(lambda: text in server.get("/json").body, f"the app says {text}; {server.log()}")


def is_broken(server):
    eventually(lambda: OVERLAY in server.get("/").body, f"the page shows the failure; {server.log()}")


def reloads(server):
    return server.log().count(" reloaded changed=")


def failures(server):
    return server.log().count("the new code does not start")


# The code is followed


def test_an_edit_is_served_without_a_restart(roost, site):
    server = serve(roost, site)
    assert b"one" in server.get("/").body
    site.says("two")
    shows(server, b"two")
    eventually(lambda: re.search(r"reloaded changed=helper\.py took=\"\d+ ms\"", server.log()), server.log())
    assert server.metric("roost_workers_configured") == 1


def test_edits_within_one_second_and_of_one_length_are_not_mistaken_for_each_other(roost, site):
    # Python takes a compiled copy for that of its source while whole seconds and length agree.
    server = serve(roost, site, PYTHONDONTWRITEBYTECODE="")
    for text in ["two", "six", "ten", "one", "two"]:
        site.says(text)
        os.utime(site.path("helper.py"), (1_700_000_000, 1_700_000_000.0 + reloads(server) / 1000))
        shows(server, text.encode())


def test_a_save_by_rename_a_new_file_in_a_new_directory_and_a_deletion_are_seen(roost, site):
    server = serve(roost, site)
    site.rename("helper.py", "TEXT = 'renamed'\n")
    shows(server, b"renamed")
    site.path("parts/deep").mkdir(parents=True)
    site.write("parts/deep/words.py", "TEXT = 'deep'\n")
    eventually(lambda: "parts/deep/words.py (new)" in server.log(), "the new file is seen")
    site.says("three")
    shows(server, b"three")
    site.write("parts/deep/words.py", "TEXT = 'deeper'\n")
    eventually(lambda: "changed=parts/deep/words.py" in server.log(), "its change is seen")
    site.path("parts/deep/words.py").unlink()
    eventually(lambda: "parts/deep/words.py (gone)" in server.log(), "its end is seen")


def test_many_saves_in_one_go_are_one_reload(roost, site):
    server = serve(roost, site)
    for number in range(40):
        site.write(f"module_{number}.py", "X = 1\n")
        site.says(f"number {number}")
    shows(server, b"number 39")
    # Nothing of it is left over: the next change is about its own file alone.
    site.says("last")
    eventually(lambda: "changed=helper.py took" in server.log(), "a reload of that file alone")
    shows(server, b"last")
    assert reloads(server) <= 4


def test_what_is_not_code_is_no_reason_to_reload(roost, site):
    site.path("env").mkdir()
    site.write("env/pyvenv.cfg", "")
    server = serve(roost, site, "--reload-exclude", "generated")
    (pid,) = server.workers()
    for directory in ["__pycache__", ".git", "node_modules", "generated"]:
        site.path(directory).mkdir(exist_ok=True)
        site.write(f"{directory}/x.py", "X = 1\n")
    for name in ["notes.txt", ".helper.py.swp", "helper.py~", "env/x.py"]:
        site.write(name, "X = 1\n")
    site.path("helper.py").chmod(0o600)
    # Code comes last: when that is served, the rest would have been too.
    site.says("two")
    shows(server, b"two")
    eventually(lambda: "changed=helper.py took" in server.log(), "it is told")
    assert reloads(server) == 1


def test_other_files_and_directories_can_be_included(roost, site, tmp_path):
    (tmp_path / "library").mkdir()
    server = serve(
        roost, site, "--reload-include", "templates/**/*.html", "--reload-include", ".env", "--reload-dir",
        tmp_path / "library",
    )
    site.path("templates/mail").mkdir(parents=True)
    site.write("templates/mail/welcome.html", "x")
    eventually(lambda: "changed=\"templates/mail/welcome.html (new)\"" in server.log(), "the template counts")
    site.write(".env", "A=1")
    eventually(lambda: "changed=\".env (new)\"" in server.log(), "the hidden file counts")
    (tmp_path / "library" / "tool.py").write_text("X = 1\n")
    eventually(lambda: "changed=\"tool.py (new)\"" in server.log(), "the library counts")


def test_a_change_during_a_reload_is_another_reload(roost, site):
    server = serve(roost, site)
    site.write("helper.py", "import time, os\nopen(os.environ['PROBE_DIRECTORY'] + '/importing', 'w')\n"
                            "time.sleep(1)\nTEXT = 'slow'\n")
    eventually(lambda: (server.directory / "importing").exists(), "the new code is being imported")
    site.says("second")
    site.write("other.py", "X = 1\n")
    site.says("third")
    shows(server, b"third")
    eventually(lambda: "changed=\"helper.py, other.py (new)\"" in server.log(), "one reload for all of it")
    assert reloads(server) == 2


def test_an_open_request_does_not_hold_a_reload_up(roost, site):
    site.write("site_app.py", textwrap.dedent(APP).replace(
        "status = \"200 OK\"", "status = \"200 OK\"\n    if path == '/slow': time.sleep(60)"))
    server = serve(roost, site)
    with server.connect() as connection:
        connection.send(request("/slow"))
        eventually(lambda: server.metric("roost_threads_busy") == 1, "it runs")
        site.says("two")
        shows(server, b"two")
        eventually(lambda: len(server.workers()) == 1, "the old worker has gone")


# Code that does not start


def test_the_old_code_serves_on_and_its_pages_say_so(roost, site):
    server = serve(roost, site)
    site.breaks()
    is_broken(server)
    page = server.get("/")
    # The old page, whole, and behind it the failure; nothing of it is kept by anybody.
    assert page.status == 200 and page.body.startswith(b"<!DOCTYPE html>")
    assert b"<h1>one</h1></body></html>" in page.body
    assert b"role=\"alert\"" in page.body and b"SyntaxError" in page.body and b"helper.py" in page.body
    assert b"<b>" not in page.body.split(OVERLAY)[1]
    assert page.all("Content-Length") == [str(len(page.body))]
    assert page.all("Cache-Control") == ["no-store"] and page["ETag"] is None
    # Without a length the framing is right too, for HTTP/1.0 as well.
    streamed = server.get("/stream")
    assert streamed["Transfer-Encoding"] == "chunked" and streamed.body == page.body
    with server.connect() as connection:
        connection.send(b"GET /stream HTTP/1.0\r\n\r\n")
        assert connection.response().body == page.body
    # Requests on one connection stay apart.
    with server.connect() as connection:
        connection.send(request("/") + request("/json") + request("/stream") + request("/"))
        bodies = [connection.response().body for _ in range(4)]
        assert bodies == [page.body, b'{"says": "one"}', page.body, page.body]


def test_what_is_not_a_page_stays_as_it_is(roost, site):
    server = serve(roost, site)
    before = {path: server.get(path) for path in ["/json", "/missing", "/packed", "/not-modified"]}
    head = server.get("/", method="HEAD")
    site.breaks()
    is_broken(server)
    for path, response in before.items():
        after = server.get(path)
        assert (after.status, after.body) == (response.status, response.body)
        assert [f for f in after.fields if f[0] != "Date"] == [f for f in response.fields if f[0] != "Date"]
    assert server.get("/", method="HEAD")["Content-Length"] == head["Content-Length"]
    # A piece that a script fetches is no page; the window itself is one.
    assert OVERLAY not in server.get("/", fields=[("Sec-Fetch-Dest", "empty")]).body
    assert OVERLAY not in server.get("/", fields=[("HX-Request", "true")]).body
    assert OVERLAY in server.get("/", fields=[("Sec-Fetch-Dest", "document")]).body


def test_a_correction_takes_the_failure_away(roost, site):
    server = serve(roost, site)
    (pid,) = server.workers()
    for text in ["two", "three"]:
        site.breaks()
        is_broken(server)
        site.says(text)
        shows(server, text.encode())
        page = server.get("/")
        assert OVERLAY not in page.body and page["ETag"] == '"1"' and page["Cache-Control"] == "max-age=60"
    assert server.workers() != [pid]


def test_the_terminal_shows_a_failure_once_for_each_change(roost, site):
    server = serve(roost, site)
    site.breaks()
    is_broken(server)
    assert failures(server) == 1
    assert server.log().count("StartupError: application cannot be imported") == 1
    assert server.log().count("Traceback") == 1
    site.write("helper.py", "import nothing_of_that_name\nTEXT = 'two'\n")
    eventually(lambda: b"nothing_of_that_name" in server.get("/").body, "the newer failure is shown")
    assert failures(server) == 2
    assert server.get("/json").body == b'{"says": "one"}'


def test_an_app_is_asked_for_plain_pages(roost, site):
    server = serve(roost, site)
    assert server.get("/encodings", fields=[("Accept-Encoding", "gzip, br")]).body == b"none"


def test_broken_code_at_the_first_start_is_shown_until_it_is_corrected(roost, site):
    site.breaks()
    server = serve(roost, site, wait=False)
    eventually(lambda: "the app does not start" in server.log(), f"it says so: {server.log()}")
    for _ in range(2):
        page = server.get("/", fields=[("Accept", "text/html,*/*")])
        assert page.status == 500 and page["Content-Type"] == "text/html; charset=utf-8"
        assert b"SyntaxError" in page.body and page["Cache-Control"] == "no-store"
    text = server.get("/json")
    assert text.status == 500 and text["Content-Type"] == "text/plain; charset=utf-8" and b"SyntaxError" in text.body
    assert server.get("/", method="HEAD").status == 500
    site.write("helper.py", "raise ValueError('not yet')\n")
    eventually(lambda: b"not yet" in server.get("/").body, "it is tried again")
    assert server.process.poll() is None
    site.says("two")
    shows(server, b"two")
    assert server.get("/").status == 200
    site.says("three")
    shows(server, b"three")


def test_a_server_that_waits_for_code_ends_at_once(roost, site):
    site.breaks()
    server = serve(roost, site, wait=False)
    eventually(lambda: "the app does not start" in server.log(), "it waits")
    server.stop()


def test_without_reload_broken_code_ends_the_server(roost, site):
    site.breaks()
    server = roost("site_app:app", app_dir=site.directory, wait=False)
    assert server.process.wait(60) == 1


def test_old_code_that_dies_while_the_new_is_broken_leaves_the_failure_to_see(roost, site):
    server = serve(roost, site)
    site.breaks()
    is_broken(server)
    os.kill(server.workers()[0], 9)
    eventually(lambda: server.get("/", timeout=40).status == 500, "the failure stands in for the app")
    site.says("two")
    shows(server, b"two")


# In a browser


@pytest.fixture
def browser(tmp_path):
    if not find_chromium():
        pytest.skip("NO BROWSER: install Debian's package chromium to run this test")
    browser = Browser(tmp_path / "profile", tmp_path)
    yield browser
    browser.close()


PANEL = "document.querySelector('#roost-reload-failed')"


@pytest.mark.slow
def test_a_browser_shows_the_failure_and_dismisses_it(roost, site, browser, tmp_path):
    server = serve(roost, site)
    site.breaks()
    is_broken(server)
    pictures = os.environ.get("ROOST_PICTURES", tmp_path)
    for path in ["/", "/strict"]:
        browser.call("Page.navigate", url=f"http://127.0.0.1:{server.address[1]}{path}")
        # Also where the page lets no style and no script count.
        browser.wait_for(f"document.readyState === 'complete' && {PANEL}?.checkVisibility()")
        assert browser.evaluate(f"{PANEL}.querySelector('[role=alert]').innerText").startswith("This page is from")
        assert "SyntaxError" in browser.evaluate(f"{PANEL}.querySelector('pre').innerText")
        assert browser.evaluate("document.querySelector('h1').innerText") == "one"
        browser.screenshot(f"{pictures}/overlay{path.replace('/', '-')}.png")
        browser.click("#roost-reload-failed button")
        browser.wait_for(f"!{PANEL}.checkVisibility()")
    site.says("two")
    shows(server, b"two")
    browser.call("Page.navigate", url=f"http://127.0.0.1:{server.address[1]}/")
    browser.wait_for("document.querySelector('h1')?.innerText === 'two'")
    assert browser.evaluate(f"{PANEL} === null")


@pytest.mark.slow
def test_a_browser_shows_code_that_never_started(roost, site, browser, tmp_path):
    site.breaks()
    server = serve(roost, site, wait=False)
    eventually(lambda: "the app does not start" in server.log(), "it waits")
    browser.call("Page.navigate", url=f"http://127.0.0.1:{server.address[1]}/")
    browser.wait_for("document.querySelector('h1')?.innerText === 'The app does not start'")
    browser.screenshot(f"{os.environ.get('ROOST_PICTURES', tmp_path)}/first-start.png")
