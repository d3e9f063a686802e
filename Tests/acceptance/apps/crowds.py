"""An ASGI application with one large answer for many: `/large?NUMBER` is 1 MiB in parts of 64 KiB; `/` is small."""

import asgi_probe

PART = 64 << 10


def block(number, index):
    return bytes([(number * 31 + index) % 251]) * PART


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await asgi_probe.app(scope, receive, send)
    if scope["path"] == "/":
        return await asgi_probe.answer(send, b"small")
    number = int(scope["query_string"])
    asgi_probe.note("calls", "GET /large")
    await send({"type": "http.response.start", "status": 200})
    for index in range(16):
        await send({"type": "http.response.body", "body": block(number, index), "more_body": True})
    await send({"type": "http.response.body"})
