"""What a target may carry: arguments of a factory, arguments of a script; and the host that a Django app is warmed up by."""

import pytest
from asgi_servers import can_import, frameworks_python
from client import eventually

APP = """
import sys

def create(name, debug=True, **more):
    def app(environ, start_response):
        start_response("200 OK", [("Content-Type", "text/plain")])
        return [repr((name, debug, more, sys.argv[1:], environ["HTTP_HOST"])).encode()]
    return app
"""


@pytest.fixture
def place(tmp_path):
    (tmp_path / "made.py").write_text(APP)
    return tmp_path


@pytest.mark.parametrize("options", [["--processes", 1], ["--preload"]], ids=["apart", "preload"])
def test_a_factory_gets_literals_and_a_script_its_arguments(roost, place, options):
    target = """made:create("prod:1", debug=False, hosts=['a', 'b'])"""
    server = roost(target, *options, "--", "--region", "a b", "-", app_dir=place)
    assert server.get("/").body.decode().startswith(
        "('prod:1', False, {'hosts': ['a', 'b']}, ['--region', 'a b', '-'], ")


@pytest.mark.parametrize("call", ["create(x)", "create(*[1])", "create(**{'name': 1})", "create({[]: 1})", "create(1"
                                  " if 1 else 2)"])
def test_what_is_no_literal_is_said(roost, place, call):
    server = roost("made:" + call, app_dir=place, wait=False)
    assert server.process.wait(60) == 1
    assert "literal arguments" in server.log()
    server.log_file.close()
    server.end = lambda: None


DJANGO = """
from django.conf import settings

settings.configure(ALLOWED_HOSTS=[".shop.example"], DEBUG=False, ROOT_URLCONF=__name__, SECRET_KEY="only for tests")

import django
from django.core.wsgi import get_wsgi_application
from django.http import HttpResponse
from django.urls import path

django.setup()


def page(request):
    print("asked for", request.get_host(), flush=True)
    return HttpResponse("page")


urlpatterns = [path("", page)]
app = get_wsgi_application()
"""


@pytest.mark.skipif(not can_import("django"), reason="Django is not installed: scripts/setup.sh light-frameworks")
@pytest.mark.parametrize("options, host", [([], "shop.example"), (["--warm-up-host", "www.shop.example"],
                                                                  "www.shop.example")])
def test_django_is_warmed_up_by_a_host_that_it_allows(roost, tmp_path, options, host):
    (tmp_path / "hosts.py").write_text(DJANGO)
    server = roost("hosts:app", "--processes", 1, *options, app_dir=tmp_path, python=frameworks_python())
    eventually(lambda: f"asked for {host}" in server.log(), "the warm-up was served")
    assert "DisallowedHost" not in server.log()
