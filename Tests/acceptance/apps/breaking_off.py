"""Applications whose answers are broken off, and what of them is closed is noted."""

import asyncio
import time

from conform_raw import last, more, note, start


async def parts(name):
    try:
        while True:
            yield b"part\n"
    finally:
        note(f"{name}: closed")


async def streams(send, name):
    """Its frame, and with it the generator, is held by the error that ends it."""
    generator = parts(name)
    async for part in generator:
        await more(send, part)


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await start(send)
    if scope["path"] == "/":
        await last(send)
    else:
        await streams(send, scope["path"])


async def endless(scope, receive, send):
    if scope["type"] == "lifespan":
        return
    await start(send)
    while True:
        await more(send, b"tick\n")
        await asyncio.sleep(0.1)


def endless_wsgi(environ, start_response):
    start_response("200 OK", [])
    while True:
        yield b"tick\n"
        time.sleep(0.1)
