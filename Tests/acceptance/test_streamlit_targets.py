"""Streamlit targets that cannot be served, or that lie elsewhere: what is said of them."""

import sys

import pytest
from server import run_roost

pytest.importorskip("streamlit", reason="Streamlit needs Python 3.11 or later")

from streamlit_client import Page  # noqa: E402

ON_EVERY_PYTHON = ("streamlit",)

FILES = {
    "pages/birds.py": "import streamlit as st\nst.text('Birds')\n",
    "open_end.py": "import streamlit as st\nst.title('Birds'\n",
    "launcher.py": "from streamlit.starlette import App\napp = App('nowhere.py')\n",
    "named.py": "import streamlit as st\napp = st.App('pages/birds.py')\n",
}


@pytest.fixture
def place(tmp_path):
    for name, text in FILES.items():
        path = tmp_path / "app" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "app"


@pytest.mark.parametrize("target", ["pages/birds.py", "named:app", "named.py"])
def test_a_script_below_the_app_dir_and_an_st_app_are_served(roost, place, target):
    server = roost(target, "--processes", 1, app_dir=place)
    with Page(server.address) as page:
        assert page.run().texts() == ["Birds"]


def test_a_script_gets_its_arguments_as_from_streamlit_run(roost, place):
    (place / "told.py").write_text("import sys\nimport streamlit as st\nst.text(' '.join(sys.argv[1:]))\n")
    server = roost("told.py", "--processes", 1, "--", "--region", "north", app_dir=place)
    with Page(server.address) as page:
        assert page.run().texts() == ["--region north"]


@pytest.mark.parametrize("target, parts", [
    ("open_end.py", ["st.title('Birds'\n", "SyntaxError: '(' was never closed (open_end.py, line 2)"]),
    ("pages/bird.py", ["there is no file", "pages/bird.py", "did you mean birds.py?"]),
    ("page/birds.py", ["there is no file", "page/birds.py", "/page: No such file or directory"]),
    ("elsewhere.py", ["there is no file", "has: launcher.py, named.py, open_end.py"]),
    ("pages/birds.py:app", ["is a Streamlit script: it has no app", "roost serve pages/birds.py"]),
    ("launcher:app", ["application cannot start", "Streamlit script not found", "nowhere.py"]),
])
def test_what_cannot_be_served_is_said(place, python, target, parts):
    answer = run_roost("serve", target, "--app-dir", place, "--bind", "127.0.0.1:0", "--processes", 1,
                       "--python", python or sys.executable, "--admin-socket", "none")
    assert answer.returncode == 1
    for part in parts:
        assert part in answer.stderr, answer.stderr
    assert "SIGKILL" not in answer.stderr
