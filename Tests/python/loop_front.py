"""The front's end of an event loop's lane, written in Python from the wire's description."""

import ctypes
import os
import select
import struct
import time

from ring_front import HEADER, LOG, PAGE, PATIENCE, SYS_FUTEX, Response, RingFront, WorkerGone, _libc
from ring_front import ABORT, CHUNK, END, FILE, LOOP_REQUEST_RING, LOOP_RESPONSE_RING, REQUEST, RESPONSE, STOP

BODY, LEFT, CREDIT, MESSAGE, CLOSE = 3, 4, 5, 6, 7
GRANT, APP_MESSAGE, APP_CLOSE, EXTEND, IDEMPOTENT = 22, 23, 24, 25, 26
NAMES = {RESPONSE: "response", CHUNK: "chunk", END: "end", ABORT: "abort", FILE: "file", LOG: "log", GRANT: "grant",
         APP_MESSAGE: "message", APP_CLOSE: "close", EXTEND: "extend", IDEMPOTENT: "idempotent"}
WEB_SOCKET, BODY_FOLLOWS, HTTP2, TAKES_TRAILERS = 16, 32, 64, 128
LAST, HALF_CLOSED, TEXT, CONTINUES = 1, 1, 1, 2
LOOP_LANE = 256
WINDOW = 256 << 10
#: What may be granted beyond what was taken: a window grows while all that comes is taken, up to 1 MiB.
GROWTHS = range(3 * WINDOW + 1)
CHUNK_BYTES = 64 << 10
BELL = 2**64 - 1


def footprint(count):
    return 16 + (count + 7) // 8 * 8


def fields_of(payload):
    """The fields that fill a payload, as those of a head stand there."""
    fields = []
    while payload:
        name, zero, value = struct.unpack_from("<HHI", payload)
        assert zero == 0
        fields.append((payload[8:8 + name].decode("latin-1"), payload[8 + name:8 + name + value].decode("latin-1")))
        assert len(payload) >= 8 + name + value
        payload = payload[8 + name + value:]
    return fields


class Frame:
    """One frame of the worker."""

    def __init__(self, kind, flags, stream, payload):
        self.kind, self.flags, self.stream, self.payload = NAMES[kind], flags, stream, payload

    def __repr__(self):
        return "<%s %d of %x, %d bytes>" % (self.kind, self.flags, self.stream, len(self.payload))

    @property
    def is_whole(self):
        return self.kind == "response" and self.flags & 1 == 1

    @property
    def close(self):
        return struct.unpack_from("<H", self.payload)[0], self.payload[2:].decode()

    @property
    def head(self):
        """The answer's head, and what of its body is in the frame."""
        response = Response()
        RingFront._head(response, self.payload)
        response.body = b"".join(response.pieces)
        return response


