"""NiceGUI on an application of its own: `nicegui_site:app`. `ui.run` would start a server itself."""

import os

from fastapi import FastAPI
from nicegui import app as nice
from nicegui import events, ui

app = FastAPI()


@ui.page("/")
def page():
    count = 0

    def more():
        nonlocal count
        count += 1
        shown.text = f"{count} clicks in process {os.getpid()}"

    async def uploaded(event: events.UploadEventArguments):
        size.text = f"{len(await event.file.read())} bytes"

    ui.button("More", on_click=more).props("id=more")
    shown = ui.label(f"0 clicks in process {os.getpid()}").props("id=shown")
    ui.upload(on_upload=uploaded, auto_upload=True).props("id=file")
    size = ui.label("no file").props("id=size")
    nice.storage.user["visits"] = nice.storage.user.get("visits", 0) + 1


ui.run_with(app, storage_secret="only for tests")
