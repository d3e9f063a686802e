"""A Quart application: another ASGI framework than Starlette, with its own ideas of bodies and of leaving."""

import asyncio
import os

from quart import Quart, Response, jsonify, make_response, request, send_file, stream_with_context, websocket

from conform_raw import FILE, note

app = Quart(__name__)


@app.before_serving
async def before():
    note(f"startup {os.getpid()}")


@app.while_serving
async def during():
    note("while serving: begins")
    yield
    note("while serving: ends")


@app.after_serving
async def after():
    note(f"shutdown {os.getpid()}")


@app.route("/hello/<name>")
async def hello(name):
    return {"name": name, "query": request.args.to_dict(), "cookie": request.cookies.get("a"), "url": request.url}


@app.post("/body")
async def body():
    return await request.get_data()


@app.post("/parts")
async def parts():
    total = 0
    async for part in request.body:
        total += len(part)
    return {"bytes": total}


@app.post("/form")
async def form():
    files = await request.files
    return {"form": (await request.form).to_dict(), "files": {key: len(file.read()) for key, file in files.items()}}


@app.route("/stream")
async def stream():
    @stream_with_context
    async def generate():
        for number in range(100):
            yield f"{request.path} {number}\n".encode()
            await asyncio.sleep(0)

    return generate(), 200, {"x-kind": "stream"}


@app.route("/events")
async def events():
    async def generate():
        try:
            while True:
                yield b"data: tick\n\n"
                await asyncio.sleep(0.01)
        finally:
            note("events: ended")

    response = await make_response(generate(), {"content-type": "text/event-stream"})
    response.timeout = None
    return response


@app.route("/file")
async def file_():
    with open(FILE, "wb") as target:
        target.write(bytes(range(256)) * 4096)
    return await send_file(FILE, conditional=True)


@app.route("/sync")
def sync():
    import threading

    return jsonify(main=threading.current_thread() is threading.main_thread())


@app.route("/background")
async def background():
    async def work():
        await asyncio.sleep(0.05)
        note("background: done")

    app.add_background_task(work)
    return Response("accepted", 202)


@app.route("/waits")
async def waits():
    try:
        note("waits")
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        note("waits: cancelled")
        raise
    return "waited"


@app.route("/error")
async def error():
    raise ValueError("an error of the view")


@app.websocket("/socket")
async def socket():
    await websocket.accept(subprotocol=(websocket.requested_subprotocols or [None])[0], headers={"x-socket": "yes"})
    try:
        while True:
            message = await websocket.receive()
            await websocket.send(message)
    except asyncio.CancelledError:
        note("socket: cancelled")
        raise


@app.websocket("/refused")
async def refused():
    return "no ticket", 402
