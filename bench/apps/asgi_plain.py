"""ASGI applications that do the least they can: what remains is the server."""

import json

BODY = b"Hello, world!\n"
TEXT = [(b"content-type", b"text/plain"), (b"content-length", str(len(BODY)).encode())]
PIECE, PIECES = bytes(range(256)) * 256, 16
BINARY = [(b"content-type", b"application/octet-stream"), (b"content-length", str(len(PIECE) * PIECES).encode())]


async def lifespan(receive, send):
    while True:
        event = (await receive())["type"]
        await send({"type": event + ".complete"})
        if event == "lifespan.shutdown":
            return


async def hello(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": TEXT})
    await send({"type": "http.response.body", "body": BODY})


async def document(scope, receive, send):
    """The same JSON as asgi_fastapi's, made anew for each request."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    body = json.dumps({"message": "Hello, world!"}, separators=(",", ":")).encode()
    head = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": head})
    await send({"type": "http.response.body", "body": body})


async def stream(scope, receive, send):
    """1 MiB in pieces of 64 KiB, and an end of its own."""
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    await send({"type": "http.response.start", "status": 200, "headers": BINARY})
    for _ in range(PIECES):
        await send({"type": "http.response.body", "body": PIECE, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def echo(scope, receive, send):
    """Over WebSocket, every message back as it came; over HTTP, hello."""
    if scope["type"] != "websocket":
        return await hello(scope, receive, send)
    await receive()
    await send({"type": "websocket.accept"})
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            return
        # Of the two keys a server may leave out the one that is not meant, or set it to None.
        data = event.get("bytes")
        await send({"type": "websocket.send", "bytes": data} if data is not None
                   else {"type": "websocket.send", "text": event["text"]})
