"""Logs: what they say, and that a reader who stalls stops nobody."""

import json
import os
import pty
import re

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
    # The line comes up to a tenth of a second after readiness, which /readyz tells at once.
    eventually(lambda: f"http://127.0.0.1:{server.address[1]}" in server.log(), "the address is told")
    text = server.log()
    assert "processes" in text and "threads" in text


def test_what_the_app_prints_is_in_the_log(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    server.get("/prints?bytes=1000")
    eventually(lambda: server.log().count("x" * 99) >= 20, "twenty lines, half printed, half from wsgi.errors")


def test_the_servers_level_does_not_bound_the_apps_lines(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--log-level", "error")
    server.get("/prints?bytes=1000")
    eventually(lambda: server.log().count("x" * 99) >= 20, "twenty lines, half printed, half from wsgi.errors")
    assert " INFO serving" not in server.log()


TALKATIVE = """
import sys

def app(environ, start_response):
    line = %r
    print(line, flush=True)
    environ["wsgi.errors"].write(line + "\\n")
    start_response("200 OK", [])
    return [b"ok"]
"""


def talkative(tmp_path, line):
    (tmp_path / "talkative.py").write_text(TALKATIVE % line)
    return {"app_dir": tmp_path}


def test_raw_lines_of_the_app_are_passed_on_byte_for_byte(roost, tmp_path):
    line = '{"message": "caf\u00e9\\tx", "n": 1}'
    server = roost("talkative:app", "--processes", 1, "--app-log", "raw", **talkative(tmp_path, line))
    server.get("/")
    eventually(lambda: server.log().splitlines().count(line) >= 2, "both lines are there, as they were written")


def test_a_json_line_of_the_app_is_an_object_in_a_json_log(roost, tmp_path):
    line = '{"message": "sold", "n": 1}'
    server = roost("talkative:app", "--processes", 1, "--log-format", "json", **talkative(tmp_path, line))
    server.get("/")

    def objects():
        records = [json.loads(line) for line in server.log().splitlines() if line.startswith("{")]
        return [record for record in records if record.get("app") == {"message": "sold", "n": 1}]

    found = eventually(lambda: len(objects()) >= 2 and objects(), "both are objects")
    assert {record["source"] for record in found} == {"stdout", "app"}


def test_a_long_line_of_the_app_is_one_record(roost, tmp_path):
    line = "y" * 1_000_000
    server = roost("talkative:app", "--processes", 1, **talkative(tmp_path, line))
    server.get("/")
    for source in ["stdout", "app"]:
        eventually(lambda: f" {source}: {line} " in server.log(), f"the line of {source} is whole")


def test_a_refused_request_is_logged_with_cause_and_request_line(roost):
    server = roost("probe:app", "--processes", 1, "--access-log", "text", "--log-level", "debug")
    with server.connect() as connection:
        connection.send(b"GET /odd HTTP/1.1\r\nHost: a\r\nbad field\r\n\r\n")
        assert connection.response().status == 400
    line = eventually(
        lambda: [line for line in server.log().splitlines() if '"GET /odd HTTP/1.1" 400' in line], "it is logged"
    )[0]
    assert re.search(r" cause=\w+", line)
    eventually(lambda: "a request was refused" in server.log(), "it is told at debug")


def test_bad_preambles_do_not_fill_the_log(roost):
    server = roost("probe:app", "--processes", 1, "--proxy-protocol")
    for _ in range(200):
        with server.connect() as connection:
            connection.send(b"GET / HTTP/1.1\r\n\r\n")
    eventually(lambda: "without a PROXY protocol header" in server.log(), "it is told")
    assert server.log().count("without a PROXY protocol header") < 100


def test_a_terminal_shows_accesses_colours_and_plain_lines(roost, tmp_path):
    leader, follower = pty.openpty()
    line = "\x1b[31mred\x1b[0m"
    server = roost("talkative:app", "--processes", 1, output=follower, **talkative(tmp_path, line))
    os.close(follower)
    server.get("/shown")
    server.process.terminate()
    shown = bytearray()
    try:
        while data := os.read(leader, 1 << 16):
            shown += data
    except OSError:
        pass  # The last writer has gone.
    os.close(leader)
    lines = shown.decode().splitlines()
    assert any(text.startswith(line) for text in lines)
    assert any('"GET /shown HTTP/1.1" 200' in text for text in lines)
    assert "\x1b[32mINFO" in shown.decode()
