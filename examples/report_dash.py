"""A dashboard with a job that takes longer than anybody should wait for an answer: a Dash background callback.

    pip install "dash[diskcache]"
    roost serve report_dash:server --app-dir examples --processes 2

The callback runs in a process of its own that Dash forks off the worker; the page asks every half second how far it is,
and any worker may answer. Three things make that work with more than one worker, and across a reload:

- one cache in a directory that all workers share. ``DiskcacheManager()`` without one makes a cache for each process, and
  a job that was started in one worker is never found by another;
- one ``secret_key``, with which the page's handle of its job is signed (Dash keeps one in the shared cache otherwise);
- a server that leaves the app's children alone. A job goes on when the worker that started it is replaced.
"""

import os
import tempfile
import time

import diskcache
from dash import Dash, DiskcacheManager, Input, Output, State, dcc, html

CHAPTERS = ("Sales", "Costs", "Stock", "Staff", "Outlook")

directory = os.environ.get("REPORT_CACHE", os.path.join(tempfile.gettempdir(), f"report-dash-{os.getuid()}"))
manager = DiskcacheManager(diskcache.Cache(directory))

app = Dash(__name__, title="Report", background_callback_manager=manager)
server = app.server
server.secret_key = os.environ.get("REPORT_SECRET_KEY") or None

app.layout = html.Div(
    [
        html.H1("Report"),
        dcc.Input(id="seconds", type="number", value=1, min=0, max=60, step="any"),
        html.Label(" seconds a chapter", htmlFor="seconds"),
        html.P([html.Button("Write it", id="start"), html.Button("Cancel", id="cancel", disabled=True)]),
        html.Progress(id="progress", value="0", max=str(len(CHAPTERS))),
        html.P("nothing asked for", id="state"),
        html.P(id="report"),
    ],
    style={"maxWidth": "40rem", "margin": "2rem auto", "fontFamily": "sans-serif"},
)


@app.callback(
    Output("report", "children"),
    Input("start", "n_clicks"),
    State("seconds", "value"),
    background=True,
    interval=500,
    running=[(Output("start", "disabled"), True, False), (Output("cancel", "disabled"), False, True)],
    cancel=[Input("cancel", "n_clicks")],
    progress=[Output("progress", "value"), Output("state", "children")],
    prevent_initial_call=True,
)
def write_report(set_progress, clicks, seconds):
    """Runs in a process of its own, which the page can end."""
    for number, chapter in enumerate(CHAPTERS):
        set_progress((str(number), f"writing {chapter}"))
        time.sleep(float(seconds or 0))
    set_progress((str(len(CHAPTERS)), "done"))
    return f"Report {clicks}: {', '.join(CHAPTERS)}"
