"""`examples/report_dash.py`, whose answers say which worker gave them; `/hold?NAME` keeps a thread until `open-NAME`."""

import os
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "examples"))

import flask  # noqa: E402
from report_dash import server  # noqa: E402


@server.after_request
def name_the_worker(response):
    response.headers["X-Worker"] = str(os.getpid())
    return response


@server.route("/hold")
def hold():
    gate = os.path.join(os.environ["PROBE_DIRECTORY"], "open-" + flask.request.query_string.decode())
    while not os.path.exists(gate) and not os.path.exists(os.path.join(os.environ["PROBE_DIRECTORY"], "open-every")):
        time.sleep(0.01)
    return str(os.getpid())
