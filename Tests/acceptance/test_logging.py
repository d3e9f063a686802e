"""Logs: what they say, and that a reader who stalls stops nobody."""

import json
import os

from client import eventually, get, request


def test_a_log_reader_that_stalls_stops_nobody(roost):
    reader, writer = os.pipe()
    server = roost("probe:app", "--processes", 1, "--threads", 2, "--access-log", "text", output=writer)
    os.close(writer)
    # Far more than a pipe holds, through every way a line can take: access log, wsgi.errors, standard output.
    with server.connect() as connection:
        for _ in range(3000):
            assert connection.send(request("/")).response().status == 200
        for _ in range(20):
            assert connection.send(request("/prints?bytes=200000")).response().body == b"printed"
        assert connection.send(request("/echo", "POST", b"still here")).response().body == b"still here"
    assert get(server.admin, "/healthz").status == 200
    # When the reader comes back it learns that lines are missing.
    os.set_blocking(reader, False)
    read = bytearray()

    def drained():
        try:
            while data := os.read(reader, 1 << 16):
                read.extend(data)
        except BlockingIOError:
            pass
        return b"dropped" in read

    eventually(drained, "the log tells of dropped lines")
    os.set_blocking(reader, True)
    server.process.terminate()
    while os.read(reader, 1 << 16):
        pass
    server.stop()
    os.close(reader)


def test_there_is_no_access_log_unless_asked_for(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    server.get("/not-logged-at-all")
    server.stop()
    assert "/not-logged-at-all" not in server.log()


def test_the_access_log_in_text_shows_request_status_and_times(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--access-log", "text")
    server.get("/seen?x=1", fields=[("User-Agent", "tester/1.0")])
    line = eventually(lambda: [line for line in server.log().splitlines() if "/seen?x=1" in line], "it is logged")[0]
    assert '"GET /seen?x=1 HTTP/1.1" 200' in line and "tester/1.0" in line and "127.0.0.1" in line


def test_the_access_log_in_json_is_json(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--access-log", "json")
    server.get('/seen?"quoted"')
    line = eventually(lambda: [line for line in server.log().splitlines() if "/seen" in line], "it is logged")[0]
    entry = json.loads(line[line.index("{"):])
    assert entry["status"] == 200
    assert any("queue" in key for key in entry) and any("service" in key for key in entry)


def test_a_client_cannot_write_lines_of_its_own_into_the_log(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--access-log", "text")
    with server.connect() as connection:
        connection.send(b'GET /forged HTTP/1.1\r\nHost: a\r\nUser-Agent: x"\t\xff\x1b[31m forged\r\n\r\n')
        connection.response()
    server.get("/after")
    eventually(lambda: "/after" in server.log(), "the log has caught up")
    assert "\x1b" not in server.log()


def test_the_start_tells_address_processes_threads_and_why(roost):
    server = roost("probe:app", "--threads", 3)
    text = server.log()
    assert f"http://127.0.0.1:{server.address[1]}" in text
    assert "processes" in text and "threads" in text


def test_what_the_app_prints_is_in_the_log(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    server.get("/prints?bytes=1000")
    eventually(lambda: server.log().count("x" * 99) >= 20, "twenty lines, half printed, half from wsgi.errors")
