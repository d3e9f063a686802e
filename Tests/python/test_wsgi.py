"""PEP 3333, point by point, on every interpreter: what an application does and what the front gets to see."""

import os
import tempfile

import pytest

from apps import pages
from ring_front import HTTP10, HTTPS, UNKNOWN

WARNING = 4


def environ_of(worker, *arguments, **options):
    text = worker.get("/environ" + options.pop("suffix", ""), *arguments, **options).body.decode()
    return {key: eval(value, {}) if value[0] in "'(T" + "F" else value
            for key, value in (line.split("=", 1) for line in text.splitlines())}


def test_a_list_of_one_part_is_one_whole_frame(worker):
    response = worker.get("/hello")
    assert (response.status, response.reason, response.ending) == (200, "OK", "whole")
    assert response.fields == [("Content-Type", "text/plain")]
    assert (response.body, response.body_bytes) == (b"Hello", 5)
    assert response.logs == []


def test_the_environ_holds_what_pep_3333_and_cgi_name(worker):
    environ = environ_of(worker, suffix="/%C3%A9%20b%2Fc%zz?x=%20y&z", fields=[("Host", "shop.example:8000")],
                         host="shop.example", port="8000", client=("2001:db8::1", "4711"), request_id="abc-1")
    assert environ["REQUEST_METHOD"] == "GET"
    assert environ["SCRIPT_NAME"] == ""
    assert environ["PATH_INFO"] == "/environ/\xc3\xa9 b/c%zz"
    assert environ["QUERY_STRING"] == "x=%20y&z"
    assert environ["REQUEST_URI"] == environ["RAW_URI"] == "/environ/%C3%A9%20b%2Fc%zz?x=%20y&z"
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("shop.example", "8000")
    assert environ["SERVER_PROTOCOL"] == "HTTP/1.1"
    assert (environ["REMOTE_ADDR"], environ["REMOTE_PORT"]) == ("2001:db8::1", "4711")
    assert environ["HTTP_HOST"] == "shop.example:8000"
    assert environ["SERVER_SOFTWARE"] == "roost/0.1.0"
    assert environ["roost.request_id"] == "abc-1"
    assert environ["wsgi.version"] == (1, 0)
    assert environ["wsgi.url_scheme"] == "http"
    assert environ["wsgi.run_once"] is False
    assert environ["wsgi.input_terminated"] is True
    assert "CONTENT_TYPE" not in environ and "CONTENT_LENGTH" not in environ


@pytest.mark.parametrize("flags, port", [(0, "80"), (HTTPS, "443")])
def test_on_a_unix_socket_the_port_is_the_scheme_s_and_no_client_s_is_told(worker, flags, port):
    usual = {"host": "shop.example", "port": "8000", "client": ("192.0.2.1", "1"), "request_id": "usual"}
    before = environ_of(worker, **usual)
    environ = environ_of(worker, flags=flags, host="/run/app.sock", port="", client=("", ""))
    assert (environ["SERVER_NAME"], environ["SERVER_PORT"]) == ("localhost", port)
    assert environ["REMOTE_ADDR"] == "" and "REMOTE_PORT" not in environ
    assert environ_of(worker, **usual) == before


def test_a_client_s_port_that_its_proxy_did_not_tell_is_left_out(worker):
    environ = environ_of(worker, client=("192.0.2.1", "0"))
    assert environ["REMOTE_ADDR"] == "192.0.2.1" and "REMOTE_PORT" not in environ


def test_nothing_of_one_request_is_left_in_the_next(worker):
    first = environ_of(worker, fields=[("X-Secret", "1"), ("Cookie", "a=b")], flags=HTTPS | HTTP10, method="POST",
                       body=b"x", host="a", port="1", client=("192.0.2.1", "1"))
    assert (first["wsgi.url_scheme"], first["SERVER_PROTOCOL"], first["REQUEST_METHOD"]) == ("https", "HTTP/1.0", "POST")
    second = environ_of(worker, host="b", port="2", client=("192.0.2.2", "2"))
    assert (second["wsgi.url_scheme"], second["SERVER_PROTOCOL"], second["REQUEST_METHOD"]) == ("http", "HTTP/1.1", "GET")
    assert (second["SERVER_NAME"], second["SERVER_PORT"], second["REMOTE_ADDR"]) == ("b", "2", "192.0.2.2")
    assert not [key for key in second if key.startswith("HTTP_") or key.startswith("CONTENT_")]


