"""A FastAPI application: dependencies with yield, validation, uploads, plain functions, a WebSocket."""

import asyncio
import os
import threading
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, File, Form, Header, HTTPException, UploadFile, WebSocket
from fastapi.requests import HTTPConnection
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from conform_raw import note

held = threading.Barrier(30)


@asynccontextmanager
async def lifespan(app):
    note(f"startup {os.getpid()}")
    app.state.sessions = 0
    yield
    note(f"shutdown {os.getpid()}")


app = FastAPI(lifespan=lifespan)


class Order(BaseModel):
    product: str
    count: int = 1


async def session(connection: HTTPConnection):
    connection.app.state.sessions += 1
    try:
        yield f"session of {connection.url.path}"
    except ValueError as error:
        note(f"session saw {error}")
        raise
    finally:
        connection.app.state.sessions -= 1
        note("session closed")


def connection():
    """A plain function: runs on one of anyio's threads."""
    yield threading.current_thread() is threading.main_thread()
    note("connection closed")


@app.post("/orders/{place}")
async def orders(place: str, order: Order, x_token: Annotated[str, Header()] = "none", q: int = 0):
    return {"place": place, "order": order.model_dump(), "token": x_token, "q": q}


@app.get("/session")
async def with_session(name: Annotated[str, Depends(session)], main: Annotated[bool, Depends(connection)]):
    return {"name": name, "main": main, "pid": os.getpid()}


@app.get("/session-fails")
async def session_fails(name: Annotated[str, Depends(session)]):
    raise ValueError("within the session")


@app.get("/session-streams")
async def session_streams(name: Annotated[str, Depends(session)]):
    async def parts():
        for number in range(10):
            yield f"{name} {number}\n"
            await asyncio.sleep(0)

    return StreamingResponse(parts())


@app.get("/plain")
def plain():
    """30 of them wait for one another: anyio has 40 threads, whatever the server's concurrency is."""
    held.wait(30)
    return {"main": threading.current_thread() is threading.main_thread()}


@app.post("/upload")
async def upload(kind: Annotated[str, Form()], files: Annotated[list[UploadFile], File()]):
    import hashlib

    return {
        "kind": kind,
        "files": {file.filename: hashlib.sha256(await file.read()).hexdigest() for file in files},
    }


@app.post("/later", status_code=202)
async def later(tasks: BackgroundTasks):
    tasks.add_task(note, "later: done")
    return {"accepted": True}


@app.get("/missing")
async def missing():
    raise HTTPException(404, {"why": "gone"}, headers={"x-why": "gone"})


@app.websocket("/socket")
async def socket(websocket: WebSocket, name: Annotated[str, Depends(session)], q: int = 0):
    await websocket.accept()
    await websocket.send_json({"name": name, "q": q, "pid": os.getpid()})
    async for text in websocket.iter_text():
        await websocket.send_text(text.upper())
    note("socket: ended")
