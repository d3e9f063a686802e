"""A Starlette application that uses what Starlette offers."""

import asyncio
import contextlib
import os
import tempfile
import time

from starlette.applications import Starlette
from starlette.background import BackgroundTask, BackgroundTasks
from starlette.concurrency import run_in_threadpool
from starlette.endpoints import HTTPEndpoint, WebSocketEndpoint
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.cors import CORSMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import ClientDisconnect
from starlette.responses import (
    FileResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response, StreamingResponse,
)
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles

from conform_raw import BLOCK, note

DIRECTORY = tempfile.mkdtemp()
LARGE = os.path.join(DIRECTORY, "large.bin")
with open(LARGE, "wb") as file:
    file.write(BLOCK * 40)


@contextlib.asynccontextmanager
async def lifespan(app):
    note("startup")
    yield {"started": [os.getpid()], "label": "from the lifespan"}
    note("shutdown")


async def state(request):
    return JSONResponse({"started": request.state.started, "label": request.state.label, "pid": os.getpid()})


async def stream(request):
    async def parts():
        for number in range(int(request.query_params.get("parts", 100))):
            yield f"part {number}\n".encode()
            await asyncio.sleep(0)

    return StreamingResponse(parts(), media_type="text/plain")


async def stream_from_thread(request):
    def parts():
        for number in range(20):
            time.sleep(0.001)
            yield f"part {number}\n"

    return StreamingResponse(parts(), media_type="text/plain")


async def endless(request):
    async def ticks():
        try:
            while True:
                yield b"tick\n"
                await asyncio.sleep(0.01)
        finally:
            note("endless: ended")

    return StreamingResponse(ticks())


async def events(request):
    async def lines():
        for number in range(5):
            yield f"id: {number}\nevent: tick\ndata: {number}\n\n"
            await asyncio.sleep(0.01)

    return StreamingResponse(lines(), media_type="text/event-stream", headers={"cache-control": "no-cache"})


async def file_(request):
    return FileResponse(LARGE, filename="large file \u96ea.bin")


async def background(request):
    tasks = BackgroundTasks()

    async def on_the_loop():
        await asyncio.sleep(0.05)
        note("background: on the loop")

    def on_a_thread(word):
        time.sleep(0.05)
        note("background: " + word)

    tasks.add_task(on_the_loop)
    tasks.add_task(on_a_thread, "on a thread")
    return PlainTextResponse("accepted", background=tasks)


async def background_fails(request):
    async def fail():
        raise RuntimeError("the background task failed")

    return PlainTextResponse("accepted", background=BackgroundTask(fail))


async def body(request):
    return Response(await request.body())


async def request_stream(request):
    total = parts = 0
    try:
        async for part in request.stream():
            total += len(part)
            parts += bool(part)
    except ClientDisconnect:
        note("request_stream: ClientDisconnect")
        raise
    return JSONResponse({"bytes": total, "parts": parts})


async def form(request):
    async with request.form() as form:
        shown = {}
        for key, value in form.multi_items():
            if isinstance(value, str):
                shown[key] = value
            else:
                shown[key] = {"name": value.filename, "type": value.content_type, "bytes": len(await value.read())}
    return JSONResponse(shown)


async def polls_for_leaving(request):
    note("polls")
    for _ in range(3000):
        if await request.is_disconnected():
            note("polls_for_leaving: disconnected")
            return PlainTextResponse("nobody reads this")
        await asyncio.sleep(0.01)
    return PlainTextResponse("stayed")


async def threads(request):
    def work():
        time.sleep(0.1)
        return "worked"

    return PlainTextResponse(await run_in_threadpool(work))


def sync_endpoint(request):
    """A plain function: Starlette runs it on one of anyio's threads."""
    import threading

    return JSONResponse({"main": threading.current_thread() is threading.main_thread()})


async def cookies(request):
    response = JSONResponse(dict(request.cookies))
    response.set_cookie("one", "1", httponly=True, samesite="lax")
    response.set_cookie("two", "2", secure=True, path="/cookies")
    response.delete_cookie("three")
    return response


async def url(request):
    return JSONResponse({
        "url": str(request.url), "base": str(request.base_url), "for": str(request.url_for("url")),
        "client": list(request.client), "path": request.scope["path"], "root": request.scope.get("root_path"),
    })


async def teapot(request):
    raise HTTPException(418, "short and stout", headers={"x-tea": "yes"})


async def error(request):
    raise ValueError("an error of the endpoint")


async def redirect(request):
    return RedirectResponse("/state?after=redirect", status_code=307)


async def early_hints(request):
    # `debug` extensions that this server has or has not.
    return JSONResponse(sorted(request.scope.get("extensions", {})))


class Endpoint(HTTPEndpoint):
    async def get(self, request):
        return PlainTextResponse("got")

    async def delete(self, request):
        return Response(status_code=204)


class Echo(WebSocketEndpoint):
    encoding = "text"

    async def on_connect(self, websocket):
        await websocket.accept(subprotocol="chat" if "chat" in websocket.scope["subprotocols"] else None)

    async def on_receive(self, websocket, data):
        await websocket.send_text(f"{websocket.state.label}: {data}")

    async def on_disconnect(self, websocket, close_code):
        note(f"Echo: {close_code}")


async def socket_json(websocket):
    await websocket.accept()
    async for message in websocket.iter_json():
        if message.get("close"):
            await websocket.close(4000, reason="asked to")
            return
        await websocket.send_json({"got": message})
    note("socket_json: ended")


async def socket_denied(websocket):
    await websocket.send_denial_response(JSONResponse({"why": "no ticket"}, status_code=402))


async def socket_exception(websocket):
    from starlette.exceptions import WebSocketException

    raise WebSocketException(4400, "not like this")


class Adds(BaseHTTPMiddleware):
    async def dispatch(self, request, call_next):
        response = await call_next(request)
        response.headers["x-added"] = request.method
        return response


async def no_page(request, exc):
    return PlainTextResponse("no such page here", status_code=404)


routes = [
    Route("/state", state), Route("/stream", stream), Route("/stream-from-thread", stream_from_thread),
    Route("/endless", endless), Route("/events", events), Route("/file", file_, methods=["GET", "HEAD"]),
    Route("/background", background), Route("/background-fails", background_fails),
    Route("/body", body, methods=["POST"]), Route("/request-stream", request_stream, methods=["POST"]),
    Route("/form", form, methods=["POST"]),
    Route("/threads", threads), Route("/sync", sync_endpoint), Route("/cookies", cookies), Route("/url", url),
    Route("/teapot", teapot), Route("/error", error), Route("/redirect", redirect),
    Route("/extensions", early_hints), Route("/endpoint", Endpoint),
    Mount("/static", StaticFiles(directory=DIRECTORY)),
    Mount("/zipped", app=GZipMiddleware(Starlette(routes=[Route("/stream", stream)]), minimum_size=100)),
    Mount("/bare", app=Starlette(routes=[Route("/url", url, name="url")])),
    WebSocketRoute("/echo", Echo), WebSocketRoute("/socket-json", socket_json),
    WebSocketRoute("/socket-denied", socket_denied), WebSocketRoute("/socket-exception", socket_exception),
]

app = Starlette(
    lifespan=lifespan,
    exception_handlers={404: no_page},
    middleware=[Middleware(CORSMiddleware, allow_origins=["https://roost.test"], allow_methods=["*"])],
    routes=[
        # Below a BaseHTTPMiddleware Starlette's is_disconnected() says no for ever, on any server.
        Route("/polls-for-leaving", polls_for_leaving),
        Mount("", middleware=[Middleware(Adds)], routes=routes),
    ],
)
