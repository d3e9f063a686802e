"""Computes in C, holding the interpreter's lock, for longer than anybody waits."""

import os


def app(environ, start_response):
    if environ["PATH_INFO"] == "/stuck":
        open(os.path.join(os.environ["PROBE_DIRECTORY"], "stuck"), "w").close()
        # A regular expression that backtracks without end.
        import re

        re.match(r"(a*)*b", "a" * 64)
    start_response("200 OK", [("Content-Length", "0")])
    return [b""]
