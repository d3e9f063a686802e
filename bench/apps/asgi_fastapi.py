"""FastAPI's first example; it is Starlette that routes and answers."""

from fastapi import FastAPI

app = FastAPI(openapi_url=None)


@app.get("/")
async def document():
    return {"message": "Hello, world!"}
