"""A Flask app that sends a large file, and notes how much of a part it had to read by itself."""

import os

import flask

DIRECTORY = os.environ["PROBE_DIRECTORY"]
PATH = os.path.join(DIRECTORY, "large")
SIZE = 3 << 30

with open(PATH, "wb") as target:
    # A hole, but for its ends.
    target.write(b"the beginning")
    target.seek(SIZE - 12)
    target.write(b"the very end")

app = flask.Flask(__name__)


@app.get("/file")
def file():
    response = flask.send_file(PATH, mimetype="application/octet-stream", conditional=True)
    part = response.response
    if response.status_code == 206:
        close = part.close

        def note():
            with open(os.path.join(DIRECTORY, "calls"), "a") as notes:
                notes.write("read %d\n" % part.read_length)
            close()

        part.close = note
    return response
