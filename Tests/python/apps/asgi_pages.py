"""Small ASGI applications, one for each path. Loaded by the worker under test, on CPython 3.9 and later."""

import asyncio
import gc
import os
import signal
import sys
import tempfile
import threading
import weakref

PLAIN = [(b"content-type", b"text/plain")]
#: What became of things that no response can tell, to be asked for at /notes.
notes = []
events = {}


def event(name):
    return events.setdefault(name, asyncio.Event())


async def answer(send, body, status=200, headers=PLAIN):
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body})


async def hello(scope, receive, send):
    await answer(send, b"Hello")


async def scope_text(scope, receive, send):
    await answer(send, repr({key: value for key, value in scope.items() if key != "state"}).encode())


async def scope_types(scope, receive, send):
    assert type(scope) is dict and type(scope["headers"]) is list
    assert all(type(pair) is tuple and type(pair[0]) is bytes is type(pair[1]) for pair in scope["headers"])
    await answer(send, b"as they should be")


async def notes_text(scope, receive, send):
    text = repr(notes)
    notes.clear()
    await answer(send, text.encode())


async def sets(scope, receive, send):
    event(scope["query_string"].decode()).set()
    await answer(send, b"set")


async def echo(scope, receive, send):
    body, parts = b"", 0
    while True:
        message = await receive()
        assert message["type"] == "http.request", message
        body += message["body"]
        parts += 1
        if not message["more_body"]:
            break
    await answer(send, b"%d:" % parts + body)


async def first_part(scope, receive, send):
    """Receives one part; the rest when it is told to."""
    message = await receive()
    notes.append("received")
    await event("rest").wait()
    event("rest").clear()
    size = len(message["body"])
    while message["more_body"]:
        message = await receive()
        size += len(message["body"])
    await answer(send, b"%d" % size)


async def after_the_body(scope, receive, send):
    """What receive gives when the body has been received."""
    first = await receive()
    notes.append((first["type"], first["body"], first["more_body"]))
    second = await receive()
    notes.append(second)
    await answer(send, b"too late?")


async def sends_when_told(scope, receive, send):
    await receive()
    notes.append("received")
    await event("send").wait()
    event("send").clear()
    try:
        await answer(send, b"too late")
    except OSError as error:
        notes.append("OSError: %s" % error)


async def after_the_answer(scope, receive, send):
    waiting = asyncio.ensure_future(receive_second(receive))
    await asyncio.sleep(0)
    await answer(send, b"done")
    notes.append(await waiting)
    notes.append(await receive())


async def receive_second(receive):
    await receive()
    return await receive()


async def streams(scope, receive, send):
    """As many bytes as asked for, in parts of 10 000; notes how far it came."""
    size = int(scope["query_string"])
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    sent = 0
    while sent < size:
        part = bytes(min(10_000, size - sent))
        await send({"type": "http.response.body", "body": part, "more_body": True})
        sent += len(part)
        notes[:] = [sent]
    await send({"type": "http.response.body"})


