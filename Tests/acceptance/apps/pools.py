"""A Starlette application with a plain endpoint: each call holds one of anyio's threads until the gate opens."""

import contextlib
import time

import anyio.to_thread
import asgi_probe
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def waits(request):
    while not asgi_probe.is_open("gate"):
        time.sleep(0.02)
    return PlainTextResponse("open")


async def at_once(request):
    return PlainTextResponse("at once")


@contextlib.asynccontextmanager
async def lifespan(app):
    anyio.to_thread.current_default_thread_limiter().total_tokens = 3
    yield


app = Starlette(routes=[Route("/waits", waits), Route("/", at_once)], lifespan=lifespan)
