"""ASGI applications whose lifespans and forms differ. Loaded by the worker under test."""

import asyncio
import functools
import os
import sys


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": body})


requests = []


def with_lifespan(lifespan):
    async def app(scope, receive, send):
        if scope["type"] == "lifespan":
            await lifespan(scope, receive, send)
        else:
            requests.append(scope["path"])
            if scope["path"] == "/waits":
                print("waiting", flush=True)
                await asyncio.sleep(0.3)
            await answer(send, repr(scope.get("state")).encode())

    return app


async def complete(scope, receive, send):
    assert scope["asgi"]["version"] == "3.0"
    assert await receive() == {"type": "lifespan.startup"}
    scope["state"]["database"] = "open"
    await send({"type": "lifespan.startup.complete"})
    assert await receive() == {"type": "lifespan.shutdown"}
    print("closing the database", flush=True)
    await asyncio.sleep(0.05)
    await send({"type": "lifespan.shutdown.complete"})
    print("behind the shutdown", flush=True)


async def refuses(scope, receive, send):
    raise AssertionError("only http")


async def returns(scope, receive, send):
    return None


async def fails(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": "the database is not there"})


async def fails_oddly(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed", "message": {"code": 7}})


async def fails_silently(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.failed"})
    raise OSError("no disk")


async def fails_like_starlette(scope, receive, send):
    await receive()
    try:
        raise ConnectionError("no route to the database")
    except ConnectionError:
        await send({"type": "lifespan.startup.failed", "message": "Traceback\nConnectionError: no route to the database\n"})
        raise


async def raises(scope, receive, send):
    await receive()
    raise KeyError("DATABASE_URL")


async def exits(scope, receive, send):
    await receive()
    sys.exit(4)


async def slow(scope, receive, send):
    await receive()
    print("starting", flush=True)
    await asyncio.sleep(0.5)
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


async def endless(scope, receive, send):
    await receive()
    print("starting", flush=True)
    await asyncio.sleep(3600)


async def shutdown_fails(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.failed", "message": "the database would not close"})


async def shutdown_raises(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    raise OSError("disk full")


async def dies_early(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await asyncio.sleep(0)
    raise OSError("the lifespan is over")


async def breaks(scope, receive, send):
    """Fails once a request was served."""
    await receive()
    await send({"type": "lifespan.startup.complete"})
    while not requests:
        await asyncio.sleep(0.01)
    raise OSError("the ticker stopped")


async def schedules_its_end(scope, receive, send):
    """As Streamlit does: what ends it runs behind the shutdown."""
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()

    async def runtime():
        await stop.wait()
        await asyncio.sleep(0.02)
        print("the runtime has stopped", flush=True)

    task = asyncio.ensure_future(runtime())
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    loop.call_soon_threadsafe(stop.set)
    await send({"type": "lifespan.shutdown.complete"})
    assert task is not None


async def leaves_tasks(scope, receive, send):
    async def worker():
        try:
            await asyncio.sleep(3600)
        finally:
            print("the task was cancelled", flush=True)

    task = asyncio.ensure_future(worker())
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})
    assert task is not None


async def twice(scope, receive, send):
    await receive()
    await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.startup.complete"})


async def unknown_message(scope, receive, send):
    await receive()
    await send({"type": "lifespan.begun"})


for _name, _lifespan in list(globals().items()):
    if asyncio.iscoroutinefunction(_lifespan) and _name != "answer":
        globals()["app_" + _name] = with_lifespan(_lifespan)


# Forms of applications


async def naive(scope, receive, send):
    """Answers whatever it is called for."""
    await receive()
    await answer(send, b"{}")


async def function(scope, receive, send):
    await answer(send, b"function")


class Instance:
    async def __call__(self, scope, receive, send):
        await answer(send, b"instance")


instance = Instance()


class Wrapper:
    """Not a coroutine function itself."""

    def __init__(self, inner):
        self.inner = inner

    def __call__(self, scope, receive, send):
        return self.inner(scope, receive, send)


wrapper = Wrapper(function)


class Slotted:
    """Keeps its call in a slot, as Sentry's middleware does."""

    __slots__ = ("__call__",)

    def __init__(self):
        self.__call__ = self.run

    async def run(self, scope, receive, send):
        await answer(send, b"slotted")


slotted = Slotted()


async def with_option(option, scope, receive, send):
    await answer(send, option)


partial = functools.partial(with_option, b"partial")


@functools.wraps(function)
def decorated(*arguments):
    return function(*arguments)


class Endpoint:
    """Awaited, as Starlette's class-based endpoints are."""

    def __init__(self, scope, receive, send):
        self.send = send

    def __await__(self):
        return answer(self.send, b"endpoint").__await__()


class Double:
    """ASGI 2."""

    def __init__(self, scope):
        assert "type" in scope

    async def __call__(self, receive, send):
        await answer(send, b"double")


def double_function(scope):
    async def run(receive, send):
        await answer(send, b"double function")

    return run


class Dash:
    """Called with anything, and carries an application that tells what it is."""

    server = instance

    def __call__(self, *arguments, **options):
        raise AssertionError("the server is to be called")


dash = Dash()


def hidden(*arguments):
    return function(*arguments)


def wsgi(environ, start_response):
    start_response("200 OK", [])
    return [b"wsgi"]


class WSGIClass:
    def __init__(self, environ, start_response):
        self.start_response = start_response

    def __iter__(self):
        self.start_response("200 OK", [])
        return iter([b"wsgi class"])


async def factory():
    return function


# Loops

if os.environ.get("TEST_LOOP_AT_IMPORT"):
    early_loop = asyncio.get_event_loop_policy().new_event_loop()
    asyncio.set_event_loop(early_loop)
    early_lock = asyncio.Lock()


async def loop_name(scope, receive, send):
    loop = asyncio.get_running_loop()
    same = ""
    if os.environ.get("TEST_LOOP_AT_IMPORT"):
        async with early_lock:
            same = " %s" % (loop is early_loop)
    await answer(send, (type(loop).__module__ + same).encode())
