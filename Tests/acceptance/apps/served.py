"""Calls `roost.serve` as people call `waitress.serve`: `python served.py PORT`."""

import sys

import probe
from roost import serve

if __name__ == "__main__":
    serve(probe.app, host="127.0.0.1", port=int(sys.argv[1]), threads=2)
    print("serve returned", flush=True)
