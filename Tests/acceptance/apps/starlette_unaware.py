"""A Starlette application below middleware that drops every message it does not know, as some that compress do."""

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import FileResponse, JSONResponse
from starlette.routing import Route


class Unaware:
    def __init__(self, app):
        self.app = app

    async def __call__(self, scope, receive, send):
        async def pass_on(message):
            if message["type"] in ("http.response.start", "http.response.body"):
                await send(message)

        await self.app(scope, receive, send if scope["type"] != "http" else pass_on)


async def file_(request):
    return FileResponse(__file__)


async def extensions(request):
    return JSONResponse(sorted(request.scope["extensions"]))


app = Starlette(
    routes=[Route("/file", file_), Route("/extensions", extensions)], middleware=[Middleware(Unaware)],
)