def test_multithread_and_multiprocess_are_true_to_t_and_p(start):
    for threads, processes in ((1, 1), (2, 1), (1, 3)):
        with start(threads=threads, processes=processes) as worker:
            worker.ready()
            environ = environ_of(worker)
            assert environ["wsgi.multithread"] is (threads > 1)
            assert environ["wsgi.multiprocess"] is (processes > 1)


def test_repeated_fields_are_joined_cookies_with_a_semicolon(worker):
    environ = environ_of(worker, fields=[
        ("Accept", "a"), ("Cookie", "a=1"), ("ACCEPT", "b"), ("cookie", "b=2"), ("accept", "c"),
        ("X-Very-Long-" + "N" * 70, "1"), ("x-very-long-" + "n" * 70, "2")])
    assert environ["HTTP_ACCEPT"] == "a,b,c"
    assert environ["HTTP_COOKIE"] == "a=1; b=2"
    assert environ["HTTP_X_VERY_LONG_" + "N" * 70] == "1,2"


def test_names_that_could_pass_for_others_are_dropped(worker):
    environ = environ_of(worker, fields=[
        ("X_Forwarded_For", "evil"), ("X-Forwarded_For", "evil"), ("Proxy", "evil"), ("Content_Length", "evil"),
        ("Transfer-Encoding", "chunked"), ("X" * 70 + "_", "evil"), ("", "evil"), ("X-Good", "good")])
    assert [key for key in environ if key.startswith("HTTP_")] == ["HTTP_X_GOOD"]


def test_values_are_latin_1_byte_for_byte(worker):
    environ = environ_of(worker, fields=[("X-Bytes", bytes(range(0x80, 0x100)) + b" \xc3\xa9"), ("X-Empty", "")])
    assert environ["HTTP_X_BYTES"] == "".join(map(chr, range(0x80, 0x100))) + " \xc3\xa9"
    assert environ["HTTP_X_EMPTY"] == ""


def test_more_names_than_the_table_holds_are_all_passed_on(worker):
    for batch in range(5):
        fields = [("X-Name-%d-%d" % (batch, number), str(number)) for number in range(100)]
        environ = environ_of(worker, fields=fields + fields[:1])
        found = {key: value for key, value in environ.items() if key.startswith("HTTP_X_NAME")}
        assert found == {name.upper().replace("-", "_").replace("X_", "HTTP_X_", 1): value if number else "0,0"
                         for number, (name, value) in enumerate(fields)}


def test_content_type_and_length_stand_without_prefix(worker):
    environ = environ_of(worker, method="POST", body=b"12345",
                         fields=[("content-type", "text/x"), ("Content-Length", "5")])
    assert (environ["CONTENT_TYPE"], environ["CONTENT_LENGTH"]) == ("text/x", "5")
    assert "HTTP_CONTENT_TYPE" not in environ and "HTTP_CONTENT_LENGTH" not in environ


def test_a_body_that_came_in_chunks_has_a_content_length(worker):
    environ = environ_of(worker, method="POST", body=b"123", fields=[("Transfer-Encoding", "chunked")])
    assert environ["CONTENT_LENGTH"] == "3" and "HTTP_TRANSFER_ENCODING" not in environ


def test_an_empty_body_that_was_announced_has_content_length_zero(worker):
    assert environ_of(worker, fields=[("Content-Length", "0")])["CONTENT_LENGTH"] == "0"


BODY = b"abcdef\nghi\njkl\n\nmno\npqr"
READS = repr([b"abc", b"def\n", b"gh", [b"i\n", b"jkl\n"], [b"\n", b"mno\n", b"pqr"], b"", b""]).encode()


def test_the_input_reads_in_every_way(worker):
    assert worker.get("/read-ways", method="POST", body=BODY).body == READS


def test_a_body_in_a_file_reads_in_every_way(worker):
    with tempfile.TemporaryFile() as file:
        file.write(BODY)
        file.flush()
        # Its position is at the end, and stays the front's.
        assert worker.get("/read-ways", method="POST", body_fd=file.fileno(), body_bytes=len(BODY)).body == READS
        assert file.tell() == len(BODY)


def test_the_input_ends_where_the_body_ends(worker):
    with tempfile.TemporaryFile() as file:
        file.write(b"body and something else")
        file.flush()
        assert worker.get("/echo", method="POST", body_fd=file.fileno(), body_bytes=4).body == b"body"


def test_a_large_body_in_a_file_is_right_and_its_descriptor_is_closed(worker):
    data = os.urandom(3_000_001)
    before = len(os.listdir("/proc/%d/fd" % worker.pid))
    for _ in range(3):
        with tempfile.TemporaryFile() as file:
            file.write(data)
            file.flush()
            assert worker.get("/echo", method="POST", body_fd=file.fileno(), body_bytes=len(data)).body == data
    worker.get("/hello")
    assert len(os.listdir("/proc/%d/fd" % worker.pid)) == before


