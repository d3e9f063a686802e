"""A plain ASGI application that does what its path says, and notes every call and what becomes of it.

The notes go to the directory in PROBE_DIRECTORY: `calls` has a line for each call, `notes` one for each event. `/gate?NAME`
waits there for a file `open-NAME`, without keeping the event loop.
"""

import asyncio
import hashlib
import os
import tempfile
import time

DIRECTORY = os.environ.get("PROBE_DIRECTORY", tempfile.gettempdir())
BLOCK = bytes(range(256)) * 256


def note(name, line):
    descriptor = os.open(os.path.join(DIRECTORY, name), os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, (line + "\n").encode())
    finally:
        os.close(descriptor)


def is_open(gate):
    return any(os.path.exists(os.path.join(DIRECTORY, "open-" + name)) for name in (gate, "every"))


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        while True:
            message = await receive()
            await send({"type": message["type"] + ".complete"})
            if message["type"] == "lifespan.shutdown":
                return
    query = scope["query_string"].decode()
    note("calls", f"{scope['method']} {scope['path']}" + (f"?{query}" if query else ""))
    await ROUTES.get(scope["path"], hello)(scope, receive, send, query)


async def answer(send, body, status=200, fields=()):
    fields = [(b"content-length", str(len(body)).encode()), *fields]
    await send({"type": "http.response.start", "status": status, "headers": fields})
    await send({"type": "http.response.body", "body": body})


async def begin(send, fields=()):
    await send({"type": "http.response.start", "status": 200, "headers": list(fields)})


async def hello(scope, receive, send, query):
    await answer(send, b"Hello\n")


async def pid(scope, receive, send, query):
    await answer(send, str(os.getpid()).encode())


async def gate(scope, receive, send, query):
    """Answers with the worker's number when the gate is open."""
    while not is_open(query):
        await asyncio.sleep(0.01)
    await answer(send, str(os.getpid()).encode())


async def body(receive):
    """Yields the parts of the request's body; ends early when the client leaves."""
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionError("the client has left")
        more = message.get("more_body", False)
        yield message.get("body", b"")


async def digest(scope, receive, send, query):
    """Answers with the length of the body and its digest."""
    state, length = hashlib.sha256(), 0
    try:
        async for part in body(receive):
            state.update(part)
            length += len(part)
    except ConnectionError:
        note("notes", f"left after {length}")
        return
    await answer(send, f"{length} {state.hexdigest()}".encode())


async def echo(scope, receive, send, query):
    """Sends back what comes, as it comes."""
    await begin(send)
    async for part in body(receive):
        await send({"type": "http.response.body", "body": part, "more_body": True})
    await send({"type": "http.response.body"})


async def late(scope, receive, send, query):
    """Takes nothing of the body until the gate is open."""
    while not is_open(query):
        await asyncio.sleep(0.01)
    await digest(scope, receive, send, query)


async def early(scope, receive, send, query):
    """Answers without looking at the body."""
    await answer(send, b"early")


async def stream(scope, receive, send, query):
    """Sends so many blocks of 64 KiB, and notes how many were taken from it."""
    await begin(send)
    try:
        for number in range(int(query)):
            await send({"type": "http.response.body", "body": BLOCK, "more_body": True})
            note("sent", str(number + 1))
        await send({"type": "http.response.body"})
    except OSError as problem:
        note("notes", f"send raised {type(problem).__name__}")
        raise


async def pieces(scope, receive, send, query):
    """Sends pieces of these sizes, "LENGTH,SIZE,SIZE…", whose bytes tell where they stand; with a length if that is not 0."""
    length, *sizes = map(int, query.split(","))
    headers = [(b"content-length", b"%d" % sum(sizes))] if length else []
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    unit = b"".join(number.to_bytes(3, "little") for number in range(70_001))
    start = 0
    for size in sizes:
        text = unit[start % len(unit):] + unit * (size // len(unit) + 1)
        await send({"type": "http.response.body", "body": text[:size], "more_body": True})
        start += size
    await send({"type": "http.response.body"})


async def endless(scope, receive, send, query):
    """Sends until the client leaves."""
    await begin(send)
    try:
        while True:
            await send({"type": "http.response.body", "body": BLOCK, "more_body": True})
    except OSError:
        note("notes", "send raised OSError")


async def waits(scope, receive, send, query):
    """Waits for its client to leave, and notes it."""
    message = await receive()
    while message["type"] == "http.request":
        message = await receive()
    note("notes", message["type"])
    if query == "answer":
        await answer(send, b"still there?")


async def quietly(scope, receive, send, query):
    """Sleeps for ever, and notes when it is cancelled."""
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        note("notes", "cancelled")
        raise


async def sleeps(scope, receive, send, query):
    """Keeps the whole event loop from running."""
    time.sleep(float(query))
    await answer(send, b"awake")


async def computes(scope, receive, send, query):
    """Keeps the event loop busy with something to compute."""
    end = time.monotonic() + float(query)
    while time.monotonic() < end:
        sum(range(1000))
    await answer(send, b"computed")


async def fails(scope, receive, send, query):
    if query == "late":
        await begin(send)
        await send({"type": "http.response.body", "body": b"beginning", "more_body": True})
    raise RuntimeError("on purpose")


ROUTES = {
    "/pid": pid, "/gate": gate, "/digest": digest, "/echo": echo, "/late": late, "/early": early, "/stream": stream,
    "/pieces": pieces,
    "/endless": endless, "/waits": waits, "/quietly": quietly, "/sleeps": sleeps, "/computes": computes,
    "/fails": fails,
}
