"""An ASGI app of WebSockets, without any framework: one coroutine for each path."""

import asyncio
import json
import os
import time
from pathlib import Path
from urllib.parse import parse_qs

DIRECTORY = Path(os.environ.get("PROBE_DIRECTORY", "."))


def note(line):
    with open(DIRECTORY / "calls", "a") as calls:
        calls.write(f"{line}\n")


async def gate(name):
    while not ((DIRECTORY / f"open-{name}").exists() or (DIRECTORY / "open-every").exists()):
        await asyncio.sleep(0.01)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": f"{message['type']}.complete"})
            if message["type"] == "lifespan.shutdown":
                note("shutdown")
                return
    query = {name: values[0] for name, values in parse_qs(scope["query_string"].decode()).items()}
    if scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-type", b"text/plain")]})
        await send({"type": "http.response.body", "body": f"http {os.getpid()}".encode()})
        return
    assert scope["type"] == "websocket", scope["type"]
    await PATHS[scope["path"]](scope, receive, send, query)


async def connected(receive):
    message = await receive()
    assert message["type"] == "websocket.connect", message


async def accept(receive, send, **options):
    await connected(receive)
    await send({"type": "websocket.accept", **options})


def disconnect(message):
    note(f"disconnect {message.get('code')} {message.get('reason') or ''}".rstrip())


async def echo(scope, receive, send, query):
    await accept(receive, send)
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            disconnect(message)
            return
        kept = {key: message[key] for key in ("text", "bytes") if message.get(key) is not None}
        assert len(kept) == 1, message
        await send({"type": "websocket.send", **kept})


async def count(scope, receive, send, query):
    """Answers each message with its kind and length, once the gate is open."""
    await accept(receive, send)
    if "gate" in query:
        await gate(query["gate"])
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            disconnect(message)
            return
        kind = "text" if message.get("text") is not None else "bytes"
        await send({"type": "websocket.send", "text": f"{kind} {len(message[kind])}"})


async def show(scope, receive, send, query):
    await accept(
        receive,
        send,
        subprotocol=query.get("choose"),
        headers=[(b"x-one", b"1"), (b"X-Two", b"caf\xc3\xa9"), (b"set-cookie", b"a=b"), (b"set-cookie", b"c=d")],
    )
    shown = {key: value for key, value in scope.items() if key not in ("headers", "state", "app", "extensions")}
    shown["headers"] = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in scope["headers"]]
    shown["extensions"] = sorted(scope.get("extensions") or {})
    await send({"type": "websocket.send", "text": json.dumps(shown, default=lambda value: value.decode("latin-1"))})
    disconnect(await receive())


async def refuse(scope, receive, send, query):
    await connected(receive)
    await send({"type": "websocket.close", "code": 4000, "reason": "no"})


async def refuse_response(scope, receive, send, query):
    await connected(receive)
    await send(
        {"type": "websocket.http.response.start", "status": 418, "headers": [(b"x-why", b"teapot"), (b"content-length", b"5")]}
    )
    await send({"type": "websocket.http.response.body", "body": b"sh", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"ort"})


async def refuse_at_length(scope, receive, send, query):
    """Refuses with `n` parts of `size` bytes; behind the first it waits for the gate, if one is named."""
    await connected(receive)
    await send({"type": "websocket.http.response.start", "status": 403, "headers": []})
    part = {"type": "websocket.http.response.body", "body": b"r" * int(query["size"]), "more_body": True}
    for number in range(int(query["n"])):
        await send(part)
        if number == 0 and "gate" in query:
            await gate(query["gate"])
    await send({"type": "websocket.http.response.body", "body": b""})


async def close(scope, receive, send, query):
    await accept(receive, send)
    await send({"type": "websocket.close", "code": int(query.get("code", 1000)), "reason": query.get("reason", "")})
    if "receive" in query:
        disconnect(await receive())
    note("closed")


async def leave(scope, receive, send, query):
    await accept(receive, send)
    await send({"type": "websocket.send", "text": "leaving"})


async def fail(scope, receive, send, query):
    await accept(receive, send)
    raise RuntimeError("on purpose")


async def fail_early(scope, receive, send, query):
    raise RuntimeError("on purpose")


async def slow_accept(scope, receive, send, query):
    await connected(receive)
    note("connecting")
    await gate(query.get("gate", "gate"))
    await send({"type": "websocket.accept"})
    try:
        message = await receive()
        disconnect(message)
    except BaseException as error:
        note(f"raised {type(error).__name__}")
        raise


async def flood(scope, receive, send, query):
    """Sends `n` messages of `size` bytes, and notes how far it has come."""
    await accept(receive, send)
    size, number = int(query["size"]), int(query["n"])
    payload = b"x" * size
    try:
        for index in range(number):
            await send({"type": "websocket.send", "bytes": payload})
            (DIRECTORY / "sent").write_text(str(index + 1))
    except OSError:
        note("send raised OSError")
        return
    disconnect(await receive())


async def burst(scope, receive, send, query):
    """On each message `n`, sends so many small ones at once."""
    await accept(receive, send)
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            return
        for index in range(int(message["text"])):
            await send({"type": "websocket.send", "text": str(index)})


async def pid(scope, receive, send, query):
    """Tells its process, then echoes; `block N` keeps the event loop busy for N seconds."""
    await accept(receive, send)
    await send({"type": "websocket.send", "text": str(os.getpid())})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            disconnect(message)
            return
        words = message["text"].split()
        if words[0] == "block":
            time.sleep(float(words[1]))
        if words[0] == "exit":
            os._exit(9)
        await send({"type": "websocket.send", "text": message["text"]})


PATHS = {
    "/echo": echo,
    "/count": count,
    "/show": show,
    "/refuse": refuse,
    "/refuse-response": refuse_response,
    "/refuse-at-length": refuse_at_length,
    "/close": close,
    "/leave": leave,
    "/fail": fail,
    "/fail-early": fail_early,
    "/slow-accept": slow_accept,
    "/flood": flood,
    "/burst": burst,
    "/pid": pid,
}
