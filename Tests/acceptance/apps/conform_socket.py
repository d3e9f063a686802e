"""A plain ASGI 3 application for WebSockets, without any framework, that does what its path says."""

import asyncio
import json

from conform_raw import answer, note, shown


async def accept(receive, send, **how):
    event = await receive()
    assert event == {"type": "websocket.connect"}, event
    await send({"type": "websocket.accept", **how})


async def scope_(scope, receive, send):
    await accept(receive, send)
    view = shown({key: value for key, value in scope.items() if key != "state"})
    await send({"type": "websocket.send", "text": json.dumps(view)})
    await send({"type": "websocket.close"})


async def echo(scope, receive, send):
    await accept(receive, send)
    while True:
        event = await receive()
        if event["type"] == "websocket.disconnect":
            note("echo: " + json.dumps({key: event.get(key) for key in ("code", "reason")}))
            return
        if event.get("text") is not None:
            await send({"type": "websocket.send", "text": event["text"]})
        else:
            await send({"type": "websocket.send", "bytes": event["bytes"]})


async def chosen(scope, receive, send):
    """Chooses the last subprotocol that was offered, and adds headers."""
    await accept(
        receive, send, subprotocol=scope["subprotocols"][-1] if scope["subprotocols"] else None,
        headers=[(b"x-one", b"1"), (b"set-cookie", b"socket=1")],
    )
    await send({"type": "websocket.close"})


async def refused(scope, receive, send):
    await receive()
    await send({"type": "websocket.close", "code": 4403, "reason": "no"})


async def denied(scope, receive, send):
    """An answer of its own instead of the handshake."""
    await receive()
    if "websocket.http.response" not in scope["extensions"]:
        return await send({"type": "websocket.close"})
    await send({
        "type": "websocket.http.response.start", "status": 401,
        "headers": [(b"content-type", b"text/plain"), (b"www-authenticate", b"Basic")],
    })
    await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"are you?"})


async def closes(scope, receive, send):
    await accept(receive, send)
    await send({"type": "websocket.send", "text": "before"})
    await send({"type": "websocket.close", "code": 4321, "reason": "enough \u2713"})
    event = await receive()
    note("closes: " + event["type"])


async def returns(scope, receive, send):
    await accept(receive, send)


async def raises(scope, receive, send):
    await accept(receive, send)
    raise RuntimeError("raised after accept")


async def raises_before(scope, receive, send):
    raise RuntimeError("raised before accept")


async def says_nothing(scope, receive, send):
    await receive()


async def sends_after(scope, receive, send):
    """What send() does when the client has gone."""
    await accept(receive, send)
    while (await receive())["type"] != "websocket.disconnect":
        pass
    try:
        await send({"type": "websocket.send", "text": "to nobody"})
        note("sends_after: sent")
    except OSError:
        note("sends_after: OSError")
    except Exception as error:
        note("sends_after: " + type(error).__name__)


async def pushes(scope, receive, send):
    """Sends while it waits for what comes."""
    await accept(receive, send)

    async def push():
        for number in range(5):
            await send({"type": "websocket.send", "text": f"push {number}"})
            await asyncio.sleep(0.01)

    pushing = asyncio.ensure_future(push())
    event = await receive()
    await pushing
    await send({"type": "websocket.send", "text": "got " + event["text"]})
    await send({"type": "websocket.close"})


async def flood(scope, receive, send):
    """Sends 2 000 messages of 32 KiB as fast as it may."""
    await accept(receive, send)
    try:
        for number in range(2000):
            await send({"type": "websocket.send", "bytes": number.to_bytes(4, "big") + b"x" * 32764})
            if number % 10 == 0:
                note(f"flood: {number}")
        await send({"type": "websocket.close"})
    except OSError:
        note("flood: OSError")


ROUTES = {name.rstrip("_").replace("_", "-"): function for name, function in list(globals().items())
          if asyncio.iscoroutinefunction(function) and name not in ("answer", "accept")}


async def app(scope, receive, send):
    if scope["type"] == "http":
        return await answer(send, b"not a WebSocket")
    if scope["type"] != "websocket":
        raise RuntimeError("no lifespan here")
    await ROUTES[scope["path"].strip("/")](scope, receive, send)
