"""Plays a hostile worker: writes into the memory that it shares with the front what no worker may write.

Written for workers of one thread, so that everything lies in known places (Sources/WorkerLink/LinkGeometry.swift):

    page 0      news bits at 128
    page 1      lane 0: responseTail at +128, responseHead at +192
    page 2      request ring, then response ring, of the same size
"""

import mmap
import os
import random
import struct

PAGE = mmap.PAGESIZE
NEWS = 128
TAIL = PAGE + 128


def descriptors(*names):
    """The open descriptors above 2 whose target's name contains one of `names`."""
    for entry in os.listdir("/proc/self/fd"):
        try:
            target = os.readlink(f"/proc/self/fd/{entry}")
        except OSError:
            continue
        if int(entry) > 2 and any(name in target for name in names):
            yield int(entry)


def ring_the_doorbell():
    """The doorbell is the only pipe, or eventfd, that a worker can write to beside its output."""
    for descriptor in descriptors("[eventfd]", "pipe:"):
        try:
            os.write(descriptor, struct.pack("<Q", 1))
        except OSError:
            pass


class Link:
    def __init__(self):
        link = next(descriptors("roost-link"))
        self.memory = mmap.mmap(link, os.fstat(link).st_size)
        self.ring_bytes = (len(self.memory) - 2 * PAGE) // 2
        self.ring = 2 * PAGE + self.ring_bytes

    @property
    def tail(self):
        return struct.unpack_from("<Q", self.memory, TAIL)[0]

    def put(self, data):
        """Writes at the end of what was written, without telling."""
        start = self.tail % self.ring_bytes
        for index, byte in enumerate(data):
            self.memory[self.ring + (start + index) % self.ring_bytes] = byte

    def publish(self, tail):
        struct.pack_into("<Q", self.memory, TAIL, tail % 2**64)
        struct.pack_into("<Q", self.memory, NEWS, 2**64 - 1)
        ring_the_doorbell()

    def frame(self, kind, payload, length=None, stream=1, flags=0):
        data = struct.pack("<IBBHQ", len(payload) if length is None else length, kind, flags, 0, stream) + payload
        data += bytes(-len(data) % 8)
        self.put(data)
        self.publish(self.tail + len(data))


RESPONSE, CHUNK, END, ABORT, FILE = 16, 17, 18, 19, 20


def break_the_link(how):
    link = Link()
    if how == "tail-far-ahead":
        link.publish(link.tail + 2**40)
    elif how == "tail-behind":
        link.publish(link.tail - 8)
    elif how == "tail-torn":
        link.publish(link.tail + 3)
    elif how == "frame-overruns":
        link.frame(RESPONSE, b"", length=2**31)
    elif how == "unknown-kind":
        link.frame(99, b"what is this")
    elif how == "front-kind":
        link.frame(1, b"a request from a worker")
    elif how == "response-cut-short":
        link.frame(RESPONSE, b"\x01\x02")
    elif how == "head-too-long":
        link.frame(RESPONSE, struct.pack("<IIQQ", 2**32 - 1, 0, 2**64 - 1, 0))
    elif how == "field-overruns":
        head = struct.pack("<HHHH", 200, 2, 1, 0) + b"OK" + struct.pack("<HHI", 4, 0, 2**32 - 1) + b"X-A:"
        link.frame(RESPONSE, struct.pack("<IIQQ", len(head), 0, 2**64 - 1, 0) + head)
    elif how == "head-splits":
        value = b"1\r\nX-Injected: yes\r\n\r\nHTTP/1.1 200 OK"
        head = struct.pack("<HHHH", 200, 2, 1, 0) + b"OK" + struct.pack("<HHI", 3, 0, len(value)) + b"X-A" + value
        link.frame(RESPONSE, struct.pack("<IIQQ", len(head), 0, 0, 0) + head, flags=1)
    elif how == "chunk-before-head":
        link.frame(CHUNK, b"body without a head")
    elif how == "end-before-head":
        link.frame(END, b"")
    elif how == "file-never-sent":
        link.frame(FILE, struct.pack("<QQ", 0, 2**63))
    elif how == "noise":
        chance = random.Random(os.getpid())
        link.put(chance.randbytes(4096) if hasattr(chance, "randbytes") else os.urandom(4096))
        link.publish(link.tail + 4096)
    else:
        raise ValueError(how)