class LoopFront(RingFront):
    """One worker with an event loop, and the front's end of its link."""

    def __init__(self, *arguments, **options):
        self.tail = self.head = 0
        self.number = 0
        self.bell = None
        self.kept = []
        #: What was granted to us, by stream; and what the worker may still send.
        self.granted = {}
        super().__init__(*arguments, **options)
        self.base = self.rings + self.threads * 2 * self.ring

    # The ring's words and bytes

    def _loop_word(self, offset):
        return (self.controls + self.threads * 256 + offset) // 8

    def _put(self, base, size, position, data):
        start = position % size
        first = min(len(data), size - start)
        self.view[base + start:base + start + first] = data[:first]
        self.view[base:base + len(data) - first] = data[first:]

    def _take(self, base, size, position, count):
        start = position % size
        first = min(count, size - start)
        return bytes(self.view[base + start:base + start + first]) + bytes(self.view[base:base + count - first])

    def write(self, kind, stream, payload=b"", flags=0, claim=0):
        """Writes a frame, and rings the bell if the worker asks for it."""
        frame = HEADER.pack(len(payload), kind, flags, claim, stream) + payload
        frame += bytes(-len(frame) % 8)
        deadline = time.monotonic() + PATIENCE
        while self.tail + len(frame) - self.words[self._loop_word(64)] > LOOP_REQUEST_RING:
            assert time.monotonic() < deadline, "the worker reads nothing"
            time.sleep(0.001)
        self._put(self.base, LOOP_REQUEST_RING, self.tail, frame)
        self.tail += len(frame)
        self.words[self._loop_word(0)] = self.tail
        place = self.controls + self.threads * 256 + 80
        word = ctypes.c_uint32.from_buffer(self.map, place)
        if word.value:
            word.value = 0
            if self.bell is not None:
                os.eventfd_write(self.bell, 1)
        del word

    def wait_until_full(self):
        """Waits until the worker has no room for a whole frame."""
        deadline = time.monotonic() + PATIENCE
        while self.words[self._loop_word(128)] - self.head <= LOOP_RESPONSE_RING - footprint(CHUNK_BYTES):
            assert time.monotonic() < deadline, "there is room"
            time.sleep(0.001)

    def read(self, wait=PATIENCE):
        """The next frame. Raises WorkerGone."""
        tail_word = self._loop_word(128)
        deadline = time.monotonic() + wait
        while self.words[tail_word] == self.head:
            self.words[8] = 1
            if self.words[tail_word] != self.head:
                break
            ready, _, _ = select.select([self.doorbell, self.pidfd], [], [], max(0, deadline - time.monotonic()))
            if self.doorbell in ready:
                os.eventfd_read(self.doorbell)
            elif self.words[tail_word] == self.head:
                raise WorkerGone("no frame (%s)\n%s" % ("ended" if ready else "silent", self.output_text()))
        self.words[8] = 0
        base = self.base + LOOP_REQUEST_RING
        length, kind, flags, zero, stream = HEADER.unpack(self._take(base, LOOP_RESPONSE_RING, self.head, 16))
        assert zero == 0 and self.head + footprint(length) <= self.words[tail_word] and length <= CHUNK_BYTES
        payload = self._take(base, LOOP_RESPONSE_RING, self.head + 16, length)
        self.head += footprint(length)
        self.words[self._loop_word(192)] = self.head
        word = ctypes.c_uint32.from_buffer(self.map, self.controls + self.threads * 256 + 144)
        if word.value:
            word.value = 0
            _libc.syscall(SYS_FUTEX, ctypes.byref(word), 1, 1, None, None, 0)
        del word
        return Frame(kind, flags, stream, payload)

    def next(self, stream, wait=PATIENCE):
        """The next frame of a stream; those of others are kept for them, lines for the log and grants noted."""
        for index, frame in enumerate(self.kept):
            if frame.stream == stream:
                return self.kept.pop(index)
        while True:
            frame = self.read(wait)
            if frame.kind == "log":
                self.logs.append((frame.stream, frame.payload[0], frame.payload[1:].decode()))
            elif frame.kind == "grant":
                self.granted[frame.stream] = self.granted.get(frame.stream, 0) + struct.unpack("<I", frame.payload)[0]
            elif frame.stream == stream:
                return frame
            else:
                self.kept.append(frame)

    def is_silent(self, stream, wait=0.2):
        """Whether nothing comes on the stream. Only where silence is the worker's only answer."""
        try:
            self.kept.insert(0, self.next(stream, wait))
        except WorkerGone:
            return self.exit_code is None
        return False

    # What a front does

    def ready(self):
        """Waits until the worker is ready, and sends it the bell."""
        message = super().ready()
        if message["interface"] == "asgi":
            self.bell = os.eventfd(0, os.EFD_CLOEXEC | os.EFD_NONBLOCK)
            self.send_file(BELL, self.bell)
        return message

    def open(self, method="GET", target="/", fields=(), body=b"", flags=0, body_fd=None, body_bytes=None,
             host="127.0.0.1", port="8000", client=("192.0.2.7", "51234"), request_id=None, claim=0):
        """Sends a request and returns the name of its stream."""
        self.number += 1
        stream = self.number << 20 | (1 << 19 if flags & WEB_SOCKET else 0) | self.number % 1000
        path, _, query = target.partition("?")
        text, spans = bytearray(), []

        def span(value):
            value = value if isinstance(value, bytes) else value.encode("latin-1")
            spans.append((len(text), len(value)))
            text.extend(value)
            return spans[-1]

        parts = [span(part) for part in (method, target, path, query, host, port, client[0], client[1],
                                         request_id or "id-%d" % self.number, "")]
        pairs = [(span(name), span(value)) for name, value in fields]
        if body_fd is not None:
            flags |= 2
            self.send_file(stream, body_fd)
        count = body_bytes if body_bytes is not None else len(body)
        payload = struct.pack("<HHIQQ", flags, len(pairs), len(text), count, time.monotonic_ns())
        for start, length in parts:
            payload += struct.pack("<II", start, length)
        for name, value in pairs:
            payload += struct.pack("<IIII", *name, *value)
        self.write(REQUEST, stream, payload + bytes(text) + body, claim=claim)
        return stream

    def answer(self, stream):
        """Reads an answer to its end, granting what is read."""
        frame = self.next(stream)
        assert frame.kind in ("response", "abort"), frame
        trailers = []
        if frame.kind == "abort":
            response = Response()
            response.ending, response.body = "abort", b""
        else:
            response = frame.head
            pieces = [response.body]
            response.frames = 1
            if frame.is_whole:
                response.ending = "whole"
            else:
                self.credit(stream, footprint(len(frame.payload)))
                while response.ending is None:
                    frame = self.next(stream)
                    response.frames += 1
                    if frame.kind == "chunk":
                        pieces.append(frame.payload)
                        self.credit(stream, footprint(len(frame.payload)))
                    elif frame.kind == "file":
                        offset, count = struct.unpack("<QQ", frame.payload)
                        descriptor = self.take_file(stream)
                        pieces.append(os.pread(descriptor, count, offset))
                        os.close(descriptor)
                        response.ending = "file"
                    else:
                        assert frame.kind in ("end", "abort"), frame
                        response.ending = frame.kind
                        trailers = fields_of(frame.payload) if frame.kind == "end" else []
            response.body = b"".join(pieces)
        response.logs = [(level, text) for name, level, text in self.logs if name == stream]
        response.trailers = trailers
        return response

    def get(self, target="/", **options):
        return self.answer(self.open(target=target, **options))

    def credit(self, stream, count):
        self.write(CREDIT, stream, struct.pack("<I", count))

    def body(self, stream, data, is_last=False):
        self.write(BODY, stream, data, LAST if is_last else 0)

    def leave(self, stream, half=False):
        self.write(LEFT, stream, flags=HALF_CLOSED if half else 0)

    def interrupt(self, stream):
        self.tell({"type": "interrupt", "lane": LOOP_LANE, "stream": stream})

    def wait_for_log(self, text, stream=None):
        """Reads until a line for the log holds `text`; other frames are kept."""
        while not any(text in line for name, _, line in self.logs if stream is None or name == stream):
            frame = self.read()
            if frame.kind == "log":
                self.logs.append((frame.stream, frame.payload[0], frame.payload[1:].decode()))
            else:
                self.kept.append(frame)

    # WebSockets

    def connect(self, target, fields=()):
        """Asks for a WebSocket and returns its stream."""
        return self.open(target=target, fields=list(fields) + [("Upgrade", "websocket")], flags=WEB_SOCKET)

    def accepted(self, target, fields=()):
        stream = self.connect(target, fields)
        frame = self.next(stream)
        assert frame.kind == "response" and not frame.is_whole and frame.head.status == 101, frame
        return stream

    def say(self, stream, data):
        """Sends a message in as many frames as it takes."""
        is_text = isinstance(data, str)
        data = data.encode() if is_text else data
        pieces = [data[at:at + CHUNK_BYTES] for at in range(0, len(data), CHUNK_BYTES)] or [b""]
        for index, piece in enumerate(pieces):
            self.write(MESSAGE, stream, piece,
                       (TEXT if is_text else 0) | (CONTINUES if index + 1 < len(pieces) else 0))

    def close_socket(self, stream, code, reason=""):
        self.write(CLOSE, stream, struct.pack("<H", code) + reason.encode())

    def app_message(self, stream):
        """The next message of the application, its frames joined and granted."""
        pieces = []
        while True:
            frame = self.next(stream)
            assert frame.kind == "message", frame
            pieces.append(frame.payload)
            self.credit(stream, footprint(len(frame.payload)))
            if not frame.flags & CONTINUES:
                data = b"".join(pieces)
                return data.decode() if frame.flags & TEXT else data

    def stop(self):
        self.write(STOP, 0)
        self.tell({"type": "stop"})
        return self.wait()

    def close(self):
        if self.bell is not None:
            os.close(self.bell)
            self.bell = None
        super().close()