@pytest.mark.parametrize("how", ["list", "write"])
def test_passes_wsgiref_validate(worker, how):
    response = worker.get("/wsgiref-valid?" + how, method="POST", body=b"body ", fields=[("Host", "x")])
    assert response.body == (b"written body valid" if how == "write" else b"body valid")
    assert response.ending == "end"
    assert [text for _, text in response.logs] == ["validated", "more"]


def test_each_part_of_a_generator_is_seen_at_once(worker, tmp_path):
    gate = tmp_path / "gate"
    os.mkfifo(gate)
    worker.request(target="/gated?%s" % gate)
    kind, flags, _, payload = worker.frame()
    assert kind == 16 and flags == 0 and payload.endswith(b"first")
    gate.write_bytes(b"second")
    assert worker.frame()[3] == b"second"
    assert worker.frame()[0] == 18


def test_a_generator_has_no_length_and_its_empty_parts_are_nothing(worker):
    response = worker.get("/generator")
    assert (response.pieces, response.ending, response.body_bytes) == ([b"one", b"two"], "end", UNKNOWN)


def test_start_response_may_be_called_as_late_as_the_first_part(worker):
    response = worker.get("/late-start")
    assert (response.status, response.body) == (201, b"late")


def test_several_parts_in_a_list_are_joined_in_order(worker):
    assert worker.get("/listed").body == b"abc"


@pytest.mark.parametrize("page", ["empty", "empty-generator"])
def test_no_parts_make_an_empty_whole_response(worker, page):
    response = worker.get("/" + page)
    assert (response.status, response.body, response.body_bytes, response.ending) == (200, b"", 0, "whole")


def test_write_sends_at_once_and_before_what_is_returned(worker):
    response = worker.get("/writes")
    assert (response.pieces, response.ending) == ([b"one ", b"two ", b"three"], "end")


@pytest.mark.parametrize("page", ["replaces", "replaces-by-keyword"])
def test_exc_info_replaces_a_head_that_has_not_gone_out(worker, page):
    response = worker.get("/" + page)
    assert (response.status, response.reason, response.body) == (503, "Sorry", b"replaced")
    assert response.fields == [("X-Second", "2")]


def test_exc_info_is_raised_again_once_the_head_has_gone_out(worker):
    response = worker.get("/replaces-too-late")
    assert (response.body, response.ending) == (b"out", "abort")
    assert "ValueError: too late to change" in response.log_text


def is_500(response):
    return response.status == 500 and response.ending == "whole" and b"Internal Server Error" in response.body


def test_a_second_start_response_without_exc_info_is_an_error(worker):
    response = worker.get("/starts-twice")
    assert is_500(response) and "without exc_info" in response.log_text


@pytest.mark.parametrize("page", ["never-starts", "never-starts-empty"])
def test_an_application_that_never_calls_start_response_is_told(worker, page):
    response = worker.get("/" + page)
    assert is_500(response) and "start_response" in response.log_text


@pytest.mark.parametrize("case", sorted(pages.BAD_HEADS))
def test_a_head_that_is_not_allowed_is_refused_and_logged(worker, case):
    response = worker.get("/bad-head?" + case)
    assert is_500(response), response.fields
    assert b"must not be seen" not in response.body
    assert "start_response: " in response.log_text and "bad_head" in response.log_text


@pytest.mark.parametrize("name", pages.HOP_BY_HOP)
def test_what_is_hop_by_hop_is_left_out(worker, name):
    response = worker.get("/hop-by-hop?" + name)
    assert (response.status, response.body) == (200, b"seen")
    assert response.fields == [("X-Before", "1"), ("X-After", "2")]


def test_what_is_left_out_is_told_once_for_each_route(start):
    with start() as worker:
        worker.ready()
        for route in ("/hop-by-hop", "/hop-by-hop/another"):
            (level, text), = worker.get(route + "?Connection").logs
            assert level == WARNING and "the response to %s has header fields" % route in text and "Connection" in text
            assert worker.get(route + "?Upgrade").logs == []
        for number in range(200):
            worker.get("/hop-by-hop/%d?TE" % number)
        assert worker.get("/hop-by-hop/one-too-many?TE").logs == []


def test_latin_1_goes_out_as_it_is(worker):
    response = worker.get("/latin1-head")
    assert response.reason == "Gr\u00fc\u00df"
    assert response.fields == [("X-Name", "\u00e9t\u00e9\ttab"), ("X-Empty", "")]


