"""Dash on its FastAPI backend, its callbacks over a WebSocket: `dash_site:server`."""

import os
import time

from dash import Dash, Input, Output, State, dcc, html, set_props

app = Dash(__name__, backend="fastapi", websocket_callbacks=True, health_endpoint="healthz")
server = app.server
app.layout = html.Div([
    dcc.Location(id="place"), html.Div(id="path"),
    dcc.Input(id="name", value=""), html.Div(id="greeting"),
    html.Button("Work", id="work"), html.Div(id="progress"), html.Div(id="done"),
])


@app.callback(Output("path", "children"), Input("place", "pathname"))
def show_path(path):
    return f"path {path}"


@app.callback(Output("greeting", "children"), Input("name", "value"))
def greet(name):
    return f"Hello {name} in process {os.getpid()}"


@app.callback(Output("done", "children"), Input("work", "n_clicks"), State("name", "value"), prevent_initial_call=True)
def work(clicks, name):
    """Shows how far it is, which only a WebSocket can do."""
    for step in range(5):
        set_props("progress", {"children": f"step {step} of 5"})
        time.sleep(0.1)
    return f"{clicks} done for {name} in process {os.getpid()}"
