"""Serves an ASGI application from a program: `python served_asgi.py PORT HOW`."""

import asyncio
import json
import os
import sys
import threading

import roost

said = []


async def app(scope, receive, send):
    if scope["type"] == "lifespan":
        await receive()
        if "fails" in sys.argv:
            await send({"type": "lifespan.startup.failed", "message": "no database"})
            return
        scope["state"]["started"] = True
        await send({"type": "lifespan.startup.complete"})
        await receive()
        said.append("shut down")
        await send({"type": "lifespan.shutdown.complete"})
        return
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept"})
        while True:
            message = await receive()
            if message["type"] == "websocket.disconnect":
                return
            await send({"type": "websocket.send", "text": message["text"].upper()})
    if scope["path"].endswith("/slow"):
        said.append("slow")
        await asyncio.sleep(1)
    if scope["path"] == "/exits":
        asyncio.get_running_loop().call_soon(sys.exit, 7)
    seen = {key: scope[key] for key in ("scheme", "path", "root_path", "state")}
    seen.update(pid=os.getpid(), thread=threading.current_thread().name, extends=roost.extend_deadline(5), said=said)
    await send({"type": "http.response.start", "status": 200})
    await send({"type": "http.response.body", "body": json.dumps(seen).encode()})


def main():
    how = sys.argv[2] if len(sys.argv) > 2 else ""
    options = {"host": "127.0.0.1", "port": int(sys.argv[1])}
    if how == "mounted":
        options.update(url_prefix="/shop", url_scheme="https")
    if how == "thread":
        thread = threading.Thread(target=roost.serve, args=(app,), kwargs=options, name="server", daemon=True)
        thread.start()
        try:
            thread.join()
        except KeyboardInterrupt:
            pass
        return
    for _ in range(2 if how == "twice" else 1):
        roost.serve(app, **options)
        print("serve returned", said, flush=True)
    asyncio.run(asyncio.sleep(0))
    print("the program goes on", flush=True)


if __name__ == "__main__":
    main()