def test_an_error_before_the_head_is_500_with_the_request_id_and_a_traceback_in_the_log(worker):
    response = worker.get("/failing-call", request_id="req-77")
    assert is_500(response) and b"req-77" in response.body
    assert "LookupError: no such thing: \\udcff \u00e9" in response.log_text and "pages.py" in response.log_text
    assert [level for level, _ in response.logs] == [5]


@pytest.mark.parametrize("page, error", [("exits", "SystemExit: 3"), ("interrupted", "KeyboardInterrupt")])
def test_an_application_that_exits_answers_500_and_the_worker_lives(worker, page, error):
    response = worker.get("/" + page)
    assert is_500(response) and error in response.log_text
    assert worker.get("/hello").body == b"Hello"


def test_an_error_after_the_head_breaks_the_response_off(worker):
    response = worker.get("/failing-midway")
    assert (response.status, response.body, response.ending) == (200, b"a", "abort")
    assert "ValueError: midway" in response.log_text


def test_an_error_at_the_first_part_is_500(worker):
    response = worker.get("/failing-first")
    assert is_500(response) and "ValueError: first" in response.log_text


@pytest.mark.parametrize("page", ["closing", "failing-midway", "failing-first"])
def test_close_is_called_once_whatever_happens(worker, page):
    worker.get("/closed-count")
    worker.get("/" + page)
    assert worker.get("/closed-count").body == b"1"


def test_close_is_called_when_the_client_has_left(worker):
    worker.get("/closed-count")
    stream = worker.request(target="/endless")
    assert worker.frame()[0] == 16
    worker.cancel(stream)
    while worker.frame()[0] == 17:
        pass
    assert worker.get("/closed-count").body == b"1"


def test_a_client_who_left_before_the_head_leaves_a_frame_that_ends_the_request(worker):
    stream = worker.next_stream
    worker.cancel(stream)
    response = worker.get("/generator")
    assert (response.status, response.ending) == (503, "whole")


def test_an_error_in_close_is_logged_and_the_response_is_whole(worker):
    response = worker.get("/failing-close")
    assert (response.status, response.body, response.ending) == (200, b"whole", "end")
    assert "OSError: close failed" in response.log_text


def test_parts_that_are_not_bytes_are_an_error_with_a_clear_message(worker):
    response = worker.get("/wrong-part")
    assert is_500(response) and "must be made of bytes, not str" in response.log_text
    response = worker.get("/wrong-part-later")
    assert (response.body, response.ending) == (b"a", "abort")
    assert "must be made of bytes, not str" in response.log_text


def test_an_application_that_returns_none_is_500(worker):
    response = worker.get("/returns-none")
    assert is_500(response) and "'NoneType' object is not iterable" in response.log_text


@pytest.mark.parametrize("query, body, ending", [
    ("5,5", 5, "whole"), ("5,2,3", 5, "end"), ("0,0", 0, "whole"),
    ("5,3", 3, "abort"), ("5,1,1", 2, "abort"), ("5,0", 0, "abort"),
    ("5,9", 5, "end"), ("5,3,9,9", 5, "end"), ("0,4", 0, "whole"),
])
def test_a_content_length_is_kept_or_the_response_is_no_whole_one(worker, query, body, ending):
    declared = int(query.split(",")[0])
    response = worker.get("/length?" + query)
    assert (response.status, len(response.body), response.ending) == (200, body, ending)
    assert response.body_bytes == declared
    sent = sum(map(int, query.split(",")[1:]))
    assert ("Content-Length" in response.log_text) == (sent != declared)


def test_head_gets_the_head_and_no_body(worker):
    response = worker.get("/hello", method="HEAD")
    assert (response.status, response.body, response.body_bytes, response.ending) == (200, b"", 5, "whole")
    response = worker.get("/length?9,9", method="HEAD")
    assert (response.body, response.field("content-length"), response.ending) == (b"", "9", "whole")
    response = worker.get("/generator", method="HEAD")
    assert (response.body, response.body_bytes, response.ending) == (b"", UNKNOWN, "whole")
    response = worker.get("/file-plain", method="HEAD")
    assert (response.body, response.file, response.ending) == (b"", None, "whole")
    assert is_500_head(worker.get("/failing-call", method="HEAD"))


def is_500_head(response):
    return response.status == 500 and response.body == b"" and response.ending == "whole"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_that_has_no_body_gets_none(worker, status):
    response = worker.get("/status-only?%d" % status)
    assert (response.status, response.body, response.body_bytes, response.ending) == (status, b"", 0, "whole")


