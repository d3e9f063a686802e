"""Panel in a FastAPI application, by bokeh-fastapi: `panel_site:app`, page at /panel."""

import os

import panel
from fastapi import FastAPI
from panel.io.fastapi import add_application

app = FastAPI()


@add_application("/panel", app=app, title="Roost")
def page():
    more = panel.widgets.Button(name="More", css_classes=["more"])
    shown = panel.pane.Str(f"0 clicks in process {os.getpid()}", css_classes=["shown"])

    def count(event):
        shown.object = f"{more.clicks} clicks in process {os.getpid()}"

    more.on_click(count)
    return panel.Column(more, shown)