async def large(scope, receive, send):
    size = int(scope["query_string"])
    await answer(send, (b"0123456789" * (size // 10 + 1))[:size])


async def large_view(scope, receive, send):
    await answer(send, memoryview(bytearray(b"view" * 25_000)))


async def head_first(scope, receive, send):
    """The head, and the body when it is told to."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await event("body").wait()
    event("body").clear()
    await send({"type": "http.response.body", "body": b"late"})


async def late_head(scope, receive, send):
    await asyncio.sleep(0)
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await event("late").wait()
    event("late").clear()
    await send({"type": "http.response.body", "body": b"later"})


async def late_whole(scope, receive, send):
    await asyncio.sleep(0)
    await answer(send, b"whole")


async def headers(scope, receive, send):
    """Any kind of headers that may be given."""
    kinds = {
        "lists": [[b"X-A", b"1"], [b"x-b", b"2"]],
        "tuple": ((b"x-a", b"1"), (b"x-b", b"2")),
        "generator": (pair for pair in [(b"x-a", b"1"), (b"x-b", b"2")]),
        "none": None,
        "hop": [(b"connection", b"keep-alive"), (b"Transfer-Encoding", b"chunked"), (b"x-a", b"1")],
        "str": [("x-a", "1")],
        "break": [(b"x-a", b"1\r\nx-b: 2")],
        "name": [(b"x a", b"1")],
        "empty-name": [(b"", b"1")],
        "three": [(b"a", b"b", b"c")],
        "number": 7,
        "huge": [(b"x-a", b"x" * 70_000)],
        "two-lengths": [(b"content-length", b"1"), (b"content-length", b"1")],
        "no-length": [(b"content-length", b"many")],
    }
    await answer(send, b"1", headers=kinds[scope["query_string"].decode()])


async def statuses(scope, receive, send):
    status = eval(scope["query_string"].decode())
    await answer(send, b"body" if scope["method"] != "HEAD" else b"body", status=status)


async def declared(scope, receive, send):
    """A Content-Length, and a body in parts of other lengths: `?10,3,4`."""
    count, *parts = scope["query_string"].decode().split(",")
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", count.encode())]})
    for part in parts:
        await send({"type": "http.response.body", "body": b"x" * int(part), "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def messages(scope, receive, send):
    """Sends what the query says, and answers with the error it got."""
    for message in eval(scope["query_string"].decode().replace("%20", " ")):
        try:
            await send(message)
        except Exception as error:
            await answer(send, ("%s: %s" % (type(error).__name__, error)).encode())
            return


class Mapping(dict):
    """A dict of another class, as some frameworks send."""


async def other_mappings(scope, receive, send):
    await send(Mapping(type="http.response.start", status=200, headers=PLAIN))
    await send(Mapping(type="http.response.body", body=bytearray(b"mapped")))


async def pathsend(scope, receive, send):
    kind = scope["query_string"].decode()
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"" if kind.startswith("empty") else b"0123456789")
    length = {"short": b"4", "empty-long": b"4", "long": b"11"}.get(kind)
    length = [(b"content-length", length)] if length else []
    path = {"missing": file.name + ".not", "directory": os.path.dirname(file.name), "bytes": b"/x", "nul": file.name + "\0.png"}.get(kind, file.name)
    try:
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await send({"type": "http.response.pathsend", "path": path})
    finally:
        os.unlink(file.name)


async def strange_pathsend(scope, receive, send):
    """A file whose name is not UTF-8, or one that nobody writes to."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, os.fsdecode(b"caf\xe9"))
        if scope["query_string"] == b"fifo":
            os.mkfifo(path)
        else:
            with open(path, "wb") as file:
                file.write(b"0123456789")
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.pathsend", "path": path})


async def late_pathsend(scope, receive, send):
    """The file's path when the head has gone out."""
    with tempfile.NamedTemporaryFile(delete=False) as file:
        file.write(b"0123456789")
    length = [(b"content-length", b"10")] if scope["query_string"] else []
    try:
        await send({"type": "http.response.start", "status": 200, "headers": length})
        await asyncio.sleep(0.01)
        await send({"type": "http.response.pathsend", "path": file.name})
    finally:
        os.unlink(file.name)


async def raises(scope, receive, send):
    raise ValueError("the application is unhappy")


async def raises_midway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    raise ValueError("half way")


async def raises_behind(scope, receive, send):
    await answer(send, b"all of it")
    raise ValueError("behind the answer")


async def answers_nothing(scope, receive, send):
    pass


async def answers_half(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})


async def raises_behind_head(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    raise ValueError("behind the head")


async def receives_in_a_task(scope, receive, send):
    """Returns without an answer while a task of its own waits for what does not come."""

    async def reads():
        await receive()
        notes.append((await receive())["type"])

    events["reader"] = asyncio.ensure_future(reads())
    await asyncio.sleep(0.01)


async def marks_its_scope(scope, receive, send):
    marked = "mark" in scope["asgi"]
    scope["asgi"]["mark"] = scope["extensions"]["mark"] = True
    await answer(send, repr(marked).encode())


async def header_generators(scope, receive, send):
    await answer(send, b"generated", headers=((part for part in pair) for pair in [(b"x-a", b"1"), (b"x-b", b"2")]))


class Resource:
    """Something that a request has, and that must not outlive it."""


async def raises_with_a_resource(scope, receive, send):
    resource = Resource()
    gc.disable()
    weakref.finalize(resource, notes.append, "released")
    raise ValueError("with %r" % resource)


async def catches_every_exit(scope, receive, send):
    """Keeps to itself what a signal's handler raises."""
    try:
        os.kill(os.getpid(), signal.SIGTERM)
        while True:
            pass
    except BaseException:
        await asyncio.sleep(3600)


async def answers_midway(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})


async def background(scope, receive, send):
    await answer(send, b"at once")
    await event("background").wait()
    event("background").clear()
    notes.append("background done")


async def sends_later(scope, receive, send):
    """Leaves a task behind that sends when its request is over."""

    async def later():
        await event("later").wait()
        try:
            await send({"type": "http.response.body", "body": b"?"})
        except Exception as error:
            notes.append("%s: %s" % (type(error).__name__, error))
        notes.append(await receive())

    events["task"] = asyncio.ensure_future(later())
    await answer(send, b"first")


async def waits(scope, receive, send):
    """Until its client has left."""
    assert (await receive())["type"] == "http.request"
    notes.append("waiting")
    notes.append((await receive())["type"])


async def sends_to_nobody(scope, receive, send):
    """Streams until send says that nobody is there."""
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    try:
        while True:
            await send({"type": "http.response.body", "body": bytes(10_000), "more_body": True})
            await asyncio.sleep(0)
    except OSError as error:
        notes.append("OSError: %s" % error)
        if scope["query_string"] == b"wrapped":
            raise RuntimeError("the client is gone") from error
    if scope["query_string"] == b"other":
        raise KeyError("of the application's own")


async def loops(scope, receive, send):
    print("looping", flush=True)
    notes.append("begun")
    await asyncio.sleep(3600)


async def loops_behind_head(scope, receive, send):
    await send({"type": "http.response.start", "status": 200, "headers": PLAIN})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await asyncio.sleep(3600)


async def catches(scope, receive, send):
    notes.append("begun")
    try:
        await asyncio.sleep(3600)
    except asyncio.CancelledError:
        await answer(send, b"caught")


async def meets(scope, receive, send):
    """Answers when three of them are there."""
    meeting = events.setdefault("meeting", {"count": 0, "event": asyncio.Event()})
    meeting["count"] += 1
    if meeting["count"] == 3:
        meeting["event"].set()
        del events["meeting"]
    await meeting["event"].wait()
    await answer(send, b"met")


async def current(scope, receive, send):
    task = asyncio.current_task()
    assert task in asyncio.all_tasks() and asyncio.get_running_loop() is task.get_loop()
    assert threading.current_thread() is threading.main_thread()
    await asyncio.wait_for(asyncio.sleep(0), 5)
    async with asyncio.Lock():
        pass
    result = await asyncio.get_running_loop().run_in_executor(None, threading.get_ident)
    assert result != threading.get_ident()
    await answer(send, type(asyncio.get_running_loop()).__module__.encode())


async def two_readers(scope, receive, send):
    """One is cancelled; the other gets the message."""
    await receive()
    first, second = asyncio.ensure_future(receive()), asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    notes.append("cancelled")
    message = await second
    await answer(send, repr((first.cancelled(), message["type"])).encode())


async def state(scope, receive, send):
    scope["state"]["count"] = scope["state"].get("count", 0) + 1
    scope["state"].get("shared", []).append("x")
    await answer(send, repr(scope["state"]).encode())


async def forks(scope, receive, send):
    child = os.fork()
    if child == 0:
        kind = scope["query_string"].decode()
        if kind == "raises":
            raise ValueError("in the child")
        if kind == "waits":
            await asyncio.sleep(0.01)
        if kind == "answers":
            await answer(send, b"child")
        return
    _, status = os.waitpid(child, 0)
    await answer(send, b"child: %d" % os.WEXITSTATUS(status))


async def exits(scope, receive, send):
    await answer(send, b"bye")
    sys.exit(3)


async def exits_in_a_task(scope, receive, send):
    async def leave():
        sys.exit(3)

    await answer(send, b"bye")
    events["task"] = asyncio.ensure_future(leave())


async def counts(scope, receive, send):
    import gc

    gc.collect()
    streams = sum(type(item).__name__ in ("Stream", "Task") for item in gc.get_objects())
    with open("/proc/self/statm") as file:
        resident = int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    await answer(send, b"%d %d" % (streams, resident))


# WebSockets


async def ws_echo(scope, receive, send):
    assert (await receive()) == {"type": "websocket.connect"}
    await send({"type": "websocket.accept"})
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            notes.append(message)
            return
        assert len(message) == 2
        await send(dict(message, type="websocket.send"))


async def ws_accept(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept", "subprotocol": scope["subprotocols"][0], "headers": [(b"x-a", b"1")]})
    await send({"type": "websocket.send", "text": repr(scope["subprotocols"])})
    await send({"type": "websocket.close", "code": 3001, "reason": "na\u00efve"})
    notes.append(await receive())
    try:
        await send({"type": "websocket.send", "text": "?"})
    except RuntimeError as error:
        notes.append(str(error))


async def ws_refuse(scope, receive, send):
    await receive()
    await send({"type": "websocket.close"})
    notes.append(await receive())


async def ws_deny(scope, receive, send):
    await receive()
    await send({"type": "websocket.http.response.start", "status": 401, "headers": PLAIN})
    await send({"type": "websocket.http.response.body", "body": b"who ", "more_body": True})
    await send({"type": "websocket.http.response.body", "body": b"are you?"})


async def ws_denies_half(scope, receive, send):
    await send({"type": "websocket.http.response.start", "status": 401, "headers": PLAIN})


async def ws_sends_in_a_task(scope, receive, send):
    """Returns while a task of its own waits for a client that takes nothing."""
    await receive()
    await send({"type": "websocket.accept"})

    async def floods():
        try:
            while True:
                await send({"type": "websocket.send", "bytes": bytes(100_000)})
        except Exception as error:
            notes.append(type(error).__name__)

    events["writer"] = asyncio.ensure_future(floods())
    await asyncio.sleep(0.05)


async def ws_nothing(scope, receive, send):
    await receive()


async def ws_raises_early(scope, receive, send):
    raise ValueError("before accept")


async def ws_raises(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    await receive()
    raise ValueError("in the WebSocket")


async def ws_returns(scope, receive, send):
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "bytes": b"x" * int(scope["query_string"] or 1)})


async def ws_waits(scope, receive, send):
    """Accepts when it is told to."""
    notes.append((await receive())["type"])
    notes.append(await receive())
    try:
        await send({"type": "websocket.accept"})
    except OSError as error:
        notes.append("OSError: %s" % error)


async def ws_floods(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    notes[:] = [0]
    try:
        while True:
            await send({"type": "websocket.send", "text": "x" * 1000})
            notes[0] += 1
    except OSError as error:
        notes.append("OSError: %s" % error)


async def ws_silent(scope, receive, send):
    """Receives nothing until it is told to; then tells how much there was."""
    await receive()
    await send({"type": "websocket.accept"})
    await event("listen").wait()
    event("listen").clear()
    sizes = []
    while True:
        message = await receive()
        if message["type"] == "websocket.disconnect":
            break
        sizes.append(len(message.get("bytes") or message["text"]))
        if sizes[-1] == 1:
            break
    await send({"type": "websocket.send", "text": repr(sizes)})


async def ws_messages(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    for message in eval(scope["query_string"].decode().replace("%20", " ")):
        try:
            await send(message)
            text = "sent"
        except Exception as error:
            text = "%s: %s" % (type(error).__name__, error)
        await send({"type": "websocket.send", "text": text})


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        assert (await receive())["type"] == "lifespan.startup"
        scope["state"]["shared"] = []
        await send({"type": "lifespan.startup.complete"})
        assert (await receive())["type"] == "lifespan.shutdown"
        print("shut down in order", flush=True)
        await send({"type": "lifespan.shutdown.complete"})
        return
    name = scope["path"].strip("/").partition("/")[0].replace("-", "_")
    await globals()[name](scope, receive, send)
