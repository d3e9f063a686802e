"""Stands for the program `roost` under ``roost.serve``: attaches, sends requests, notes what came, and stops.

Started as ``fake_roost.py serve --attach FD …`` with FAKE_ROOST = {"library": …, "note": …, "requests": […], "end": …}.
"""

import array
import json
import os
import select
import signal
import socket
import struct
import sys

from ring_front import FILE_MAGIC, STOP, Link

RING = 128 << 10


def main():
    plan = json.loads(os.environ["FAKE_ROOST"])
    arguments = sys.argv[1:]
    if plan.get("end") == "at once":
        sys.exit(2)
    wake, entry = os.pipe()
    os.set_blocking(entry, False)
    signal.set_wakeup_fd(entry)
    signal.signal(signal.SIGTERM, lambda number, frame: None)
    channel = socket.socket(fileno=int(arguments[arguments.index("--attach") + 1]))
    threads = int(arguments[arguments.index("--threads") + 1])
    link = Link(threads, RING)
    for number, fd in enumerate((link.memory, link.worker_control.fileno(), link.doorbell), 1):
        channel.sendmsg([struct.pack("<QQ", FILE_MAGIC, number)],
                        [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", [fd]))])
    channel.send(json.dumps({
        "target": "", "app_dir": "", "threads": threads, "processes": 1, "request_ring": RING, "response_ring": RING,
        "worker": 0, "library": plan["library"], "server_software": "roost/0.1.0"}).encode())
    link.hand_over()
    ready = link.ready()
    answers = []
    for number, target in enumerate(plan["requests"]):
        lane = number % threads
        if target == "/loops":
            stream = link.begun(target, lane=lane)
            link.interrupt(stream, lane)
            answers.append(link.response(stream, lane).status)
        else:
            answers.append(link.get(target, lane=lane).body.decode("latin-1"))
    with open(plan["note"] + ".part", "w") as file:
        json.dump({"arguments": arguments, "ready": ready, "answers": answers}, file)
    os.rename(plan["note"] + ".part", plan["note"])
    if plan.get("end") == "by itself":
        sys.exit(3)
    # The user's program is told by whoever made this pipe that the requests are answered.
    with open(plan["done"], "w") as file:
        file.write("done")
    if wake not in select.select([wake, link.control], [], [])[0]:
        sys.exit(4)
    for lane in range(threads):
        link.send(STOP, lane=lane)
    link.tell({"type": "stop"})


main()
