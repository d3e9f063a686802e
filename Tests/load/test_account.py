"""The client that accounts for requests, against servers of a few lines: each end is told from the others."""

import asyncio
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from account import Account, Outcome  # noqa: E402
from client import Client, says  # noqa: E402

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def ends(*answers, requests=1, patience=5.0, keeps=True):
    """What the account says when the server's n-th connection sends the n-th of `answers` at once and closes.

    An answer of None keeps the connection open and silent.
    """
    left = list(answers)
    account = Account()

    async def serve(reader, writer):
        answer = left.pop(0)
        await reader.readuntil(b"\r\n\r\n")
        if answer is None:
            await reader.read()
        else:
            writer.write(answer)
        writer.close()

    async def run():
        server = await asyncio.start_server(serve, "127.0.0.1", 0)
        client = Client(account, server.sockets[0].getsockname()[:2], keeps, patience)
        for _ in range(requests):
            await client.request("/", says("ok"))
        await client.close()
        server.close()

    asyncio.run(run())
    account.assert_balanced()
    return [end.outcome for end in account.ends]


@pytest.mark.parametrize("answer, outcome", [
    (OK, Outcome.ANSWERED),
    (OK.replace(b"ok", b"ko"), Outcome.WRONG),
    (b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n", Outcome.REFUSED),
    (b"HTTP/1.1 502 Bad Gateway\r\nContent-Length: 0\r\n\r\n", Outcome.BAD_GATEWAY),
    (b"HTTP/1.1 504 Timeout\r\nContent-Length: 0\r\n\r\n", Outcome.TIMED_OUT),
    (b"HTTP/1.1 408 Slow\r\nContent-Length: 0\r\n\r\n", Outcome.TOO_SLOW),
    (b"HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n", Outcome.ERROR),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok", Outcome.CUT),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", Outcome.CUT),
    (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", Outcome.ANSWERED),
    (b"HTTP/1.1 200 OK\r\nConte", Outcome.CUT),
    (b"", Outcome.LOST),
    (b"rubbish\r\n\r\n", Outcome.WRONG),
])
def test_each_end_is_told_from_the_others(answer, outcome):
    assert ends(answer) == [outcome]


def test_a_kept_connection_that_closes_before_any_byte_is_counted_apart():
    assert ends(OK, requests=2) == [Outcome.ANSWERED, Outcome.IDLE_CLOSED]


def test_silence_is_an_end_when_the_patience_is_over():
    assert ends(None, patience=0.05) == [Outcome.UNANSWERED]


def test_a_port_where_nobody_listens_is_an_end():
    account = Account()
    asyncio.run(Client(account, ("127.0.0.1", 1)).request("/", says("ok")))
    assert account.by_outcome() == {Outcome.NOT_CONNECTED.value: 1}


def test_a_request_without_an_end_unbalances_the_account():
    account = Account()
    account.send("GET /")
    with pytest.raises(AssertionError, match="have no end"):
        account.assert_balanced()
