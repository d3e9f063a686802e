"""Flask-SocketIO as WSGI, with threads: `flask_socketio_site:app`. It can only poll."""

import os

from flask import Flask, request
from flask_socketio import SocketIO, emit

app = Flask(__name__)
app.secret_key = "only for tests"
socketio = SocketIO(app, async_mode="threading", cors_allowed_origins="*", logger=False)
counts = {}


@app.route("/")
def page():
    return f"process {os.getpid()}"


@socketio.on("count")
def count(word):
    counts[request.sid] = counts.get(request.sid, 0) + 1
    emit("counted", {"word": word, "count": counts[request.sid], "process": os.getpid()})
