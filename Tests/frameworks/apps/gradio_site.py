"""Gradio: `gradio_site:app`. A session's state lives in the process that has it."""

import os
import time

import gradio
from fastapi import FastAPI

with gradio.Blocks(analytics_enabled=False) as demo:
    count = gradio.State(0)
    name = gradio.Textbox(label="Name", elem_id="name")
    button = gradio.Button("Greet", elem_id="greet")
    shown = gradio.Textbox(label="Shown", elem_id="shown")
    steps = gradio.Button("Steps", elem_id="steps")
    stepped = gradio.Textbox(label="Stepped", elem_id="stepped")
    file = gradio.File(label="File", elem_id="file")
    size = gradio.Textbox(label="Size", elem_id="size")

    def greet(name, count):
        return f"Hello {name}, number {count + 1}, in process {os.getpid()}", count + 1

    def step():
        for number in range(3):
            time.sleep(0.1)
            yield f"step {number}"

    def measure(path):
        return f"{os.path.getsize(path)} bytes"

    button.click(greet, [name, count], [shown, count], api_name="greet")
    steps.click(step, None, stepped, api_name="step")
    file.upload(measure, file, size, api_name="measure")

app = gradio.mount_gradio_app(FastAPI(), demo, path="/")
