"""An ASGI application with trailer fields: `/PARTS` sends so many parts of 100 000 bytes, then their digest."""

import hashlib


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    assert ("http.response.trailers" in scope["extensions"]) is (scope["http_version"] != "1.0")
    digest = hashlib.sha256()
    await send({"type": "http.response.start", "status": 200, "headers": [(b"x-a", b"b")], "trailers": True})
    for number in range(int(scope["path"][1:])):
        part = bytes([number % 256]) * 100_000
        digest.update(part)
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body", "body": b"end"})
    digest.update(b"end")
    await send({"type": "http.response.trailers", "headers": [(b"x-parts", scope["path"][1:].encode())],
                "more_trailers": True})
    await send({"type": "http.response.trailers", "headers": [(b"digest", digest.hexdigest().encode())]})
