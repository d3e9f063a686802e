"""An ASGI application that keeps its event loop for itself: `/sleeps?SECONDS`, `/matches`. Its WebSocket echoes."""

import os
import re
import time

import asgi_probe


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await asgi_probe.app(scope, receive, send)
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            await send({"type": "websocket.send", "text": "%d %s" % (os.getpid(), message["text"])})
    asgi_probe.note("calls", "%s %s" % (scope["method"], scope["path"]))
    if scope["path"] == "/sleeps":
        time.sleep(float(scope["query_string"]))
    elif scope["path"] == "/matches":
        # Years of work for the regular expressions of Python, and never a look at anything else.
        re.match(r"(a+)+b", "a" * 60)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"%d" % os.getpid()})
