"""An event loop that something keeps for itself: its worker is replaced by rule, and nobody else pays for it."""

import pytest
from client import eventually, request
from socket_client import CLOSE, PING, PONG, TEXT, Frames, frame

PINGS = ("--ws-ping-interval", "300ms", "--ws-ping-timeout", "60s")


def says(client, text):
    """The number of the worker that answers."""
    client.send(frame(TEXT, text))
    opcode, payload = client.read_message()
    number, _, said = payload.decode().partition(" ")
    assert (opcode, said) == (TEXT, text)
    return int(number)


def pings_until_closed(client):
    """How many pings came, all answered, and the close frame behind them."""
    count = 0
    while True:
        opcode, payload = client.read()
        if opcode == CLOSE:
            return count, int.from_bytes(payload[:2], "big")
        assert opcode == PING, (opcode, payload)
        count += 1
        client.send(frame(PONG, payload))


@pytest.mark.parametrize("target", ["/sleeps?300", "/matches"])
def test_a_stuck_loop_is_replaced_at_the_limit_and_its_websockets_come_back(roost, target):
    server = roost("stuck:app", "--processes", 1, "--request-timeout", "1s", "--request-timeout-grace", "1s", *PINGS)
    (before,) = server.workers()
    with Frames(server.address, "/") as client:
        assert says(client, "hello") == before
        assert server.get(target).status == 504
        # The front answers for the worker: who is there is still there, and is told to come back when it is ended.
        pings, code = pings_until_closed(client)
        assert pings >= 2 and code == 1012
    assert "the event loop is stuck: its worker is replaced" in server.log()
    with Frames(server.address, "/") as client:
        assert says(client, "again") != before
    assert server.get("/").status == 200
    eventually(lambda: len(server.workers()) == 1 and before not in server.workers(), "the stuck one is gone")


@pytest.mark.slow
def test_without_a_limit_a_loop_that_makes_no_progress_is_replaced_all_the_same(roost):
    server = roost("stuck:app", "--processes", 2, "--drain-timeout", "4s", *PINGS)
    before = server.workers()
    clients = [Frames(server.address, "/") for _ in before]
    homes = [says(client, "hello") for client in clients]
    assert sorted(homes) == before
    with server.connect() as asleep:
        asleep.send(request("/sleeps?300"))
        server.wait_for_call("GET /sleeps")
        # One of these lies unread, which is all that is seen of it: requests go to the other one.
        for client in clients:
            client.send(frame(TEXT, "are you there"))

        def stuck():
            return [line for line in server.log().splitlines() if "worker makes no progress" in line]

        eventually(lambda: "its event loop is blocked" in server.log(), "it is noticed")
        for _ in range(20):
            assert server.get("/").status == 200
        eventually(stuck, "it is judged", 60)
        number = int(stuck()[0].partition("pid=")[2].split()[0])
        pings, code = pings_until_closed(clients[homes.index(number)])
        assert pings >= 20 and code == 1012
        other = clients[1 - homes.index(number)]
        assert other.read_message() == (TEXT, b"%d are you there" % homes[1 - homes.index(number)])
    for client in clients:
        client.socket.close()
    eventually(lambda: len(server.workers()) == 2 and number not in server.workers(), "another has taken its place")
