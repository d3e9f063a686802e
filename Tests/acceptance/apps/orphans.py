"""Leaves orphans behind, and counts the dead that nobody took away."""

import os
from pathlib import Path


def zombies():
    count = 0
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            count += path.read_text().rsplit(")", 1)[1].split()[0] == "Z"
        except OSError:
            pass
    return count


def app(environ, start_response):
    body = b""
    if environ["PATH_INFO"] == "/orphan":
        child = os.fork()
        if child == 0:
            if os.fork() == 0:
                os._exit(0)
            os._exit(0)
        os.waitpid(child, 0)
    elif environ["PATH_INFO"] == "/zombies":
        body = b"%d" % zombies()
    start_response("200 OK", [("Content-Length", str(len(body)))])
    return [body]
