"""An ASGI application whose calls wait for threads; the query says of which pool."""

import asyncio
import math
import sys
import threading
import types
from concurrent.futures import ThreadPoolExecutor

gate = threading.Event()
held = []


class Limiter:
    """anyio's, as far as it is looked at."""

    total_tokens = 40

    def statistics(self):
        # As anyio does: in a task only.
        assert asyncio.current_task() is not None
        return types.SimpleNamespace(borrowed_tokens=40, total_tokens=self.total_tokens, tasks_waiting=7)


def pretend_anyio(total, waits=True):
    limiter = Limiter()
    limiter.total_tokens = total
    module = types.ModuleType("anyio.to_thread")
    module.current_default_thread_limiter = lambda: limiter
    sys.modules["anyio.to_thread"] = module


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        raise NotImplementedError
    what, _, number = scope["query_string"].decode().partition("=")
    loop = asyncio.get_running_loop()
    if what == "hold":
        held.extend(loop.run_in_executor(None, gate.wait) for _ in range(int(number)))
    elif what == "release":
        gate.set()
        await asyncio.gather(*held)
        held.clear()
        gate.clear()
    elif what == "replace":
        loop.set_default_executor(ThreadPoolExecutor(int(number)))
    elif what == "anyio":
        pretend_anyio(math.inf if number == "inf" else int(number))
    elif what == "strange":
        sys.modules["anyio.to_thread"] = types.ModuleType("anyio.to_thread")
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": repr(sorted(sys.modules)).encode()})
