"""Shiny for Python: `shiny_site:app`."""

import os

from shiny import App, render, ui

page = ui.page_fluid(
    ui.input_action_button("more", "More"), ui.output_text_verbatim("shown"),
    ui.input_file("file", "File"), ui.output_text_verbatim("size"), ui.download_link("report", "Report"),
)


def server(input, output, session):
    @render.text
    def shown():
        return f"{input.more()} clicks in process {os.getpid()}"

    @render.text
    def size():
        return f"{input.file()[0]['size']} bytes" if input.file() else "no file"

    @render.download(filename="report.txt")
    def report():
        yield f"{input.more()} clicks\n"


app = App(page, server)
