"""What is found out about an application without running it: on each CPython, of sources and objects alone."""

import json
import subprocess
import textwrap

import pytest

from conftest import PACKAGE

SCRIPTS = {
    "draws": "import streamlit as st\nst.title('Birds')",
    "draws with a name it imported": "from streamlit import title\ntitle('Birds')",
    "draws in main": "import streamlit as st\ndef main():\n    st.title('x')\nif __name__ == '__main__':\n    main()",
    "a widget with the name of an application": "import streamlit as st\nserver = st.text_input('Server')",
    "a page that is a function": "import streamlit as st\ndef app():\n    st.title('x')\napp()",
    "an object of many pages": "import streamlit as st\nfrom pages import Pages\napp = Pages()\nst.title('x')\napp.run()",
    "within if and try": "try:\n    import streamlit as st\nexcept ImportError:\n    st = None\nif st:\n    st.title('x')",
    "in another encoding": "# -*- coding: latin-1 -*-\nimport streamlit as st\nst.title('\xe4')",
}
OTHERS = {
    "an st.App": "import streamlit as st\napp = st.App('page.py')",
    "an App of its module": "from streamlit.starlette import App\ndashboard: App = App('page.py')",
    "mounted": "from fastapi import FastAPI\nfrom streamlit.starlette import App\n"
               "app = FastAPI()\napp.mount('/x', App('page.py'))",
    "Flask with secrets of Streamlit's": "import streamlit as st\nfrom flask import Flask\n"
                                         "app = Flask(st.secrets['name'])",
    "Dash's server": "import streamlit as st\nimport dash\nsite = dash.Dash()\nserver = site.server\nst.secrets",
    "a WSGI function": "import streamlit\ndef app(environ, start_response):\n    return []",
    "an ASGI function": "import streamlit\nasync def app(scope, receive, send):\n    pass",
    "an application from elsewhere": "import streamlit\nfrom shop import app",
    "only named": "text = 'streamlit'\n",
    "only imported in a function": "def draw():\n    import streamlit as st\n    st.title('x')",
    "wrong": "import streamlit as st\nst.title(",
    "not text": "import streamlit\n\0",
}

READ = """
import json, sys
sys.path.insert(0, sys.argv[1])
from roost import _streamlit
print(json.dumps([_streamlit.Source(path).is_script for path in sys.argv[2:]]))
"""

INTRODUCE = """
import functools, json, sys, types
sys.path.insert(0, sys.argv[1])
from roost import _frameworks

def thing(module, **attributes):
    kind = type("Thing", (), {"__call__": lambda self, *_: None})
    kind.__module__ = module
    made = kind()
    for name, value in attributes.items():
        setattr(made, name, value)
    return made

class Failing:
    @property
    def app(self):
        raise RuntimeError("not yet")
    def __call__(self):
        pass

def view(): pass
view.__module__ = "chainlit.server"
def plain(scope, receive, send): pass
loop = thing("web.middleware")
loop.app = loop
mount = thing("starlette.routing", path="/birds", app=thing("gradio.routes"), routes=[])
type(mount).__name__ = "Mount"
print(json.dumps([_frameworks.introduction(app)["sticky"] for app in (
    thing("streamlit.web.server.starlette.starlette_app"),
    thing("shiny._app"),
    thing("web.middleware", app=thing("web.middleware", app=thing("nicegui.app"))),
    functools.partial(thing("gradio.routes")),
    thing("fastapi.applications", routes=[mount]),
    thing("fastapi.applications", routes=[thing("fastapi.routing", endpoint=view)]),
    thing("fastapi.applications", routes=[thing("fastapi.routing", endpoint=plain)]),
    thing("dash._dash"), thing("flask.app"), thing("django.core.handlers.asgi"), plain, loop, Failing(), 7,
)]))
"""


def run(python, code, *arguments):
    answer = subprocess.run([python, "-c", code, str(PACKAGE.parent), *arguments], capture_output=True, text=True)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


def test_a_streamlit_script_is_known_by_its_source(python, tmp_path):
    paths = []
    for number, text in enumerate([*SCRIPTS.values(), *OTHERS.values()]):
        paths.append(tmp_path / ("%d.py" % number))
        paths[-1].write_bytes(textwrap.dedent(text).encode("latin-1"))
    found = run(python, READ, *map(str, paths), str(tmp_path / "nowhere.py"))
    assert dict(zip([*SCRIPTS, *OTHERS], found)) == {**dict.fromkeys(SCRIPTS, True), **dict.fromkeys(OTHERS, False)}
    assert found[-1] is False


def test_apps_with_sessions_in_memory_are_known_by_what_they_are_made_of(python):
    assert run(python, INTRODUCE) == [True] * 6 + [False] * 8


@pytest.mark.parametrize("target, hint", [("dashboard.py", "pip install"), ("dashboard", "pip install")])
def test_a_script_without_streamlit_says_what_to_install(start, tmp_path, target, hint):
    (tmp_path / "dashboard.py").write_text("import streamlit as st\nst.title('Birds')\n")
    (tmp_path / "streamlit.py").write_text("raise ModuleNotFoundError('no', name='streamlit')\n")
    with start(target, app_dir=tmp_path) as worker:
        message = worker.message()
        assert message["title"] == "application cannot be served"
        assert "is a Streamlit script, and 'streamlit' is not installed" in message["reason"]
        assert hint in message["hint"]
        assert worker.wait() == 1


def test_a_streamlit_of_its_own_server_only_says_which_is_needed(start, tmp_path):
    (tmp_path / "dashboard.py").write_text("import streamlit as st\nst.title('Birds')\n")
    (tmp_path / "streamlit.py").write_text("__version__ = '1.50.0'\n")
    with start("dashboard.py", app_dir=tmp_path) as worker:
        message = worker.message()
        assert "Streamlit 1.50.0" in message["reason"] and "from 1.57 on" in message["reason"]
        assert "streamlit>=1.57" in message["hint"] or "3.11 or later" in message["hint"]
        assert worker.wait() == 1


def test_a_script_has_no_attribute_to_serve(start, tmp_path):
    (tmp_path / "dashboard.py").write_text("import streamlit as st\nst.title('Birds')\n")
    with start("dashboard:app", app_dir=tmp_path) as worker:
        message = worker.message()
        assert "is a Streamlit script: it has no app" in message["reason"]
        assert message["hint"] == "roost serve dashboard.py"
        assert worker.wait() == 1
