"""A slow client costs a connection, never a thread: here there is one thread, so a held one would stop everybody."""

from client import eventually, request


def slow_front(roost, *options):
    return roost("probe:app", "--processes", 1, "--threads", 1, *options)


def assert_others_are_served(server):
    for number in range(20):
        body = b"other %d" % number
        assert server.get("/echo", method="POST", body=body).body == body


def test_slow_headers_hold_no_thread(roost):
    server = slow_front(roost)
    slow = [server.connect().send(b"GET / HTTP/1.1\r\nHost: ro") for _ in range(200)]
    assert_others_are_served(server)
    assert len(slow) == 200


def test_slow_bodies_hold_no_thread(roost):
    server = slow_front(roost)
    head = b"POST /echo?slow HTTP/1.1\r\nHost: roost.test\r\nContent-Length: 1000000\r\n\r\n"
    slow = [server.connect().send(head + b"a few bytes") for _ in range(200)]
    assert_others_are_served(server)
    for connection in slow:
        connection.leave()
    assert "POST /echo?slow" not in server.calls()


def test_slow_readers_hold_no_thread(roost):
    server = slow_front(roost)
    slow = [server.connect(receive_buffer=4096) for _ in range(20)]
    for connection in slow:
        connection.send(request("/big?bytes=20000000&length=1"))
        assert connection.head().status == 200
    assert_others_are_served(server)
    # The thread is done with all of them although nobody has read more than the head.
    eventually(lambda: server.metric("roost_threads_busy") == 0, "no thread is busy")
    assert slow[0].exactly(256) == bytes(range(256))
    assert server.resident_bytes() < 100 << 20
    for connection in slow:
        connection.leave()


def test_a_slow_reader_of_a_large_answer_gets_all_of_it(roost):
    server = slow_front(roost)
    with server.connect(receive_buffer=4096) as connection:
        connection.send(request("/big?bytes=3000000"))
        connection.head()
        received = b"".join(connection.chunks())
    assert received == (bytes(range(256)) * 11719)[:3_000_000]


def test_idle_connections_have_no_effect(roost):
    server = slow_front(roost)
    idle = [server.connect() for _ in range(300)]
    for connection in idle[:100]:
        assert connection.send(request("/")).response().status == 200
    assert_others_are_served(server)
    assert server.metric("roost_connections") >= 300


def test_clients_that_leave_in_mid_body_and_mid_response_leave_nothing_behind(roost):
    server = slow_front(roost)
    for number in range(100):
        with server.connect() as connection:
            if number % 2:
                connection.send(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 50\r\n\r\nhalf")
            else:
                connection.send(request("/big?bytes=5000000"))
                connection.exactly(100)
    assert_others_are_served(server)
    eventually(lambda: server.metric("roost_threads_busy") == 0, "no thread is busy")
    eventually(lambda: server.metric("roost_connections") <= 1, "no connection is left")


def test_a_body_that_comes_slower_than_the_least_rate_is_ended(roost):
    server = slow_front(roost, "--header-timeout", "2s")
    with server.connect(timeout=60) as connection:
        connection.send(b"POST /echo?starved HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n")
        answer = connection.rest()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 408 ")
    assert "POST /echo?starved" not in server.calls()
