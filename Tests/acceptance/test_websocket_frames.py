"""What a client may send on a WebSocket, frame by frame, and how it is answered (RFC 6455): a table played on a socket."""

import socket
import struct

import pytest
from client import eventually
from server import Roost
from socket_client import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT, Frames, close_frame, frame

ON_EVERY_PYTHON = True


@pytest.fixture(scope="module")
def server(tmp_path_factory, python):
    server = Roost(tmp_path_factory.mktemp("frames"), "asgi_sockets:app", "--ws-max-size", "1MiB", python=python)
    yield server
    server.end()


def pieces(data, size):
    return [data[index:index + size] for index in range(0, len(data), size)]


def fragments(opcode, *parts):
    """A message in pieces."""
    return b"".join(
        frame(opcode if index == 0 else CONTINUATION, part, fin=index == len(parts) - 1)
        for index, part in enumerate(parts)
    )


LENGTHS = [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 1 << 20]
KOREAN = "안녕하세요, 🐓 κόσμε".encode()

LARGE = [bytes([index]) * 300_000 for index in range(3)]

# Name, what is sent, what comes back.
ECHOES = [
    (
        "1 MB of characters of three and four bytes",
        frame(TEXT, KOREAN * (1_000_000 // len(KOREAN))), [(TEXT, KOREAN * (1_000_000 // len(KOREAN)))],
    ),
    (
        "pings between large pieces",
        frame(BINARY, LARGE[0], fin=False) + frame(PING, b"1") + frame(CONTINUATION, LARGE[1], fin=False)
        + frame(PING, b"2") + frame(CONTINUATION, LARGE[2]),
        [(PONG, b"1"), (PONG, b"2"), (BINARY, b"".join(LARGE))],
    ),
    *[(f"text of {n}", frame(TEXT, b"a" * n), [(TEXT, b"a" * n)]) for n in LENGTHS],
    *[(f"bytes of {n}", frame(BINARY, b"\xfe" * n), [(BINARY, b"\xfe" * n)]) for n in LENGTHS],
    *[
        (f"text of 100000 in pieces of {n}", fragments(TEXT, *pieces(b"b" * 100_000, n)), [(TEXT, b"b" * 100_000)])
        for n in (1000, 65535, 65536, 99_999)
    ],
    ("two messages at once", frame(TEXT, "a") + frame(BINARY, b"b"), [(TEXT, b"a"), (BINARY, b"b")]),
    ("text in every script", frame(TEXT, KOREAN), [(TEXT, KOREAN)]),
    ("cut within each character", fragments(TEXT, *pieces(KOREAN, 1)), [(TEXT, KOREAN)]),
    ("a mask of zeros", frame(TEXT, "a", mask=bytes(4)), [(TEXT, b"a")]),
    ("empty pieces", fragments(TEXT, b"", b"", b""), [(TEXT, b"")]),
    ("an empty last piece", fragments(BINARY, b"a", b""), [(BINARY, b"a")]),
    ("an empty last piece of a large one", fragments(BINARY, b"a" * 65536, b""), [(BINARY, b"a" * 65536)]),
    ("a ping", frame(PING, "hello"), [(PONG, b"hello")]),
    ("a ping without payload", frame(PING), [(PONG, b"")]),
    ("a ping of 125", frame(PING, b"\xff" * 125), [(PONG, b"\xff" * 125)]),
    ("ten pings", b"".join(frame(PING, str(n)) for n in range(10)), [(PONG, str(n).encode()) for n in range(10)]),
    ("a pong nobody asked for", frame(PONG, "x") + frame(TEXT, "a"), [(TEXT, b"a")]),
    (
        "a ping between pieces",
        frame(TEXT, "a", fin=False) + frame(PING, "p") + frame(CONTINUATION, "b"),
        [(PONG, b"p"), (TEXT, b"ab")],
    ),
    (
        "pings between many pieces",
        frame(BINARY, b"1", fin=False) + b"".join(
            frame(PING, str(n)) + frame(CONTINUATION, b"2", fin=False) for n in range(3)
        ) + frame(CONTINUATION, b"3"),
        [(PONG, b"0"), (PONG, b"1"), (PONG, b"2"), (BINARY, b"12223")],
    ),
    ("NULs", frame(TEXT, b"\0\0\0"), [(TEXT, b"\0\0\0")]),
    ("the last code point", frame(TEXT, b"\xf4\x8f\xbf\xbf"), [(TEXT, b"\xf4\x8f\xbf\xbf")]),
    ("code points that are no characters", frame(TEXT, b"\xef\xbf\xbe\xef\xbf\xbf"), [(TEXT, b"\xef\xbf\xbe\xef\xbf\xbf")]),
]

# Name, what is sent, the code it is closed with.
BREACHES = [
    *[(f"reserved bits {bits}", frame(TEXT, "a", rsv=bits), 1002) for bits in range(1, 8)],
    *[(f"opcode {code}", frame(code, "a"), 1002) for code in (3, 4, 5, 6, 7, 11, 12, 13, 14, 15)],
    ("text without a mask", frame(TEXT, "a", mask=None), 1002),
    ("a ping without a mask", frame(PING, "a", mask=None), 1002),
    ("a ping in pieces", frame(PING, "a", fin=False), 1002),
    ("a pong in pieces", frame(PONG, "a", fin=False), 1002),
    ("a close in pieces", frame(CLOSE, b"\x03\xe8", fin=False), 1002),
    ("a ping of 126", frame(PING, b"a" * 126), 1002),
    ("a close of 126", frame(CLOSE, b"\x03\xe8" + b"a" * 124), 1002),
    ("a length of 125 in two bytes", frame(TEXT, b"a" * 125, length_bytes=2), 1002),
    ("a length of 65535 in eight bytes", frame(BINARY, b"a" * 65535, length_bytes=8), 1002),
    ("a length with the highest bit", b"\x82\xff\x80", 1002),
    ("a continuation of nothing", frame(CONTINUATION, "a"), 1002),
    ("a continuation behind a message", frame(TEXT, "a") + frame(CONTINUATION, "b"), 1002),
    ("text in text", frame(TEXT, "a", fin=False) + frame(TEXT, "b"), 1002),
    ("bytes in text", frame(TEXT, "a", fin=False) + frame(BINARY, "b"), 1002),
    ("a close of one byte", frame(CLOSE, b"\x03"), 1002),
    *[
        (f"close code {code}", close_frame(code), 1002)
        for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535)
    ],
    ("a close reason that is no text", close_frame(1000, b"\xce\xba\xe1\xbd"), 1007),
    ("half a character", frame(TEXT, b"\xc3"), 1007),
    ("a lone continuation byte", frame(TEXT, b"\x80"), 1007),
    ("a surrogate", frame(TEXT, b"\xed\xa0\x80"), 1007),
    ("an overlong slash", frame(TEXT, b"\xc0\xaf"), 1007),
    ("above the last code point", frame(TEXT, b"\xf4\x90\x80\x80"), 1007),
    ("Latin-1", frame(TEXT, "café".encode("latin-1")), 1007),
    ("half a character at the end of pieces", fragments(TEXT, b"a", b"\xe2\x98"), 1007),
    ("bad text in a piece that goes on", frame(TEXT, b"\xff", fin=False), 1007),
    ("bad text in a frame that is not all there", frame(TEXT, b"a\xff" + b"a" * 98)[:-90], 1007),
    ("bad text behind 200 KiB", frame(TEXT, b"a" * 200_000 + b"\xff", fin=False), 1007),
    ("one byte too many", frame(BINARY, b"a" * ((1 << 20) + 1)), 1009),
    ("too much, only said", b"\x82\xff" + struct.pack(">Q", 1 << 40) + bytes(4), 1009),
    ("too much in pieces", frame(BINARY, b"a" * (1 << 20), fin=False) + frame(CONTINUATION, b"a"), 1009),
]


@pytest.mark.parametrize("sent, expected", [case[1:] for case in ECHOES], ids=[case[0] for case in ECHOES])
def test_messages_come_back_as_they_were_sent(server, sent, expected):
    with Frames(server.address) as client:
        client.send(sent)
        assert [client.read() for _ in expected] == expected
        client.send(close_frame(1000))
        assert client.read_close()[0] == 1000
        client.read_end()


@pytest.mark.parametrize("sent, code", [case[1:] for case in BREACHES], ids=[case[0] for case in BREACHES])
def test_a_breach_of_the_protocol_ends_the_socket_with_its_code(server, sent, code):
    with Frames(server.address) as client:
        client.send(sent)
        assert client.read_close()[0] == code
        client.read_end()
    # Nobody else has noticed.
    with Frames(server.address) as other:
        other.send(frame(TEXT, "still here"))
        assert other.read() == (TEXT, b"still here")


@pytest.mark.parametrize("is_reset", [False, True])
def test_a_client_that_is_lost_within_a_large_frame_is_gone(server, is_reset):
    before = server.metric("roost_websockets")
    with Frames(server.address) as client:
        client.send(frame(BINARY, bytes(1 << 20))[:400_000])
        eventually(lambda: server.metric("roost_websockets") == before + 1, "it is open")
        if is_reset:
            client.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        else:
            client.socket.shutdown(socket.SHUT_WR)
            client.read_end()
    eventually(lambda: server.metric("roost_websockets") == before, "it is gone")
    with Frames(server.address) as other:
        other.send(frame(TEXT, "still here"))
        assert other.read() == (TEXT, b"still here")


@pytest.mark.parametrize("piece", [1, 2, 5, 13])
def test_it_makes_no_difference_how_the_bytes_are_cut(server, piece):
    with Frames(server.address) as client:
        sent = frame(TEXT, KOREAN) + frame(PING, "p") + fragments(BINARY, b"a" * 130, b"b" * 10)
        for part in pieces(sent, piece):
            client.send(part)
        heard = [client.read() for _ in range(3)]
        # The front answers the ping, whatever the app is about.
        assert sorted(heard) == [(TEXT, KOREAN), (BINARY, b"a" * 130 + b"b" * 10), (PONG, b"p")]


@pytest.mark.parametrize("code", [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 3000, 3999, 4000, 4999])
def test_a_close_is_answered_with_its_code_and_told_to_the_app(server, code):
    with Frames(server.address) as client:
        reason = f"because of {code}"
        client.send(close_frame(code, reason.encode()))
        assert client.read_close() == (code, "")
        client.read_end()
    eventually(lambda: f"disconnect {code} {reason}" in server.calls(), "the app was told")


def test_a_close_without_a_code_is_answered_without_one(server):
    with Frames(server.address) as client:
        client.send(close_frame())
        assert client.read_close() == (None, "")
        client.read_end()
    eventually(lambda: "disconnect 1005" in server.calls(), "the app was told")


def test_what_follows_a_close_means_nothing(server):
    with Frames(server.address) as client:
        client.send(close_frame(1000), frame(TEXT, "b"), b"\xff\xff")
        assert client.read_close() == (1000, "")
        client.read_end()


def test_messages_may_come_with_the_handshake(server):
    with Frames(server.address, early=frame(TEXT, "early") + frame(TEXT, "bird")) as client:
        assert [client.read(), client.read()] == [(TEXT, b"early"), (TEXT, b"bird")]
