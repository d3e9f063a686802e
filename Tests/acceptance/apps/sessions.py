"""Two apps that keep a counter for each browser in their process, one WSGI and one ASGI; both tell their process."""

import json
import os
import time

COUNTS = {}
DIRECTORY = os.environ.get("PROBE_DIRECTORY", "/tmp")


def wait_for(name):
    open(os.path.join(DIRECTORY, "in-" + name), "w").close()
    while not any(os.path.exists(os.path.join(DIRECTORY, "open-" + gate)) for gate in (name, "every")):
        time.sleep(0.01)


def count(cookies):
    """The answer to the browser whose cookies these are."""
    own = [pair.strip() for pair in cookies.split(";") if pair.strip().startswith(("roost_session=", "other="))]
    COUNTS[str(own)] = COUNTS.get(str(own), 0) + 1
    return json.dumps({"pid": os.getpid(), "count": COUNTS[str(own)], "cookies": cookies}).encode()


def app(environ, start_response):
    path = environ["PATH_INFO"]
    fields = [("Content-Type", "application/json")]
    if path == "/gate":
        wait_for(environ["QUERY_STRING"])
    if path == "/static":
        fields.append(("Cache-Control", "public, max-age=60"))
    if path == "/own-cookie":
        fields.append(("Set-Cookie", "own=1; Path=/"))
    body = count(environ.get("HTTP_COOKIE", ""))
    start_response("200 OK", fields + [("Content-Length", str(len(body)))])
    return [body]


async def asgi(scope, receive, send):
    import asyncio

    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    cookies = b"; ".join(value for name, value in scope["headers"] if name == b"cookie").decode("latin-1")
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "subprotocol": (scope["subprotocols"] or [None])[0]})
        await send({"type": "websocket.send", "bytes": count(cookies)})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                if scope["path"] == "/slow-end":
                    await asyncio.sleep(1)
                return
            await send({"type": "websocket.send", "bytes": count(cookies)})
    if scope["path"] == "/gate":
        await asyncio.get_running_loop().run_in_executor(None, wait_for, scope["query_string"].decode())
    body = count(cookies)
    await send({
        "type": "http.response.start", "status": 200,
        "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())],
    })
    await send({"type": "http.response.body", "body": body})
