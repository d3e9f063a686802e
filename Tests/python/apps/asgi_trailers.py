"""An ASGI application whose answers have trailer fields; the query says what is odd about them."""

import tempfile

notes = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    await PAGES[scope["path"]](scope, receive, send, scope["query_string"].decode())


async def start(send, status=200, headers=(), trailers=True):
    await send({"type": "http.response.start", "status": status, "headers": list(headers), "trailers": trailers})


async def trail(send, *headers, more=None):
    message = {"type": "http.response.trailers", "headers": list(headers)}
    if more is not None:
        message["more_trailers"] = more
    await send(message)


async def one(scope, receive, send, query):
    await start(send)
    await send({"type": "http.response.body", "body": b"body"})
    await trail(send, (b"x-sum", b"230"))


async def several(scope, receive, send, query):
    await start(send)
    for part in (b"a" * 100_000, b"b" * 300_000):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})
    await trail(send, (b"X-Sum", b"1"), (b"X-Sum", b"2"), more=True)
    await trail(send, more=True)
    await trail(send, (b"Server-Timing", b"db;dur=53"), more=False)


async def none(scope, receive, send, query):
    await start(send)
    await send({"type": "http.response.body", "body": b"body"})
    await send({"type": "http.response.trailers"})


async def bodiless(scope, receive, send, query):
    await start(send, status=int(query or 200))
    await send({"type": "http.response.body", "body": b"body"})
    await trail(send, (b"x-sum", b"1"))


async def with_length(scope, receive, send, query):
    await start(send, headers=[(b"content-length", b"4")])
    await send({"type": "http.response.body", "body": b"body"})
    await trail(send, (b"x-sum", b"1"))


async def from_file(scope, receive, send, query):
    await start(send)
    with tempfile.NamedTemporaryFile() as file:
        file.write(b"file")
        file.flush()
        await send({"type": "http.response.pathsend", "path": file.name})
    await trail(send, (b"x-sum", b"1"))


async def named(scope, receive, send, query):
    """A field of the name that the query says; the error is told, and another follows."""
    await start(send)
    await send({"type": "http.response.body", "body": b"body"})
    try:
        await trail(send, (query.encode(), b"value"))
    except ValueError as error:
        notes.append(str(error))
    await trail(send, (b"x-then", b"1"))


ODD = {
    "line-break": [(b"x-sum", b"1\r\nx-more: 1")],
    "name": [(b"x sum", b"1")],
    "text": [("x-sum", "1")],
    "huge": [(b"x-sum", b"1" * 20_000)],
}


async def odd(scope, receive, send, query):
    await start(send)
    await send({"type": "http.response.body", "body": b"body"})
    await trail(send, *ODD[query])


async def misplaced(scope, receive, send, query):
    if query == "unannounced":
        await start(send, trailers=False)
        await send({"type": "http.response.body", "body": b"body"})
    elif query == "early":
        await start(send)
        await send({"type": "http.response.body", "body": b"body", "more_body": True})
    else:
        await one(scope, receive, send, query)
    await trail(send, (b"x-late", b"1"))


async def forgotten(scope, receive, send, query):
    await start(send)
    await send({"type": "http.response.body", "body": b"body"})


async def noted(scope, receive, send, query):
    text = repr(notes).encode()
    notes.clear()
    await start(send, trailers=False)
    await send({"type": "http.response.body", "body": text})


async def extensions(scope, receive, send, query):
    await start(send, trailers=False)
    await send({"type": "http.response.body", "body": repr(sorted(scope["extensions"])).encode()})


PAGES = {
    "/one": one, "/several": several, "/none": none, "/bodiless": bodiless, "/with-length": with_length,
    "/from-file": from_file, "/named": named, "/odd": odd, "/misplaced": misplaced, "/forgotten": forgotten,
    "/notes": noted, "/extensions": extensions,
}
