"""Compressed messages (permessage-deflate, RFC 7692) from end to end: by a client library, and byte by byte."""

import json
import os
import time
import zlib

import pytest
from client import eventually
from server import Roost
from socket_client import BINARY, CONTINUATION, PING, PONG, TEXT, Frames, Refused, close_frame, frame

websockets = pytest.importorskip("websockets")
from websockets.exceptions import ConnectionClosed  # noqa: E402
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory  # noqa: E402
from websockets.sync.client import connect as library_connect  # noqa: E402

MIB = 1 << 20
ANSWER = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"
TEXTS = json.dumps([{"id": n, "city": "서울", "value": n * 0.37, "name": f"row {n % 17}"} for n in range(5000)], ensure_ascii=False)


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Roost(tmp_path_factory.mktemp("deflate"), "asgi_sockets:app", "--ws-compression", "deflate")
    yield server
    server.end()


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    server = Roost(
        tmp_path_factory.mktemp("limited"), "asgi_sockets:app", "--ws-compression", "deflate", "--ws-max-size", "1MiB"
    )
    yield server
    server.end()


def connect(server, path="/echo", **options):
    options.setdefault("max_size", None)
    return library_connect(f"ws://127.0.0.1:{server.address[1]}{path}", **options)


def squeezed(data, bits=15, level=6):
    """The payload of a compressed message."""
    data = data.encode() if isinstance(data, str) else data
    compressor = zlib.compressobj(level, zlib.DEFLATED, -max(bits, 9))
    squeezed = compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH)
    assert squeezed.endswith(b"\0\0\xff\xff")
    return squeezed[:-4]


class Deflating(Frames):
    """A client that has agreed on compression, and does it by hand."""

    def __init__(self, server, path="/echo", offer="permessage-deflate", bits=15, **options):
        super().__init__(server.address, path, fields=[("Sec-WebSocket-Extensions", offer)], **options)
        self.bits = bits

    def read_raw(self):
        """The next message: (opcode, whether it is compressed, its payload as it came, frames)."""
        first, second = self.take(2)
        assert first & 0x30 == 0 and second & 0x80 == 0
        opcode, compressed, parts = first & 15, bool(first & 0x40), [self.payload(second)]
        assert opcode < 8 or not compressed
        while not first & 0x80:
            first, second = self.take(2)
            assert first & 0x7F == CONTINUATION
            parts.append(self.payload(second))
        return opcode, compressed, b"".join(parts), len(parts)

    def payload(self, length):
        if length >= 126:
            length = int.from_bytes(self.take(2 if length == 126 else 8), "big")
        return self.take(length)

    def read(self):
        opcode, compressed, payload, _ = self.read_raw()
        if not compressed:
            return opcode, payload
        inflater = zlib.decompressobj(-self.bits)
        return opcode, inflater.decompress(payload + b"\0\0\xff\xff")


# What is agreed on


@pytest.mark.parametrize(
    "offer, answer",
    [
        ("permessage-deflate", ANSWER),
        ("permessage-deflate; client_max_window_bits", ANSWER),
        ("permessage-deflate; server_max_window_bits=9", ANSWER + "; server_max_window_bits=9"),
        ('permessage-deflate; server_max_window_bits="8"', ANSWER + "; server_max_window_bits=8"),
        ("permessage-deflate; server_max_window_bits=99, permessage-deflate", ANSWER),
        ("x-unknown, permessage-deflate; level=3", None),
        ("permessage-deflate; server_max_window_bits", None),
    ],
)
def test_the_first_offer_that_can_be_taken_is_answered(server, offer, answer):
    with Deflating(server, offer=offer) as client:
        assert client["sec-websocket-extensions"] == answer
        client.send(frame(TEXT, "hello"))
        assert client.read() == (TEXT, b"hello")


@pytest.mark.parametrize("offer", ["permessage-deflate;", 'permessage-deflate; a="b', "permessage deflate", "=8"])
def test_an_offer_that_breaks_the_grammar_is_a_bad_handshake(server, offer):
    with pytest.raises(Refused) as caught:
        Deflating(server, offer=offer)
    assert caught.value.status == 400 and b"Sec-WebSocket-Extensions" in caught.value.body


