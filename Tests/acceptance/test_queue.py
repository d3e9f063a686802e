"""One bounded queue in front of all threads. The application's gate decides when a request ends; nothing is timed."""

import time

from client import Connection, eventually, get, request


def hold_every_thread(server, count, name="gate"):
    """Occupies `count` threads until the gate `name` opens."""
    held = [server.connect().send(request(f"/gate?{name}")) for _ in range(count)]
    eventually(lambda: server.calls().count(f"GET /gate?{name}") == count, f"{count} requests run")
    return held


def test_ten_at_once_on_one_thread_with_a_limit_of_four(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--queue-limit", 4)
    connections = [server.connect() for _ in range(10)]
    for connection in connections:
        connection.send(request("/gate"))
    # One runs, four wait, five are refused while the gate is still shut.
    eventually(lambda: server.metric("roost_queue_depth") == 4, "four requests wait")
    refused = eventually(lambda: five_refused(connections), "five are refused while the others wait")
    assert server.metric("roost_queue_depth") == 4
    assert server.metric("roost_queue_limit") == 4
    assert server.metric("roost_threads") == 1 and server.metric("roost_threads_busy") == 1
    for response in refused.values():
        assert response.status == 503
        assert 1 <= int(response["Retry-After"]) <= 180
        assert response["Cache-Control"] == "no-store"
    server.open_gate()
    rest = [connection for connection in connections if connection not in refused]
    assert [connection.response().status for connection in rest] == [200] * 5
    assert server.calls().count("GET /gate") == 5
    assert server.metric("roost_refused_total", cause="full") == 5
    eventually(lambda: server.metric("roost_queue_depth") == 0, "the queue is empty again")


def five_refused(connections):
    """The responses that came, by connection, once there are five."""
    responses = {}
    for connection in connections:
        connection.socket.setblocking(False)
        try:
            data = connection.socket.recv(1 << 16)
            connection.buffer += data
        except BlockingIOError:
            pass
        connection.socket.settimeout(30)
        if connection.buffer:
            kept = connection.buffer
            responses[connection] = connection.response()
            connection.buffer = kept
    return responses if len(responses) == 5 else None


def test_a_client_that_leaves_while_queued_never_reaches_the_app(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (held,) = hold_every_thread(server, 1)
    leaving = server.connect().send(request("/?left"))
    staying = server.connect().send(request("/echo", "POST", b"stayed"))
    eventually(lambda: server.metric("roost_queue_depth") == 2, "both wait")
    leaving.leave()
    eventually(lambda: server.metric("roost_queue_depth") == 1, "the one that left is out of the queue")
    server.open_gate()
    assert held.response().status == 200
    assert staying.response().body == b"stayed"
    assert "GET /?left" not in server.calls()


def test_a_request_that_waits_past_its_deadline_is_answered_503_and_never_runs(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--queue-timeout", "1s")
    (held,) = hold_every_thread(server, 1)
    response = server.get("/?late")
    assert response.status == 503 and int(response["Retry-After"]) >= 1
    server.open_gate()
    assert held.response().status == 200
    assert server.get("/echo", method="POST", body=b"next").body == b"next"
    assert "GET /?late" not in server.calls()
    assert server.metric("roost_refused_total", cause="timeout") == 1


def test_time_spent_before_us_counts_against_the_deadline(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--queue-timeout", "30s")
    (held,) = hold_every_thread(server, 1)
    long_ago = f"t={time.time() - 40:.3f}"
    response = server.get("/?waited-elsewhere", fields=[("X-Request-Start", long_ago)])
    assert response.status == 503
    server.open_gate()
    assert held.response().status == 200


def test_waiting_requests_run_in_the_order_in_which_they_came(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    (held,) = hold_every_thread(server, 1)
    waiting = []
    for number in range(8):
        waiting.append(server.connect().send(request(f"/echo?{number}", "POST", b"x", close=True)))
        eventually(lambda: server.metric("roost_queue_depth") == len(waiting), "it waits")
    server.open_gate()
    assert held.response().status == 200
    assert all(connection.response().status == 200 for connection in waiting)
    assert [call for call in server.calls() if "/echo" in call] == [f"POST /echo?{number}" for number in range(8)]


def test_every_thread_of_every_worker_is_used_before_anything_waits(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 3)
    held = hold_every_thread(server, 6)
    assert server.metric("roost_queue_depth") == 0
    assert server.metric("roost_threads_busy") == 6 and server.metric("roost_workers") == 2
    server.open_gate()
    assert all(connection.response().status == 200 for connection in held)


def test_requests_go_to_the_least_busy_worker(roost):
    server = roost("probe:app", "--processes", 2, "--threads", 2)
    (first,) = hold_every_thread(server, 1, "first")
    busy = [server.get("/environ").json()["pid"] for _ in range(5)]
    # Whichever worker holds the gate, the other one is idle and gets them all.
    assert len(set(busy)) == 1
    server.open_gate("first")
    assert first.response().status == 200


def test_a_full_queue_refuses_before_the_body_is_read(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--queue-limit", 1)
    (held,) = hold_every_thread(server, 1)
    waiting = server.connect().send(request("/"))
    eventually(lambda: server.metric("roost_queue_depth") == 1, "one waits")
    with Connection(server.address) as connection:
        connection.send(
            b"POST /echo HTTP/1.1\r\nHost: roost.test\r\nContent-Length: 1000000\r\nExpect: 100-continue\r\n\r\n"
        )
        assert connection.head().status == 503
    server.open_gate()
    assert held.response().status == 200 and waiting.response().status == 200


def test_the_log_says_why_requests_wait_and_when_it_is_over(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--queue-limit", 10)
    (held,) = hold_every_thread(server, 1)
    waiting = [server.connect().send(request("/")) for _ in range(3)]
    line = eventually(
        lambda: [line for line in server.log().splitlines() if "queue depth 3 (limit 10)" in line],
        "the log tells of the queue",
    )[0]
    assert "oldest" in line and "1 of 1 threads busy" in line
    server.open_gate()
    for connection in [held, *waiting]:
        assert connection.response().status == 200
    eventually(lambda: "nothing waits in the queue any more: requests did for" in server.log(), "the log says that it is over")


def test_the_control_plane_answers_while_every_thread_is_busy_and_the_queue_is_full(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--queue-limit", 1)
    (held,) = hold_every_thread(server, 1)
    waiting = server.connect().send(request("/"))
    eventually(lambda: server.metric("roost_queue_depth") == 1, "the queue is full")
    assert get(server.admin, "/healthz").status == 200
    assert get(server.admin, "/readyz").status == 200
    status = get(server.admin, "/status").json()
    assert isinstance(status, dict) and status
    server.open_gate()
    assert held.response().status == 200 and waiting.response().status == 200


def test_the_metrics_that_scripts_rely_on_are_there(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 2)
    assert server.get("/").status == 200
    with server.connect() as idle:
        idle.send(request("/")).response()
        text = server.metrics_text()
    for name in (
        "roost_queue_depth", "roost_queue_limit", "roost_threads", "roost_threads_busy", "roost_workers",
        "roost_connections",
    ):
        assert f"\n{name} " in text or f"\n{name}{{" in text, name
    assert 'roost_requests_total{' in text and 'status="200"' in text
    for name in ("roost_queue_seconds", "roost_service_seconds"):
        assert f"{name}_bucket{{" in text and f"{name}_count" in text and f"{name}_sum" in text, name
        assert 'le="+Inf"' in text
