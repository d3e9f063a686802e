"""Socket.IO: polls of one client have to reach one process, and its WebSocket too.

Flask-SocketIO is a WSGI app here and polls: a WebSocket under WSGI would hold one thread for each browser, and what it
needs for that (the raw socket in the environ) no server with a queue in front can give. python-socketio as ASGI has both.
"""

import json
import subprocess

import pytest
from asgi_servers import KINDS, can_import, frameworks_python

if not can_import("flask_socketio", "socketio"):
    pytest.skip("Flask-SocketIO is not installed: scripts/setup.sh frameworks", allow_module_level=True)

CLIENT = """
import json, os, queue, sys
import socketio
clients = []
for _ in range(4):
    client, answers = socketio.Client(reconnection=False), queue.Queue()
    client.on("counted", answers.put)
    client.connect(sys.argv[1], transports=json.loads(sys.argv[2]))
    clients.append((client, answers))
for number in (1, 2, 3):
    for client, answers in clients:
        client.emit("count", "word")
        answer = answers.get(timeout=30)
        assert answer["count"] == number, answer
print(json.dumps([client.transport() for client, _ in clients]), flush=True)
# A client that polls takes 25 s to disconnect, from any server.
os._exit(0)
"""


def run_client(site, *transports):
    ran = subprocess.run(
        [str(frameworks_python()), "-c", CLIENT, f"http://127.0.0.1:{site.address[1]}", json.dumps(transports or None)],
        capture_output=True, text=True, timeout=120,
    )
    assert ran.returncode == 0, ran.stderr + site.log()
    return json.loads(ran.stdout)


@pytest.mark.skipif(KINDS[0] != "roost", reason="a WSGI app")
def test_flask_socketio_polls(serving):
    site = serving("flask_socketio_site:app", "--threads", 16, "--sticky", "cookie")
    assert run_client(site, "polling") == ["polling"] * 4
    # A client that would like a WebSocket is told that there is none, and goes on polling.
    assert run_client(site, "polling", "websocket") == ["polling"] * 4


def test_python_socketio_moves_on_to_a_websocket(serving):
    site = serving("socketio_site:app")
    assert run_client(site, "polling") == ["polling"] * 4
    assert run_client(site, "websocket") == ["websocket"] * 4
    assert run_client(site) == ["websocket"] * 4
