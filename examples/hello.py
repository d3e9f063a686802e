"""The smallest thing Roost serves: ``roost serve hello:app --app-dir examples``."""


def app(environ, start_response):
    body = f"Hello from {environ['SERVER_SOFTWARE']}, you asked for {environ['PATH_INFO']}\n".encode()
    start_response("200 OK", [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(body)))])
    return [body]
