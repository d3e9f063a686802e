"""Work whose cost the client chooses: `/sleep?ms=50` waits, `/cpu?ms=20` holds the GIL, any other path answers at once.

The client draws the costs, so every server is given exactly the same work in the same order.
"""

import time
from urllib.parse import parse_qs

MOST_MILLISECONDS = 5_000.0


def spin(seconds):
    """Uses `seconds` of this thread's CPU time, in pure Python: another thread can run only when the GIL is taken."""
    end = time.thread_time() + seconds
    while time.thread_time() < end:
        for _ in range(50):
            pass


def app(environ, start_response):
    path = environ["PATH_INFO"]
    asked = parse_qs(environ["QUERY_STRING"]).get("ms", ["0"])[0]
    seconds = min(float(asked), MOST_MILLISECONDS) / 1000
    if environ["REQUEST_METHOD"] == "POST":
        environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
    if path == "/cpu":
        spin(seconds)
    elif path == "/sleep":
        time.sleep(seconds)
    body = b"done " + path.encode("latin-1") + b"\n"
    start_response("200 OK", [("Content-Type", "text/plain"), ("Content-Length", str(len(body)))])
    return [body]
