"""Bodies of half a gigabyte, right to the byte, in a front that stays small."""

import hashlib
import os
import threading

import pytest
from client import request

MEGABYTE = 1 << 20
SIZE = int(os.environ.get("ROOST_BODY_MEGABYTES", "500")) * MEGABYTE
FRONT_LIMIT = 100 * MEGABYTE
BLOCK = bytes(range(256)) * 256


class Peak:
    """The most resident memory of the front while the block runs."""

    def __init__(self, server):
        self.server = server
        self.bytes = 0
        self.done = threading.Event()
        self.thread = threading.Thread(target=self.watch)

    def watch(self):
        while True:
            self.bytes = max(self.bytes, self.server.resident_bytes())
            if self.done.wait(0.05):
                return

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.thread.join()


def expected_digest(size):
    digest = hashlib.sha256()
    for _ in range(size // len(BLOCK)):
        digest.update(BLOCK)
    digest.update(BLOCK[: size % len(BLOCK)])
    return digest.hexdigest()


def received_digest(connection, response):
    digest = hashlib.sha256()
    if response["Content-Length"] is not None:
        left = int(response["Content-Length"])
        while left:
            if not connection.buffer and not connection._more():
                break
            data, connection.buffer = connection.buffer[:left], connection.buffer[left:]
            digest.update(data)
            left -= len(data)
        assert left == 0
    else:
        for chunk in connection.chunks():
            digest.update(chunk)
    return digest.hexdigest()


def put_blocks(connection, size, chunked):
    for _ in range(size // len(BLOCK)):
        connection.send(b"%x\r\n%b\r\n" % (len(BLOCK), BLOCK) if chunked else BLOCK)
    if chunked:
        connection.send(b"0\r\n\r\n")


@pytest.mark.slow
@pytest.mark.parametrize("chunked", [False, True], ids=["with a length", "in chunks"])
def test_a_large_upload_is_right_to_the_byte(roost, chunked):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    with Peak(server) as peak, server.connect(timeout=300) as connection:
        framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {SIZE}"
        connection.send(f"POST /digest HTTP/1.1\r\nHost: roost.test\r\n{framing}\r\n\r\n".encode())
        put_blocks(connection, SIZE, chunked)
        assert connection.response().body.decode() == f"{expected_digest(SIZE)} {SIZE}"
    assert peak.bytes < FRONT_LIMIT, f"the front grew to {peak.bytes >> 20} MiB"


@pytest.mark.slow
@pytest.mark.parametrize("query", ["", "&length=1"], ids=["in chunks", "with a length"])
def test_a_large_download_is_right_to_the_byte(roost, query):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    with Peak(server) as peak, server.connect(timeout=300) as connection:
        connection.send(request(f"/big?bytes={SIZE}{query}"))
        assert received_digest(connection, connection.head()) == expected_digest(SIZE)
    assert peak.bytes < FRONT_LIMIT, f"the front grew to {peak.bytes >> 20} MiB"


@pytest.mark.slow
def test_a_large_file_is_right_to_the_byte(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    with Peak(server) as peak, server.connect(timeout=300) as connection:
        connection.send(request(f"/file?bytes={SIZE}"))
        assert received_digest(connection, connection.head()) == expected_digest(SIZE)
    (server.directory / "wrapped").unlink()
    assert peak.bytes < FRONT_LIMIT, f"the front grew to {peak.bytes >> 20} MiB"


@pytest.mark.parametrize("size", [0, 1, 1000, 65_535, 65_536, 65_537, 131_072, 1_000_003])
def test_bodies_around_every_limit_come_back_as_sent(shared, size):
    body = (bytes(range(251)) * (size // 251 + 1))[:size]
    with shared.connect() as connection:
        head = f"POST /echo HTTP/1.1\r\nHost: roost.test\r\nContent-Length: {size}\r\n\r\n".encode()
        assert connection.send(head + body).response().body == body
        assert connection.send(head + body).response().body == body


def test_an_upload_that_the_app_does_not_read_is_answered_and_the_next_request_is_right(shared):
    with shared.connect() as connection:
        connection.send(request("/", "POST", b"unread" * 100_000))
        assert connection.response().body == b"Hello\n"
        assert connection.send(request("/echo", "POST", b"next")).response().body == b"next"
