"""A page made from a data frame of a million rows (24 MB) that is built when the app is imported."""

import numpy
import pandas

ROWS = 1_000_000
_numbers = numpy.arange(ROWS)
frame = pandas.DataFrame({"region": _numbers % 7, "month": _numbers % 12, "amount": (_numbers % 1009) / 10})


def app(environ, start_response):
    month = frame[frame["month"] == 3]
    body = month.groupby("region")["amount"].sum().to_json().encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
