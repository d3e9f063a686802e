"""The client's frames, and the counting of the server's. `python3 -m pytest bench/tests`"""

import struct
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from harness.echo_load import Frames  # noqa: E402
from harness.figures import Figure, Table, no_worse  # noqa: E402
from harness.websocket import BINARY, CLOSE, MASK, PING, frame, frame_head  # noqa: E402


def unmasked(payload, opcode=BINARY, is_last=True):
    """A frame as a server sends it."""
    size = len(payload)
    length = bytes([size]) if size < 126 else (
        b"\x7e" + struct.pack(">H", size) if size < 65_536 else b"\x7f" + struct.pack(">Q", size)
    )
    return bytes([0x80 * is_last | opcode]) + length + payload


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536])
def test_a_frame_is_masked_and_says_its_size(size):
    payload = bytes(index % 256 for index in range(size))
    made = frame(payload)
    first, length, head = frame_head(made)
    assert (first, length) == (0x80 | BINARY, size)
    assert made[1] & 0x80 and made[head:head + 4] == MASK
    assert bytes(byte ^ MASK[index % 4] for index, byte in enumerate(made[head + 4:])) == payload


@pytest.mark.parametrize("step", [1, 2, 3, 7, 1 << 20])
def test_messages_are_counted_however_they_are_cut(step):
    data = b"".join([
        unmasked(b"a" * 64), unmasked(b""), unmasked(b"b" * 300, is_last=False), unmasked(b"now", PING),
        unmasked(b"c" * 70_000, opcode=0), unmasked(b"d"),
    ])
    frames = Frames()
    assert sum(frames.feed(data[at:at + step]) for at in range(0, len(data), step)) == 4
    assert frames.pings == [b"now"]


def test_a_close_is_not_a_message():
    with pytest.raises(ConnectionError, match="03f3"):
        Frames().feed(unmasked(b"\x03\xf3too much", CLOSE))


def test_no_worse_is_judged_as_printed():
    made = Table([Figure("cost", "cost", "µs", "lower")])
    for server, value in (("roost", 10.04), ("granian", 10.0), ("uvicorn", 30.0)):
        made.add("hello", server, 0, dict(cost=value))
    line = no_worse(made, "hello", "cost", "CPU")
    assert line == dict(claim="CPU", wanted="no worse than the best peer (granian, 10.0 µs)", got="10.0 µs", met=True)
    assert no_worse(made, "bye", "cost", "CPU")["met"] is None
