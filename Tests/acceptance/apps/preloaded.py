"""An application that tells how it came into its process, for servers with --preload.

Each import writes a line to `imports` in PROBE_DIRECTORY. What else the import does says PRELOADED: words out of
`thread`, `native`, `process`, `connection`, `reconnects`, `leaves`.
"""

import atexit
import json
import multiprocessing
import os
import random
import socket
import subprocess
import sys
import threading
import time

from probe import note, text, wait_for

WHAT = os.environ.get("PRELOADED", "").split()
VERSION = 1
imported_in = os.getpid()
hooks = []
note("imports", str(imported_in))
atexit.register(lambda: note("exits", str(os.getpid())))
os.register_at_fork(
    before=lambda: hooks.append("before"),
    after_in_parent=lambda: hooks.append("parent"),
    after_in_child=lambda: (hooks.append("child"), print("hello from the child", flush=True)),
)


def connect():
    global connection
    connection = socket.create_connection(("127.0.0.1", int(os.environ["PRELOADED_PORT"])))


if "thread" in WHAT:
    threading.Thread(target=threading.Event().wait, name="busybody", daemon=True).start()
if "native" in WHAT:
    import _thread

    _thread.start_new_thread(time.sleep, (1000,))
if "process" in WHAT:
    process = subprocess.Popen(["sleep", "1000"])
    atexit.register(process.kill)
if "connection" in WHAT:
    connect()
if "reconnects" in WHAT:
    os.register_at_fork(after_in_child=lambda: (connection.close(), connect()))
if "leaves" in WHAT:
    os.kill(os.getpid(), 9)


def facts(environ, start_response):
    shown = dict(
        pid=os.getpid(), parent=os.getppid(), group=os.getpgid(0), imported_in=imported_in, hooks=hooks,
        random=random.random(), version=VERSION, argv=sys.argv, roost="ROOST_WORKER" in os.environ,
        thread=threading.current_thread().name,
    )
    return text(start_response, json.dumps(shown).encode())


def hold(environ, start_response):
    """The same, but only after the gate has opened: so many at once are answered by as many workers."""
    note("holding", environ["QUERY_STRING"])
    wait_for(environ["QUERY_STRING"])
    return facts(environ, start_response)


def leave(environ, start_response):
    os._exit(int(environ["QUERY_STRING"]))


def square(number):
    return number * number


def pool(environ, start_response):
    with multiprocessing.get_context("fork").Pool(2) as workers:
        return text(start_response, json.dumps(workers.map(square, range(5))).encode())


def orphan(environ, start_response):
    """Leaves a process behind whose parent has ended, and which ends at once."""
    subprocess.run(["sh", "-c", "sleep 0.2 & echo $! > \"$PROBE_DIRECTORY/orphan\""], check=True)
    return text(start_response, b"left")


def app(environ, start_response):
    routes = {"/hold": hold, "/leave": leave, "/pool": pool, "/orphan": orphan}
    return routes.get(environ["PATH_INFO"], facts)(environ, start_response)
