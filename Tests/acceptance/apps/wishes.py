"""An ASGI application that puts its deadline off, and says that it may run twice. `asgi_probe`'s notes and gates."""

import asyncio
import os
import signal

import asgi_probe
import roost


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await asgi_probe.app(scope, receive, send)
    asgi_probe.note("calls", "%s %s" % (scope["method"], scope["path"]))
    body = b""
    while True:
        message = await receive()
        if message["type"] != "http.request":
            break
        body += message["body"]
        if not message["more_body"]:
            break
    await globals()[scope["path"].strip("/") or "root"](send, body)


async def answer(send, body):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": body})


async def root(send, body):
    await answer(send, str(os.getpid()).encode())


async def extends(send, body):
    roost.extend_deadline(30)
    await asyncio.sleep(2)
    await answer(send, b"in time")


async def extends_too_little(send, body):
    roost.extend_deadline(1)
    await asyncio.sleep(60)


def die_first():
    """Ends this worker, unless one has ended already."""
    try:
        os.mkdir(os.path.join(asgi_probe.DIRECTORY, "ended"))
    except FileExistsError:
        return
    os.kill(os.getpid(), signal.SIGKILL)


async def marked(send, body):
    assert roost.mark_idempotent()
    die_first()
    await answer(send, body)


async def marked_in_a_thread(send, body):
    import contextvars
    context = contextvars.copy_context()
    assert await asyncio.get_running_loop().run_in_executor(None, context.run, roost.mark_idempotent)
    die_first()
    await answer(send, body)


async def marked_late(send, body):
    roost.mark_idempotent()
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"begun", "more_body": True})
    await asyncio.sleep(0.2)
    die_first()


async def unmarked(send, body):
    die_first()
    await answer(send, body)


async def always(send, body):
    roost.mark_idempotent()
    os.kill(os.getpid(), signal.SIGKILL)
