"""`forking:app`, served by a program of its own: `python forking_served.py PORT`."""

import sys

import forking
from roost import serve

if __name__ == "__main__":
    serve(forking.app, host="127.0.0.1", port=int(sys.argv[1]), threads=4)
