"""An ASGI application that says what it wishes for its request, from all places that a request has."""

import asyncio
import contextvars
import multiprocessing
import threading

import roost

later = {}


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(receive, send)
    found = await PAGES[scope["path"]](scope, receive, send)
    if found is not None:
        await send({"type": "http.response.start", "status": 200})
        await send({"type": "http.response.body", "body": repr(found).encode()})


async def lifespan(receive, send):
    await receive()
    later["lifespan"] = both()
    await send({"type": "lifespan.startup.complete"})
    await receive()
    await send({"type": "lifespan.shutdown.complete"})


def both():
    return roost.extend_deadline(5), roost.mark_idempotent()


async def both_in_a_task():
    return both()


async def extends(scope, receive, send):
    return roost.extend_deadline(float(scope["query_string"]))


async def marks(scope, receive, send):
    return roost.mark_idempotent()


async def everywhere(scope, receive, send):
    """In the task, one that it starts, a thread with its context, one without; and in a child."""
    loop = asyncio.get_running_loop()
    context = contextvars.copy_context()
    found = [both(), await asyncio.ensure_future(both_in_a_task())]
    found.append(await loop.run_in_executor(None, context.run, both))
    bare = []
    thread = threading.Thread(target=lambda: bare.append(both()))
    thread.start()
    thread.join()
    found += bare
    queue = multiprocessing.get_context("fork").SimpleQueue()
    child = multiprocessing.get_context("fork").Process(target=lambda: queue.put(both()))
    child.start()
    found.append(queue.get())
    child.join()
    return found


async def after_the_answer(scope, receive, send):
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": b"done"})
    later["after"] = both()
    loop = asyncio.get_running_loop()
    loop.call_soon(lambda: later.update(returned=both()))


async def crossing(scope, receive, send):
    """Two requests, each in the middle of the other."""
    await asyncio.sleep(0)
    return roost.extend_deadline(7)


async def errors(scope, receive, send):
    found = []
    for seconds in (0, -1, float("nan"), float("inf"), "x", None):
        try:
            found.append(roost.extend_deadline(seconds))
        except (ValueError, TypeError) as error:
            found.append(type(error).__name__)
    return found


async def tells(scope, receive, send):
    return later


async def socket(scope, receive, send):
    await receive()
    before = both()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.send", "text": repr((before, both()))})


PAGES = {
    "/extends": extends, "/marks": marks, "/everywhere": everywhere, "/after": after_the_answer,
    "/crossing": crossing, "/errors": errors, "/later": tells, "/socket": socket,
}
