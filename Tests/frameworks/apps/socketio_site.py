"""python-socketio as ASGI: `socketio_site:app`. It polls, and moves on to a WebSocket."""

import os

import socketio

server = socketio.AsyncServer(async_mode="asgi", cors_allowed_origins="*")
counts = {}


@server.on("count")
async def count(sid, word):
    counts[sid] = counts.get(sid, 0) + 1
    await server.emit("counted", {"word": word, "count": counts[sid], "process": os.getpid()}, to=sid)


app = socketio.ASGIApp(server)