def test_without_the_option_nothing_is_agreed_on(roost):
    server = roost("asgi_sockets:app")
    with connect(server) as client:
        assert "Sec-WebSocket-Extensions" not in client.response.headers
        client.send(TEXTS)
        assert client.recv(30) == TEXTS
    for offer in ("permessage-deflate;", "permessage-deflate"):
        with Deflating(server, offer=offer) as client:
            assert client["sec-websocket-extensions"] is None
            client.send(frame(TEXT, squeezed("a"), rsv=4))
            assert client.read_close()[0] == 1002


def test_a_client_without_the_extension_sees_nothing_of_it(server):
    with Frames(server.address) as client:
        assert client["sec-websocket-extensions"] is None
        client.send(frame(TEXT, "a" * 1000))
        # It fails on a reserved bit.
        assert client.read() == (TEXT, b"a" * 1000)
        client.send(frame(TEXT, squeezed("a"), rsv=4))
        assert client.read_close()[0] == 1002


# A client library


@pytest.mark.parametrize(
    "message", ["", "hello", "한글 🐓", TEXTS, b"", b"\0\xff", TEXTS.encode(), os.urandom(200_000)], ids=range(8)
)
def test_a_client_library_gets_back_what_it_sends(server, message):
    with connect(server) as client:
        assert client.response.headers["Sec-WebSocket-Extensions"] == ANSWER
        for _ in range(3):
            client.send(message)
            assert client.recv(30) == message
        client.send([message[:len(message) // 3], message[:0], message[len(message) // 3:]])
        assert client.recv(30) == message


@pytest.mark.parametrize("size", [MIB, 16 * MIB])
@pytest.mark.parametrize("kind", ["text", "bytes", "noise"])
def test_large_messages(server, size, kind):
    before = server.resident_bytes()
    whole = {"text": (TEXTS * (size // len(TEXTS) + 1))[:size], "bytes": (b"0123456789\n" * size)[:size]}
    message = os.urandom(size) if kind == "noise" else whole[kind]
    with connect(server) as client:
        client.send(message)
        assert client.recv(60) == message
    assert server.resident_bytes() - before < 16 * MIB


@pytest.mark.parametrize("server_bits", [None, 8, 9, 12, 15])
@pytest.mark.parametrize("client_bits", [None, True, 9, 15])
def test_a_client_library_with_windows_of_its_own(server, server_bits, client_bits):
    factory = ClientPerMessageDeflateFactory(server_max_window_bits=server_bits, client_max_window_bits=client_bits)
    with connect(server, compression=None, extensions=[factory]) as client:
        for size in (1, 100, 1000, 70_000, 200_000):
            client.send(TEXTS[:size])
            assert client.recv(30) == TEXTS[:size]


# Sizes and windows, after the cases 12 and 13 of Autobahn's test suite

SIZES = [0, 1, 16, 64, 127, 128, 256, 1024, 4096, 8192, 16_384, 32_768, 65_535, 65_536, 65_537, 131_072]


@pytest.mark.parametrize("bits", range(8, 16))
@pytest.mark.parametrize("piece", [None, 1000])
def test_messages_of_all_sizes_in_all_windows(server, bits, piece):
    offer = f"permessage-deflate; server_max_window_bits={bits}; client_max_window_bits={bits}"
    with Deflating(server, offer=offer, bits=bits) as client:
        for kind, data in [(TEXT, TEXTS.encode()), (BINARY, os.urandom(131_072))]:
            for size in SIZES:
                message = data[:size].decode(errors="ignore").encode() if kind == TEXT else data[:size]
                payload = squeezed(message, bits)
                parts = [payload[at:at + (piece or MIB)] for at in range(0, len(payload), piece or MIB)]
                client.send(*[
                    frame(kind if at == 0 else CONTINUATION, part, fin=at == len(parts) - 1, rsv=0 if at else 4)
                    for at, part in enumerate(parts)
                ])
                assert client.read() == (kind, message)


@pytest.mark.parametrize("bits", range(8, 16))
def test_the_server_keeps_to_the_window_that_was_asked_for(server, bits):
    with Deflating(server, offer=f"permessage-deflate; server_max_window_bits={bits}") as client:
        message = (TEXTS[:3000] + os.urandom(200).hex()) * 3
        client.send(frame(TEXT, message))
        _, compressed, payload, _ = client.read_raw()
        assert compressed
        # A byte at a time: zlib has nothing to refer to but its window.
        inflater, said, rest = zlib.decompressobj(-bits), [], payload + b"\0\0\xff\xff"
        while rest or said[-1]:
            said.append(inflater.decompress(rest, 1))
            rest = inflater.unconsumed_tail
        assert b"".join(said) == message.encode()


# What is sent


def test_what_gets_no_smaller_is_sent_as_it_is(server):
    with Deflating(server) as client:
        for message, compressed in [
            (b"a" * 127, False), (b"a" * 128, True), (os.urandom(1000), False), (os.urandom(200_000), False),
            (b"a" * 200_000, True), (b"a" * 65_536 + os.urandom(65_536), True),
        ]:
            client.send(frame(BINARY, message))
            opcode, was_compressed, payload, frames = client.read_raw()
            assert (opcode, was_compressed) == (BINARY, compressed), len(message)
            assert frames == max(1, -(-len(message) // 65_536))
            if compressed:
                assert len(payload) < len(message)
                assert zlib.decompress(payload + b"\0\0\xff\xff\3\0", -15) == message
            else:
                assert payload == message


def test_the_log_has_what_was_sent_and_the_metrics_what_was_said(roost):
    server = roost("asgi_sockets:app", "--ws-compression", "deflate", "--access-log", "json")
    with Deflating(server) as client:
        client.send(frame(BINARY, squeezed(b"a" * 50_000), rsv=4))
        _, _, payload, _ = client.read_raw()
        assert server.metric("roost_websocket_bytes_total", direction="in") == 50_000
        assert server.metric("roost_websocket_bytes_total", direction="out") == 50_000
        client.send(close_frame(1000))
        client.read_close()
    eventually(lambda: '"/echo"' in server.log(), "the log has it")
    line = next(line for line in server.log().splitlines() if '"/echo"' in line)
    assert json.loads(line)["response_bytes"] == len(payload) < 1000, line


# What is taken

HELLO = b"Hello"


@pytest.mark.parametrize(
    "payload",
    [
        bytes.fromhex("f248cdc9c90700"),
        bytes.fromhex("000500faff48656c6c6f00"),
        bytes.fromhex("f348cdc9c9070000"),
        bytes.fromhex("f248050000 00ffffcac9c90700".replace(" ", "")),
        bytes.fromhex("f248cdc9c907000000ffff"),
        squeezed(HELLO, level=0),
        zlib.compress(HELLO)[2:-4],
    ],
    ids=["one block", "a stored block", "a last block", "two blocks", "with its end", "level 0", "zlib's last block"],
)
def test_every_way_to_say_it_is_understood(server, payload):
    with Deflating(server) as client:
        client.send(frame(TEXT, payload, rsv=4))
        assert client.read() == (TEXT, HELLO)
        parts = [frame(TEXT, payload[:1], fin=False, rsv=4)]
        parts += [frame(CONTINUATION, payload[at:at + 1], fin=False) for at in range(1, len(payload))]
        client.send(*parts, frame(CONTINUATION))
        assert client.read() == (TEXT, HELLO)


def test_empty_messages(server):
    with Deflating(server, "/count") as client:
        for payload in (b"", b"\0", b"\2\0", b"\3\0"):
            client.send(frame(TEXT, payload, rsv=4))
            assert client.read() == (TEXT, b"text 0")
        client.send(frame(BINARY, b"", fin=False, rsv=4), frame(CONTINUATION, b"\0", fin=False), frame(CONTINUATION))
        assert client.read() == (TEXT, b"bytes 0")


def test_pings_between_the_pieces(server):
    payload = squeezed(TEXTS)
    with Deflating(server) as client:
        client.send(
            frame(TEXT, payload[:1000], fin=False, rsv=4), frame(PING, "1"), frame(CONTINUATION, payload[1000:], fin=False),
            frame(PING, "2"), frame(CONTINUATION),
        )
        assert [client.read() for _ in range(3)] == [(PONG, b"1"), (PONG, b"2"), (TEXT, TEXTS.encode())]


def test_compressed_and_other_messages_take_turns(server):
    with Deflating(server) as client:
        for number in range(50):
            client.send(frame(TEXT, f"plain {number}"), frame(TEXT, squeezed(f"squeezed {number}"), rsv=4))
        for number in range(50):
            assert client.read() == (TEXT, f"plain {number}".encode())
            assert client.read() == (TEXT, f"squeezed {number}".encode())


def test_messages_of_many_sockets_come_interleaved(server):
    clients = [Deflating(server) for _ in range(12)]
    try:
        messages = [f"{number} {TEXTS}" for number in range(len(clients))]
        payloads = [squeezed(message) for message in messages]
        step = max(map(len, payloads)) // 9
        for at in range(0, max(map(len, payloads)), step):
            for client, payload in zip(clients, payloads):
                part = payload[at:at + step]
                client.send(frame(CONTINUATION if at else TEXT, part, fin=False, rsv=0 if at else 4))
        for client in clients:
            client.send(frame(CONTINUATION))
        for client, message in zip(clients, messages):
            assert client.read() == (TEXT, message.encode())
    finally:
        for client in clients:
            client.socket.close()


# What is not


@pytest.mark.parametrize(
    "frames, code",
    [
        ([frame(TEXT, squeezed("a"), fin=False, rsv=4), frame(CONTINUATION, b"", rsv=4)], 1002),
        ([frame(TEXT, "a", fin=False), frame(CONTINUATION, squeezed("a"), rsv=4)], 1002),
        ([frame(PING, b"", rsv=4)], 1002),
        ([frame(TEXT, squeezed("a"), rsv=6)], 1002),
        ([frame(TEXT, b"\xff\xff\xff", rsv=4)], 1007),
        ([frame(BINARY, squeezed(TEXTS)[:-100], rsv=4)], 1007),
        ([frame(BINARY, b"hello", rsv=4)], 1007),
        ([frame(BINARY, squeezed(TEXTS)[:5000] + b"\xff" * 100, fin=False, rsv=4)], 1007),
        ([frame(TEXT, squeezed(b"caf\xe9"), rsv=4)], 1007),
        ([frame(TEXT, squeezed("é".encode()[:1]), rsv=4)], 1007),
    ],
    ids=[
        "bit on a continuation", "bit on a continuation of another", "bit on a ping", "another bit", "no deflate", "cut",
        "not compressed", "damaged within", "not UTF-8", "half a character",
    ],
)
def test_what_breaks_the_rules_is_closed(server, frames, code):
    before = len(server.calls())
    with Deflating(server) as client:
        client.send(*frames)
        assert client.read_close()[0] == code
    eventually(lambda: f"disconnect {code}" in " ".join(server.calls()[before:]), "the app is told")
    # And the states that it has left behind are good.
    with Deflating(server) as client:
        client.send(frame(TEXT, squeezed(TEXTS), rsv=4))
        assert client.read() == (TEXT, TEXTS.encode())


def test_the_limit_is_what_a_message_says(limited):
    with Deflating(limited, "/count") as client:
        client.send(frame(BINARY, squeezed(b"a" * MIB), rsv=4))
        assert client.read() == (TEXT, b"bytes %d" % MIB)
        noise = os.urandom(MIB)
        assert len(squeezed(noise)) > MIB
        client.send(frame(BINARY, squeezed(noise), rsv=4))
        assert client.read() == (TEXT, b"bytes %d" % MIB)
        client.send(frame(BINARY, squeezed(b"a" * (MIB + 1)), rsv=4))
        assert client.read_close()[0] == 1009


def test_a_bomb_costs_next_to_nothing(limited):
    # A gigabyte of zeros, in a mebibyte.
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    bomb = b"".join(compressor.compress(bytes(64 * MIB)) for _ in range(16)) + compressor.flush(zlib.Z_SYNC_FLUSH)[:-4]
    assert len(bomb) < 2 * MIB
    before, said = limited.resident_bytes(), limited.metric("roost_websocket_bytes_total", direction="in")
    before_seconds = limited.processor_seconds()
    for _ in range(10):
        with Deflating(limited, "/count") as client:
            try:
                client.send(frame(BINARY, bomb, rsv=4))
            except OSError:
                pass
            assert client.read_close()[0] == 1009
    # Ten gigabytes would take it some twenty; a busy machine changes nothing of that.
    assert limited.processor_seconds() - before_seconds < 10
    assert limited.metric("roost_websocket_bytes_total", direction="in") - said <= 10 * MIB
    assert limited.resident_bytes() - before < 16 * MIB


# Backpressure


def test_an_app_that_does_not_receive_holds_a_compressed_client_up(server):
    before, earlier = server.resident_bytes(), server.metric("roost_websocket_bytes_total", direction="in")
    # Little to send, much to say: the front must not decompress what the app does not take.
    message = frame(BINARY, squeezed(b"m" * (8 * MIB)), rsv=4)
    with Deflating(server, "/count?gate=squeezed") as client:
        client.send(message * 20)
        with Deflating(server) as other:
            other.send(frame(TEXT, squeezed(TEXTS), rsv=4))
            assert other.read() == (TEXT, TEXTS.encode())

        def said():
            return server.metric("roost_websocket_bytes_total", direction="in") - earlier

        def stands():
            first = said()
            time.sleep(0.5)
            return first == said()

        eventually(stands, "the front decompresses no more")
        # The worker has a message or two, and the window what comes after it.
        assert said() < 40 * MIB
        assert server.resident_bytes() - before < 16 * MIB
        server.open_gate("squeezed")
        for _ in range(20):
            assert client.read_message() == (TEXT, b"bytes %d" % (8 * MIB))


def test_a_client_that_leaves_while_it_is_held_up(server):
    message = frame(BINARY, squeezed(b"m" * (8 * MIB)), rsv=4)
    for number in range(3):
        with Deflating(server, f"/count?gate=left-{number}") as client:
            client.send(message * 3, close_frame(1000) if number == 1 else b"")
            time.sleep(0.3)
        server.open_gate(f"left-{number}")
    with Deflating(server) as client:
        client.send(frame(TEXT, squeezed(TEXTS), rsv=4))
        assert client.read() == (TEXT, TEXTS.encode())


def test_a_client_that_does_not_read_holds_the_app_up(server):
    before = server.resident_bytes()
    with Deflating(server, "/flood?n=3000&size=200000", receive_buffer=65_536) as client:
        progress = server.directory / "sent"
        eventually(progress.exists, "the app has begun")
        for _ in range(3000):
            opcode, payload = client.read_message()
            assert (opcode, len(payload)) == (BINARY, 200_000)
        client.send(close_frame(1000))
        client.read_close()
    assert server.resident_bytes() - before < 16 * MIB


def test_a_worker_that_dies_within_a_compressed_message(roost):
    server = roost("asgi_sockets:app", "--ws-compression", "deflate")
    with Deflating(server, "/pid") as client:
        _, pid = client.read()
        client.send(frame(TEXT, squeezed(TEXTS)[:5000], fin=False, rsv=4))
        os.kill(int(pid), 9)
        assert client.read_close()[0] == 1012
    eventually(lambda: server.get("/").status == 200, "there is another worker")
    with connect(server) as client:
        client.send(TEXTS)
        assert client.recv(30) == TEXTS
        with pytest.raises(ConnectionClosed):
            client.close(1000)
            client.recv(30)
