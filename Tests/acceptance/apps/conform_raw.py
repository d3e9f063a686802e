"""A plain ASGI 3 application, without any framework, that does what its path says.

What happens after the client has its answer is noted as a line of the file `notes` in PROBE_DIRECTORY.
"""

import asyncio
import contextvars
import json
import os
import sys
import tempfile
import threading
from urllib.parse import parse_qsl

DIRECTORY = os.environ.get("PROBE_DIRECTORY", tempfile.gettempdir())
BLOCK = bytes(range(256)) * 256
FILE = os.path.join(DIRECTORY, "sent-file")
seen_by_context = contextvars.ContextVar("seen_by_context", default="nothing")
waiting = set()


def note(line):
    descriptor = os.open(os.path.join(DIRECTORY, "notes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (line + "\n").encode())
    finally:
        os.close(descriptor)


def shown(value):
    """JSON for a scope: bytes as Latin-1, so that a test sees each of them."""
    if isinstance(value, bytes):
        return "bytes:" + value.decode("latin-1")
    if isinstance(value, dict):
        return {str(key): shown(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [shown(item) for item in value]
    return value if isinstance(value, (str, int, float, type(None))) else repr(value)


async def answer(send, body=b"", status=200, headers=()):
    if not isinstance(body, bytes):
        body = json.dumps(body).encode()
    await send({
        "type": "http.response.start", "status": status,
        "headers": [(b"content-length", b"%d" % len(body)), *headers],
    })
    await send({"type": "http.response.body", "body": body})


async def start(send, status=200, headers=()):
    await send({"type": "http.response.start", "status": status, "headers": list(headers)})


async def more(send, body):
    await send({"type": "http.response.body", "body": body, "more_body": True})


async def last(send, body=b""):
    await send({"type": "http.response.body", "body": body})


async def whole_body(receive):
    """The events of a request body: their sizes, and all bytes."""
    parts = []
    while True:
        event = await receive()
        assert event["type"] == "http.request", event
        parts.append(event.get("body", b""))
        if not event.get("more_body", False):
            return parts, b"".join(parts)


async def scope_(scope, receive, send, query):
    view = shown({key: value for key, value in scope.items() if key != "state"})
    view["kinds"] = {
        "headers": type(scope["headers"]).__name__,
        "header": sorted({type(pair).__name__ for pair in scope["headers"]}),
        "name": sorted({type(name).__name__ for name, _ in scope["headers"]}),
        "raw_path": type(scope["raw_path"]).__name__,
        "query_string": type(scope["query_string"]).__name__,
        "scope": type(scope).__name__,
        "main_thread": threading.current_thread() is threading.main_thread(),
        "python": list(sys.version_info[:2]),
    }
    await answer(send, view)


async def scribble(scope, receive, send, query):
    """Changes its scope as middleware does; the next request must not see it."""
    found = sorted(key for key in scope if key == "scribbled" or "scribbled" in scope.get("extensions", {}))
    scope["scribbled"] = True
    scope.setdefault("extensions", {})["scribbled"] = {}
    scope["headers"].append((b"x-scribbled", b"yes"))
    scope["asgi"]["scribbled"] = True
    await answer(send, {"found": found, "headers": shown(scope["headers"]), "asgi": sorted(scope["asgi"])})


async def echo(scope, receive, send, query):
    parts, body = await whole_body(receive)
    await answer(send, body, headers=[(b"x-events", b"%d" % len(parts))])


async def count(scope, receive, send, query):
    """Reads a body of any size without keeping it."""
    import hashlib

    digest, total, largest, going = hashlib.sha256(), 0, 0, True
    while going:
        event = await receive()
        if event["type"] == "http.disconnect":
            note("count: left")
            return
        if not total:
            note("count: begun")
        digest.update(event.get("body", b""))
        total += len(event.get("body", b""))
        largest = max(largest, len(event.get("body", b"")))
        going = event.get("more_body", False)
    await answer(send, {"sha256": digest.hexdigest(), "bytes": total, "largest": largest})


async def converse(scope, receive, send, query):
    """Sends each part of the body back as it comes: both directions at once."""
    await start(send)
    going = True
    while going:
        event = await receive()
        if event["type"] == "http.disconnect":
            note("converse: left")
            return
        going = event.get("more_body", False)
        if event.get("body"):
            await more(send, event["body"])
    await last(send)


async def unread(scope, receive, send, query):
    await answer(send, b"not read", 413 if query.get("refuse") else 200)


async def stream(scope, receive, send, query):
    """`bytes` bytes that depend on their place, in blocks of 64 KiB."""
    left = int(query.get("bytes", 1 << 20))
    await start(send)
    done = 0
    try:
        while left > 0:
            block = BLOCK if left >= len(BLOCK) else BLOCK[:left]
            await more(send, block)
            left -= len(block)
            done += len(block)
            if query.get("progress"):
                with open(os.path.join(DIRECTORY, "progress"), "w") as file:
                    file.write(str(done))
        await last(send)
    except OSError as error:
        note(f"stream: OSError {type(error).__name__}")
        raise


async def drip(scope, receive, send, query):
    """One part, then another after a gate was opened."""
    await start(send)
    await more(send, b"first ")
    while not os.path.exists(os.path.join(DIRECTORY, "open-" + query["gate"])):
        await asyncio.sleep(0.01)
    await more(send, b"second")
    await last(send)


async def shapes(scope, receive, send, query):
    """A body in the odd shapes that the specification allows."""
    await start(send)
    await send({"type": "http.response.body", "more_body": True})
    await more(send, b"")
    await more(send, b"a")
    await more(send, b"")
    await send({"type": "http.response.body", "body": b"b", "more_body": True, "unknown": 1})
    await send({"type": "http.response.body"})


async def bare(scope, receive, send, query):
    """A start without headers, and one body without a length."""
    await send({"type": "http.response.start", "status": int(query.get("status", 200))})
    await send({"type": "http.response.body", "body": query.get("body", "").encode()})


async def fields(scope, receive, send, query):
    await answer(send, b"fields", headers=[
        (b"set-cookie", b"a=1; Path=/"), (b"Set-Cookie", b"b=2; Path=/"), (b"X-Mixed-Case", b"yes"),
        (b"x-latin", "caf\u00e9".encode("latin-1")), (b"x-utf8", "\u96ea".encode()), (b"x-empty", b""),
    ])


async def own_date(scope, receive, send, query):
    await answer(send, b"", headers=[(b"date", b"Thu, 01 Jan 1970 00:00:00 GMT"), (b"server", b"mine")])


async def wait_for_leaving(scope, receive, send, query):
    await whole_body(receive)
    note("waits")
    event = await receive()
    note("wait_for_leaving: " + event["type"])
    again = await receive()
    note("wait_for_leaving again: " + again["type"])
    try:
        await answer(send, b"to nobody")
        note("wait_for_leaving: sent")
    except OSError:
        note("wait_for_leaving: OSError")


async def leaving_between(scope, receive, send, query):
    """Sends for ever, and is told by receive() that nobody listens any more."""
    await whole_body(receive)
    await start(send)
    listener = asyncio.ensure_future(receive())
    try:
        while not listener.done():
            await more(send, b"tick\n")
            await asyncio.sleep(0.01)
        note("leaving_between: " + listener.result()["type"])
    except OSError:
        note("leaving_between: " + (await listener)["type"])


async def after_the_answer(scope, receive, send, query):
    await whole_body(receive)
    await answer(send, b"answered")
    event = await receive()
    note("after_the_answer: " + event["type"])
    try:
        await send({"type": "http.response.body", "body": b"too late"})
        note("after_the_answer: sent")
    except Exception as error:
        note("after_the_answer: " + type(error).__name__)


async def background(scope, receive, send, query):
    """Goes on after its answer until a gate is opened."""
    await answer(send, b"answered")
    while not os.path.exists(os.path.join(DIRECTORY, "open-" + query["gate"])):
        await asyncio.sleep(0.01)
    note("background: done")


async def together(scope, receive, send, query):
    """Answers only when `of` requests are here at once."""
    waiting.add(id(scope))
    while len(waiting) < int(query["of"]):
        await asyncio.sleep(0.005)
    await answer(send, b"together")


async def context(scope, receive, send, query):
    before = seen_by_context.get()
    seen_by_context.set("another request")
    await asyncio.sleep(0)
    await answer(send, before.encode())


async def thread(scope, receive, send, query):
    """Work on another thread, back to the loop: the loop's wake-up from threads."""
    loop = asyncio.get_event_loop()
    name = await loop.run_in_executor(None, lambda: threading.current_thread() is threading.main_thread())
    future = loop.create_future()
    threading.Thread(target=lambda: loop.call_soon_threadsafe(future.set_result, "woken")).start()
    await answer(send, {"on_main": name, "woken": await future})


async def subprocess_(scope, receive, send, query):
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", "print('child')", stdout=asyncio.subprocess.PIPE,
    )
    output, _ = await process.communicate()
    await answer(send, {"output": output.decode().strip(), "status": process.returncode})


async def pathsend(scope, receive, send, query):
    if "http.response.pathsend" not in scope["extensions"]:
        return await answer(send, b"no pathsend", 501)
    with open(FILE, "wb") as file:
        left = int(query["bytes"])
        while left > 0:
            file.write(BLOCK[:left])
            left -= len(BLOCK)
    headers = [(b"content-length", query["bytes"].encode())] if not query.get("bare") else []
    await start(send, headers=headers)
    path = query.get("path", FILE)
    await send({"type": "http.response.pathsend", "path": path})
    note("pathsend: sent")


# What an application must not do.

async def raises_before(scope, receive, send, query):
    raise RuntimeError("raised before the answer")


async def raises_within(scope, receive, send, query):
    await start(send)
    await more(send, b"some of it")
    raise RuntimeError("raised within the answer")


async def raises_after(scope, receive, send, query):
    await answer(send, b"answered")
    raise RuntimeError("raised after the answer")


async def says_nothing(scope, receive, send, query):
    return None


async def half(scope, receive, send, query):
    await start(send)
    await more(send, b"half of it")


async def body_first(scope, receive, send, query):
    await last(send, b"body before start")


async def two_starts(scope, receive, send, query):
    await start(send)
    await start(send)


async def unknown_event(scope, receive, send, query):
    await send({"type": "http.response.nonsense"})


async def bad_header(scope, receive, send, query):
    await answer(send, b"split", headers=[(b"x-split", b"a\r\nInjected: yes")])


async def too_short(scope, receive, send, query):
    await start(send, headers=[(b"content-length", b"10")])
    await last(send, b"short")


async def too_long(scope, receive, send, query):
    await start(send, headers=[(b"content-length", b"5")])
    await last(send, b"much longer than five")


ROUTES = {name.rstrip("_").replace("_", "-"): function for name, function in list(globals().items())
          if asyncio.iscoroutinefunction(function) and name not in ("answer", "start", "more", "last", "whole_body")}


async def app(scope, receive, send):
    if scope["type"] != "http":
        raise RuntimeError("only HTTP here")
    handler = ROUTES.get(scope["path"].strip("/").split("/")[0])
    if handler is None:
        # `/scope` under any path that no other route has: for percent signs and the like.
        handler = scope_
    await handler(scope, receive, send, dict(parse_qsl(scope["query_string"].decode("latin-1"))))