@pytest.mark.parametrize("size", [30_000, 40_000, 131_072, 50_000_000])
def test_large_parts_are_right_to_the_byte(worker, size):
    size -= size % 256
    response = worker.get("/big?%d" % size)
    assert response.body_bytes == size
    assert response.body == bytes(range(256)) * (size // 256)
    assert response.ending == ("whole" if size < 32_000 else "end")
    assert max(map(len, response.pieces)) <= worker.ring // 4


def test_errors_become_lines_of_the_log_with_their_request(worker):
    response = worker.get("/logs")
    assert response.body == b"logged"
    assert [text for _, text in response.logs] == [
        "one", "two", "three", "four", "\u00e9\\udc80 last, without a break"]
    assert {stream for stream, _, _ in worker.logs} == {worker.next_stream - 1}


def test_long_lines_are_split(worker):
    response = worker.get("/logs-long")
    assert [len(text) for _, text in response.logs] == [8192, 8192, 20_000 - 2 * 8192, 5]


def test_errors_takes_text_only(worker):
    response = worker.get("/logs-bytes")
    assert is_500(response) and "TypeError" in response.log_text


def test_threads_of_the_application_may_log_while_a_long_body_goes_out(worker):
    response = worker.get("/logs-from-a-thread")
    assert (len(response.body), response.ending) == (1_000_000, "end")
    lines = [text for _, text in response.logs if text.startswith("thread line")]
    assert lines == sorted(lines, key=lambda line: int(line.split()[-1]))
    assert len(lines) == 50 or "dropped" in response.log_text


def test_start_response_may_be_called_from_a_thread_of_the_application(worker):
    assert worker.get("/starts-in-a-thread").body == b"from a thread"


def test_functions_kept_beyond_their_request_are_refused(worker, tmp_path):
    gate, out = tmp_path / "gate", tmp_path / "gate.out"
    os.mkfifo(gate)
    os.mkfifo(out)
    worker.get("/keeps")
    worker.get("/calls-kept-later?%s" % gate)
    gate.write_text("")
    outcome = eval(out.read_text())
    assert len(outcome) == 2 and all("after its request had ended" in text for text in outcome)


@pytest.mark.parametrize("page, body, span", [
    ("file-plain", b"0123456789", (0, 10)),
    ("file-from-position", b"456789", (4, 6)),
    ("file-with-length?10", b"0123456789", (0, 10)),
    ("file-with-length?4", b"0123", (0, 4)),
    ("file-unflushed", b"flushed", (4, 7)),
    ("file-named-temporary", b"named", (0, 5)),
    ("file-closed", b"0123456789", (0, 10)),
    ("file-range-of-webob", b"234", (2, 3)),
    ("file-range-of-falcon", b"1234", (1, 4)),
    ("file-range-of-werkzeug?3,4", b"3456", (3, 4)),
    ("file-range-of-werkzeug?8,None", b"89", (8, 2)),
    ("file-sought", b"789", (7, 3)),
])
def test_a_plain_file_is_handed_to_the_front(worker, page, body, span):
    response = worker.get("/" + page)
    assert (response.body, response.ending, response.file) == (body, "file", span)
    assert response.body_bytes == len(body)


@pytest.mark.parametrize("page, body", [
    ("file-in-memory", b"in memory"), ("file-compressed", b"uncompressed"), ("file-pipe", b"through a pipe"),
    ("range-in-memory", b"34567"), ("range-of-pipe", b"34567"), ("generated-part", b"abcd")])
def test_what_is_no_plain_file_is_read_in_blocks(worker, page, body):
    response = worker.get("/" + page)
    assert (response.body, response.ending, response.file) == (body, "end", None)


def test_a_file_in_text_mode_is_an_error(worker):
    response = worker.get("/file-text")
    assert is_500(response) and "must be made of bytes, not str" in response.log_text


def test_a_file_shorter_than_its_content_length_is_broken_off(worker):
    response = worker.get("/file-with-length?11")
    assert (response.body, response.ending) == (b"0123456789", "abort")


def test_a_wrapped_file_is_closed_and_its_descriptor_too(worker):
    worker.get("/closed-count")
    before = len(os.listdir("/proc/%d/fd" % worker.pid))
    worker.get("/file-closed")
    assert worker.get("/closed-count").body == b"1"
    for _ in range(5):
        worker.get("/file-plain")
    worker.get("/hello")
    assert len(os.listdir("/proc/%d/fd" % worker.pid)) == before
