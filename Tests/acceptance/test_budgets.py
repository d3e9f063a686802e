"""What all clients together may take: unfinished WebSocket messages, spool files, and the memory that stays after a peak."""

import resource
import socket
import zlib

import pytest
from client import eventually, request
from socket_client import BINARY, CONTINUATION, TEXT, Frames, frame

MIB = 1 << 20


def squeezed(data):
    compressor = zlib.compressobj(9, zlib.DEFLATED, -15)
    return (compressor.compress(data) + compressor.flush(zlib.Z_SYNC_FLUSH))[:-4]


# WebSockets.


def test_unfinished_messages_have_a_bound_in_sum(roost):
    server = roost("asgi_sockets:app", "--processes", 2, "--ws-compression", "deflate",
                   "--ws-unfinished-per-worker", "48MiB", "--ws-unfinished", "80MiB")
    before = sum(server.resident_bytes(pid) for pid in [server.pid, *server.workers()])
    bomb = squeezed(bytes(31 * MIB))
    clients = []
    for _ in range(24):
        client = Frames(server.address, "/echo", fields=[("Sec-WebSocket-Extensions", "permessage-deflate")])
        client.send(frame(BINARY, bomb, fin=False, rsv=4))
        clients.append(client)
    # At most two of them fit.
    eventually(lambda: server.metric("roost_refused_total", cause="websocket_memory") >= 21, "the others are closed")
    after = sum(server.resident_bytes(pid) for pid in [server.pid, *server.workers()])
    # Twice the bound: Python's buffers grow by doubling. Without it there would be some 750 MiB.
    assert after - before < 320 * MIB
    # Small messages go on beside them.
    with Frames(server.address, "/echo") as other:
        other.send(frame(TEXT, "hello"))
        assert other.read_message()[1] == b"hello"
    for client in clients:
        client.socket.close()
    eventually(lambda: server.metric("roost_websockets_closed_total", code="1009") >= 21, "they were closed with 1009")


def test_the_client_of_the_largest_message_is_told_1009(roost):
    server = roost("asgi_sockets:app", "--processes", 1, "--ws-unfinished-per-worker", "1MiB")
    with Frames(server.address, "/echo") as large, Frames(server.address, "/echo") as small:
        # Alone it may have what ws-max-size allows.
        large.send(frame(BINARY, bytes(2 * MIB), fin=False))
        small.send(frame(BINARY, bytes(100_000), fin=False))
        assert large.read_close()[0] == 1009
        small.send(frame(CONTINUATION, bytes(100_000)))
        assert small.read_message()[1] == bytes(200_000)


def test_a_message_that_does_not_end_is_told_1008(roost):
    server = roost("asgi_sockets:app", "--processes", 1, "--ws-message-timeout", "1s", "--ws-ping-interval", "0s")
    with Frames(server.address, "/echo") as endless, Frames(server.address, "/echo") as idle:
        endless.send(frame(TEXT, "never", fin=False))
        assert endless.read_close()[0] == 1008
        # One that says nothing is not slow.
        idle.send(frame(TEXT, "hello"))
        assert idle.read_message()[1] == b"hello"
    assert server.metric("roost_refused_total", cause="websocket_message_timeout") == 1


# Spool files.


def test_spool_files_have_a_bound_in_sum(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--spool-limit", "4MiB")
    with server.connect() as never:
        never.send(request("/digest", "POST", fields=[("Content-Length", str(5 * MIB))]))
        response = never.response()
        assert response.status == 413 and b"spool-limit" in response.body
    with server.connect() as first:
        first.send(request("/digest", "POST", fields=[("Content-Length", str(3 * MIB))]) + bytes(2 * MIB))

        def is_refused():
            with server.connect() as second:
                second.send(request("/digest", "POST", fields=[("Content-Length", str(3 * MIB))]))
                # Once the first has its room nobody gets it twice; before that the second is listened to.
                second.socket.settimeout(1)
                try:
                    return second.response().status == 503
                except OSError:
                    return False

        eventually(is_refused, "the second is refused")
        first.send(bytes(MIB))
        assert first.response().status == 200
    # What was taken is given back.
    def is_taken():
        return server.get("/digest", method="POST", body=bytes(3 * MIB)).status == 200

    eventually(is_taken, "there is room again")
    assert server.metric("roost_refused_total", cause="spool_full") >= 2


# The front's memory.


def test_the_memory_of_a_peak_is_given_back(roost):
    descriptors = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    count = min(2000, descriptors // 3 if descriptors > 0 else 2000)
    if count < 1500:
        pytest.skip("too few file descriptors for a peak")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(hard, 3 * count)), hard))
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--max-connections", count + 100,
                   "--header-timeout", "120s")
    clients = []
    floor = server.resident_bytes()
    try:
        head = b"GET / HTTP/1.1\r\nHost: peak\r\nX-Long: " + b"x" * 28_000
        for _ in range(count):
            client = socket.create_connection(server.address, 60)
            client.sendall(head)
            clients.append(client)
        eventually(lambda: server.metric("roost_connections") >= count, "all are connected")
        eventually(lambda: server.resident_bytes() > floor + count * 20_000, "the heads are in memory")
        peak = server.resident_bytes()
    finally:
        for client in clients:
            client.close()
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    eventually(lambda: server.metric("roost_connections") <= 1, "all have left")
    # Generously: half of what the peak has added may stay.
    eventually(lambda: server.resident_bytes() < floor + (peak - floor) / 2, "the memory is given back", 120)
    assert server.get("/").status in (200, 404)
