"""A Django project in one file: `django_site:wsgi` and `django_site:asgi` are its two faces."""

import asyncio
import fcntl
import os
import tempfile
import threading
import time

import django
from django.conf import settings

DIRECTORY = os.environ.get("PROBE_DIRECTORY", tempfile.gettempdir())

settings.configure(
    ALLOWED_HOSTS=["*"],
    DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": os.path.join(DIRECTORY, "site.sqlite")}},
    DATA_UPLOAD_MAX_MEMORY_SIZE=None,
    DEBUG=False,
    INSTALLED_APPS=["django.contrib.sessions", "django.contrib.messages", "django.contrib.contenttypes"],
    LOGGING={
        "version": 1, "disable_existing_loggers": False,
        "handlers": {"console": {"class": "logging.StreamHandler"}},
        "loggers": {"django": {"handlers": ["console"], "level": "ERROR"}},
    },
    MIDDLEWARE=[
        "django.middleware.security.SecurityMiddleware",
        "django.contrib.sessions.middleware.SessionMiddleware",
        "django.middleware.common.CommonMiddleware",
        "django.middleware.csrf.CsrfViewMiddleware",
        "django.middleware.gzip.GZipMiddleware",
    ],
    ROOT_URLCONF=__name__,
    SECRET_KEY="only for tests",
    SESSION_COOKIE_SAMESITE="Lax",
)
django.setup()

from django.core.asgi import get_asgi_application  # noqa: E402
from django.core.files.uploadedfile import UploadedFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.http import FileResponse, HttpResponse, JsonResponse, StreamingHttpResponse  # noqa: E402
from django.middleware.csrf import get_token  # noqa: E402
from django.urls import path  # noqa: E402
from django.views.decorators.csrf import csrf_exempt  # noqa: E402

from conform_raw import BLOCK, note  # noqa: E402


def where(request):
    return JsonResponse({
        "method": request.method, "path": request.path, "query": request.GET.dict(), "scheme": request.scheme,
        "host": request.get_host(), "address": request.META.get("REMOTE_ADDR"), "pid": os.getpid(),
        "header": request.headers.get("X-One"), "full": request.build_absolute_uri(),
        "main": threading.current_thread() is threading.main_thread(),
    })


def counter(request):
    """A session in the database: it goes on whichever process answers."""
    request.session["count"] = request.session.get("count", 0) + 1
    return JsonResponse({"count": request.session["count"], "pid": os.getpid()})


def token(request):
    return HttpResponse(get_token(request))


def guarded(request):
    return HttpResponse("posted " + request.POST["word"])


@csrf_exempt
def upload(request):
    shown = {key: value for key, value in request.POST.items()}
    for key, file in request.FILES.items():
        assert isinstance(file, UploadedFile)
        shown[key] = {"name": file.name, "bytes": file.size, "sum": sum(sum(part) for part in file.chunks())}
    return JsonResponse(shown)


@csrf_exempt
def body(request):
    return HttpResponse(request.body, content_type="application/octet-stream")


def stream(request):
    return StreamingHttpResponse((f"line {number}\n" for number in range(1000)), content_type="text/plain")


async def async_stream(request):
    async def lines():
        try:
            for number in range(int(request.GET.get("lines", 1000))):
                yield f"line {number}\n"
                await asyncio.sleep(0.001 if request.GET.get("slow") else 0)
        except asyncio.CancelledError:
            note("async_stream: cancelled")
            raise

    return StreamingHttpResponse(lines(), content_type="text/plain")


def download(request):
    name = os.path.join(DIRECTORY, f"download-{os.getpid()}")
    with open(name, "wb") as file:
        file.write(BLOCK * 10)
    return FileResponse(open(name, "rb"), as_attachment=True, filename="download.bin")


inside = 0


async def async_view(request):
    """Tells how many are in this view at once."""
    global inside
    inside += 1
    most = 0
    for _ in range(20):
        await asyncio.sleep(0.01)
        most = max(most, inside)
    inside -= 1
    return JsonResponse({"most": most})


def sync_view(request):
    """Under ASGI each request has a thread of its own for these, under WSGI it has one of the server's."""
    time.sleep(0.2)
    return JsonResponse({"thread": [os.getpid(), threading.get_ident()]})


async def waits(request):
    try:
        note("waits")
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        note("waits: cancelled")
        raise
    return HttpResponse("waited")


def error(request):
    raise ValueError("an error of the view")


urlpatterns = [
    path("where/<path:rest>", lambda request, rest: where(request)), path("where", where),
    path("counter", counter), path("token", token), path("guarded", guarded), path("upload", upload),
    path("body", body), path("stream", stream), path("async-stream", async_stream), path("download", download),
    path("async", async_view), path("sync", sync_view), path("waits", waits), path("error", error),
]

# Several workers import this at once.
with open(os.path.join(DIRECTORY, "site.lock"), "w") as lock:
    fcntl.flock(lock, fcntl.LOCK_EX)
    call_command("migrate", verbosity=0, interactive=False)

wsgi = get_wsgi_application()
asgi = get_asgi_application()
