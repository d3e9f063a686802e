"""Applications with each kind of lifespan. What happens is noted as in conform_raw."""

import asyncio
import os

from conform_raw import answer, note


async def lifespan(scope, receive, send, state=None):
    assert (await receive())["type"] == "lifespan.startup"
    note(f"startup {os.getpid()}")
    if state is not None:
        scope["state"].update(state)
    await send({"type": "lifespan.startup.complete"})
    assert (await receive())["type"] == "lifespan.shutdown"
    note(f"shutdown {os.getpid()}")
    await send({"type": "lifespan.shutdown.complete"})


async def say_state(scope, receive, send):
    """Tells what the state holds, then changes it at the top and below."""
    state = scope.get("state")
    seen = None if state is None else {"keys": sorted(state), "list": list(state.get("list", []))}
    if state is not None:
        state["added"] = True
        state.get("list", []).append("request")
    await answer(send, {"pid": os.getpid(), "state": seen})


async def with_state(scope, receive, send):
    if scope["type"] == "lifespan":
        return await lifespan(scope, receive, send, {"list": ["start-up"]})
    await say_state(scope, receive, send)


async def refuses(scope, receive, send):
    if scope["type"] != "http":
        raise NotImplementedError("no lifespan here")
    await say_state(scope, receive, send)


async def ignores(scope, receive, send):
    """Returns from the lifespan scope without a word."""
    if scope["type"] == "http":
        await say_state(scope, receive, send)


async def leaves_early(scope, receive, send):
    """Starts, and returns without waiting for the shutdown."""
    if scope["type"] == "lifespan":
        await receive()
        return await send({"type": "lifespan.startup.complete"})
    await say_state(scope, receive, send)


async def fails(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        return await send({"type": "lifespan.startup.failed", "message": "the cellar is flooded"})
    await say_state(scope, receive, send)


async def raises(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        raise RuntimeError("the cellar is locked")
    await say_state(scope, receive, send)


async def fails_to_stop(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        note(f"shutdown {os.getpid()}")
        return await send({"type": "lifespan.shutdown.failed", "message": "the door is stuck"})
    await say_state(scope, receive, send)


async def schedules_its_end(scope, receive, send):
    """Leaves work to the loop after it said that it is done, as Streamlit does."""
    if scope["type"] == "lifespan":
        await receive()
        await send({"type": "lifespan.startup.complete"})
        await receive()
        asyncio.get_event_loop().call_soon(note, f"scheduled {os.getpid()}")
        return await send({"type": "lifespan.shutdown.complete"})
    await say_state(scope, receive, send)


async def keeps_a_task(scope, receive, send):
    """A background task that lives as long as the app does, as many apps start one."""
    if scope["type"] == "lifespan":
        await receive()

        async def tick():
            try:
                while True:
                    await asyncio.sleep(0.01)
                    scope["state"]["ticks"].append(1)
            except asyncio.CancelledError:
                note("ticker cancelled")
                raise

        scope["state"]["ticks"] = []
        task = asyncio.ensure_future(tick())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        return await send({"type": "lifespan.shutdown.complete"})
    await answer(send, {"ticks": len(scope["state"]["ticks"])})


async def breaks(scope, receive, send):
    """Its lifespan fails, in one worker for each file `break`."""
    if scope["type"] != "lifespan":
        return await answer(send, {"pid": os.getpid()})
    await receive()
    await send({"type": "lifespan.startup.complete"})
    shutdown = asyncio.ensure_future(receive())
    while not (await asyncio.wait([shutdown], timeout=0.02))[0]:
        try:
            os.unlink(os.path.join(os.environ["PROBE_DIRECTORY"], "break"))
        except FileNotFoundError:
            continue
        shutdown.cancel()
        raise RuntimeError("the ticker stopped")
    await send({"type": "lifespan.shutdown.complete"})


class Instance:
    """An application that is an object, with the lifespan in a method."""

    async def __call__(self, scope, receive, send):
        await with_state(scope, receive, send)


instance = Instance()


def factory():
    return Instance()


def double(scope):
    """An ASGI 2 application: a callable that returns one."""

    async def run(receive, send):
        await refuses(scope, receive, send)

    return run
