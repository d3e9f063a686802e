"""ASGI 3.0, point by point, on every interpreter: what an application is given and what the front gets to see."""

import os
import tempfile
import time

import pytest

from conftest import APPS
from loop_front import BODY_FOLLOWS, CHUNK_BYTES, GROWTHS, HTTP2, LOOP_REQUEST_RING, WEB_SOCKET, WINDOW, footprint
from ring_front import CLAIMED, HTTP10, HTTPS, PATIENCE, REVOKED, UNKNOWN

WARNING, ERROR = 4, 5


@pytest.fixture(scope="module")
def _shared_loop(start_loop):
    state = {"worker": None}
    yield state
    if state["worker"] is not None:
        state["worker"].close()


@pytest.fixture
def worker(start_loop, _shared_loop):
    """A ready worker with an event loop, the same for many tests; a new one after a test that ended it."""
    current = _shared_loop["worker"]
    if current is None:
        current = start_loop()
        current.ready()
    _shared_loop["worker"] = None
    notes(current)
    yield current
    if current.exit_code is None and not current.kept:
        current.logs.clear()
        _shared_loop["worker"] = current
    else:
        current.close()


def notes(worker):
    return eval(worker.get("/notes-text").body)


def wait_for_notes(worker, count=1):
    """What the applications have noted, when there are so many."""
    found = []
    deadline = time.monotonic() + PATIENCE
    while len(found) < count:
        found += notes(worker)
        assert time.monotonic() < deadline, found
    return found


def scope_of(worker, path="/scope-text", **options):
    return eval(worker.get(path, **options).body)


def is_500(response):
    return response.status == 500 and response.body.startswith(b"Internal Server Error\n\nRequest id: id-")


# The scope


def test_start_and_one_body_are_one_whole_frame(worker):
    response = worker.get("/hello")
    assert (response.status, response.reason, response.ending) == (200, "OK", "whole")
    assert response.fields == [("content-type", "text/plain")]
    assert (response.body, response.body_bytes) == (b"Hello", 5)
    assert response.logs == []


def test_the_scope_holds_what_asgi_names(worker):
    assert worker.get("/scope-types", fields=[("X-A", "1")]).body == b"as they should be"
    assert scope_of(
        worker, "/scope-text/%C3%A9%20b%2Fc%zz%ff?x=%20y&z", host="shop.example", port="8000", method="PATCH",
        client=("2001:db8::1", "4711"), request_id="abc-1", fields=[("Host", "shop.example:8000"), ("X-Two", "2")],
    ) == {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.4"}, "http_version": "1.1", "method": "PATCH",
        "scheme": "http", "path": "/scope-text/é b/c%zz\ufffd", "raw_path": b"/scope-text/%C3%A9%20b%2Fc%zz%ff",
        "query_string": b"x=%20y&z", "root_path": "", "server": ("shop.example", 8000),
        "client": ("2001:db8::1", 4711), "headers": [(b"host", b"shop.example:8000"), (b"x-two", b"2")],
        "extensions": {"http.response.pathsend": {}, "http.response.trailers": {},
                       "roost": {"request_id": "abc-1"}},
    }


def test_the_scope_of_a_websocket(worker):
    stream = worker.connect("/scope-text?a", fields=[("Sec-WebSocket-Protocol", "a, b"), ("X-A", "1")])
    # The application answers it as if it were a request, which is a mistake of its own.
    assert worker.answer(stream).status == 500
    stream = worker.accepted("/ws-accept", fields=[
        ("Sec-WebSocket-Protocol", "chat, superchat"), ("sec-websocket-protocol", "\t,third ,,")])
    assert eval(worker.app_message(stream)) == ["chat", "superchat", "third"]
    assert worker.next(stream).kind == "close" and worker.next(stream).kind == "end"


def test_nothing_of_one_request_is_left_in_the_next(worker):
    first = scope_of(worker, "/scope-text?q", fields=[("X-Secret", "1"), ("Cookie", "a=b")], flags=HTTPS | HTTP10,
                     method="POST", body=b"x", host="a", port="1", client=("192.0.2.1", "1"))
    assert (first["scheme"], first["http_version"], first["method"]) == ("https", "1.0", "POST")
    second = scope_of(worker, host="b", port="2", client=("192.0.2.2", "2"))
    assert (second["scheme"], second["http_version"], second["method"]) == ("http", "1.1", "GET")
    assert (second["server"], second["client"]) == (("b", 2), ("192.0.2.2", 2))
    assert second["headers"] == [] and second["query_string"] == b""
    assert scope_of(worker, flags=HTTP2)["http_version"] == "2"


def test_a_unix_socket_has_no_client_and_no_port(worker):
    scope = scope_of(worker, host="/run/shop.sock", port="", client=("", ""))
    assert (scope["server"], scope["client"]) == (("/run/shop.sock", None), None)


def test_headers_stay_in_order_repeated_in_lower_case_and_byte_for_byte(worker):
    fields = [("Accept", "a"), ("Cookie", "a=1"), ("ACCEPT", "b"), ("cookie", "b=2"), ("accept", "a"),
              ("X-Bytes", bytes(range(0x80, 0x100)) + b" \xc3\xa9"), ("X-Empty", ""),
              ("X-Very-Long-" + "N" * 70, "1"), ("x-very-long-" + "n" * 70, "2"), ("X-Long", "v" * 5000)]
    for _ in range(2):
        assert scope_of(worker, fields=fields)["headers"] == [
            (name.lower().encode(), value if isinstance(value, bytes) else value.encode()) for name, value in fields]


def test_names_that_could_pass_for_others_are_dropped(worker):
    assert scope_of(worker, fields=[
        ("X_Forwarded_For", "evil"), ("X-Forwarded_For", "evil"), ("Proxy", "evil"), ("X" * 70 + "_", "evil"),
        ("", "evil"), ("X-Good", "good")])["headers"] == [(b"x-good", b"good")]


def test_more_names_than_the_table_holds_are_all_passed_on(worker):
    for batch in range(5):
        fields = [("X-Name-%d-%d" % (batch, number), str(number)) for number in range(100)]
        assert scope_of(worker, fields=fields)["headers"] == [
            (name.lower().encode(), value.encode()) for name, value in fields]


def test_each_request_has_a_shallow_copy_of_the_lifespan_s_state(worker):
    first, second = eval(worker.get("/state").body), eval(worker.get("/state").body)
    assert first["count"] == second["count"] == 1
    assert len(second["shared"]) == len(first["shared"]) + 1


def test_the_application_runs_in_a_task_of_its_own_on_the_main_thread(worker):
    assert worker.get("/current").body in (b"asyncio.unix_events", b"uvloop")


# Request bodies


def test_a_body_that_came_whole_is_received_at_once(worker):
    assert worker.get("/echo", method="POST", body=b"12345").body == b"1:12345"
    assert worker.get("/echo").body == b"1:"


def test_a_body_that_follows_is_received_as_it_comes(worker):
    stream = worker.open("POST", "/echo", body=b"first ", flags=BODY_FOLLOWS)
    for part in (b"second ", b"third "):
        worker.body(stream, part)
    worker.body(stream, b"last", is_last=True)
    assert worker.answer(stream).body == b"4:first second third last"
    stream = worker.open("POST", "/echo", flags=BODY_FOLLOWS)
    worker.body(stream, b"all", is_last=True)
    assert worker.answer(stream).body == b"1:all"
    stream = worker.open("POST", "/echo", body=b"all", flags=BODY_FOLLOWS)
    worker.body(stream, b"", is_last=True)
    assert worker.answer(stream).body in (b"1:all", b"2:all")


def test_what_was_received_is_granted_and_nothing_else(worker):
    stream = worker.open("POST", "/first-part", flags=BODY_FOLLOWS)
    for _ in range(4):
        worker.body(stream, bytes(CHUNK_BYTES - 16))
    assert wait_for_notes(worker) == ["received"]
    # One part was received, which is a quarter of the window.
    assert worker.granted.get(stream, 0) - CHUNK_BYTES in (0, WINDOW)
    worker.get("/sets?rest")
    worker.body(stream, b"x", is_last=True)
    assert worker.answer(stream).body == b"%d" % (4 * (CHUNK_BYTES - 16) + 1)
    assert worker.granted[stream] - 4 * CHUNK_BYTES in GROWTHS


def test_a_large_upload_arrives_under_the_window(worker):
    stream = worker.open("POST", "/echo", flags=BODY_FOLLOWS)
    data = os.urandom(3_000_000)
    sent = at = 0
    while at < len(data):
        while sent - worker.granted.get(stream, 0) >= WINDOW:
            frame = worker.read()
            assert frame.kind == "grant"
            worker.granted[stream] = worker.granted.get(stream, 0) + int.from_bytes(frame.payload, "little")
        part = data[at:at + 50_000]
        at += len(part)
        worker.body(stream, part, is_last=at == len(data))
        sent += footprint(len(part))
    frame = worker.next(stream)
    pieces = [frame.head.body]
    worker.credit(stream, footprint(len(frame.payload)))
    while frame.kind != "end":
        frame = worker.next(stream)
        if frame.kind == "chunk":
            pieces.append(frame.payload)
            worker.credit(stream, footprint(len(frame.payload)))
    assert b"".join(pieces).partition(b":")[2] == data


def test_a_body_in_a_file_is_received_in_pieces_and_its_descriptor_is_closed(worker):
    data = os.urandom(200_001)
    before = len(os.listdir("/proc/%d/fd" % worker.pid))
    for _ in range(3):
        with tempfile.TemporaryFile() as file:
            file.write(data + b"and something else")
            file.flush()
            body = worker.get("/echo", method="POST", body_fd=file.fileno(), body_bytes=len(data)).body
            assert body == b"4:" + data
    with tempfile.TemporaryFile() as file:
        # Never received.
        assert worker.get("/hello", method="POST", body_fd=file.fileno(), body_bytes=9).body == b"Hello"
    worker.get("/hello")
    assert len(os.listdir("/proc/%d/fd" % worker.pid)) == before


def test_a_body_file_that_is_too_short_is_an_error_of_the_system(worker):
    with tempfile.TemporaryFile() as file:
        file.write(b"short")
        file.flush()
        response = worker.get("/echo", method="POST", body_fd=file.fileno(), body_bytes=9)
    assert is_500(response) and "OSError: the request's body could not be read" in response.logs[0][1]


def test_a_body_that_nobody_receives_does_not_stay(worker):
    stream = worker.open("POST", "/hello", flags=BODY_FOLLOWS)
    assert worker.answer(stream).body == b"Hello"
    worker.body(stream, bytes(1000))
    worker.body(stream, bytes(1000), is_last=True)
    assert worker.get("/hello").body == b"Hello" and stream not in worker.granted


# Responses


def test_a_body_longer_than_a_frame_is_cut_into_frames_and_its_length_known(worker):
    for size in (60_000, 65_000, 66_000, 250_000):
        response = worker.get("/large?%d" % size)
        assert response.body == (b"0123456789" * (size // 10 + 1))[:size]
        assert response.body_bytes == size and response.ending == ("whole" if size <= 65_000 else "end")


def test_a_memoryview_is_a_body_too(worker):
    assert worker.get("/large-view").body == b"view" * 25_000
    assert worker.get("/other-mappings").body == b"mapped"


def test_send_waits_until_the_client_has_taken_what_was_sent(worker):
    stream = worker.open(target="/streams?2000000")
    frame, received = worker.next(stream), 0
    assert frame.head.body_bytes == UNKNOWN
    taken = [footprint(len(frame.payload))]
    received += len(frame.head.body)
    while sum(taken) < WINDOW:
        frame = worker.next(stream)
        taken.append(footprint(len(frame.payload)))
        received += len(frame.payload)
    # The window is closed: the application stands still, and others do not.
    before = wait_for_notes(worker)[0]
    assert received <= before <= received + 10_000
    assert worker.get("/hello").body == b"Hello"
    assert worker.is_silent(stream)
    worker.credit(stream, sum(taken))
    while True:
        frame = worker.next(stream)
        if frame.kind == "end":
            break
        received += len(frame.payload)
        worker.credit(stream, footprint(len(frame.payload)))
    assert received == 2_000_000 and notes(worker) == [2_000_000]


def test_one_long_body_goes_out_under_the_window_too(worker):
    stream = worker.open(target="/large?1000000")
    frame = worker.next(stream)
    sent, body = footprint(len(frame.payload)), [frame.head.body]
    while sent < WINDOW:
        frame = worker.next(stream)
        sent += footprint(len(frame.payload))
        body.append(frame.payload)
    assert worker.is_silent(stream)
    worker.credit(stream, sent)
    while True:
        frame = worker.next(stream)
        if frame.kind == "end":
            break
        body.append(frame.payload)
        worker.credit(stream, footprint(len(frame.payload)))
    assert b"".join(body) == b"0123456789" * 100_000


@pytest.mark.parametrize("target, event, body", [("/head-first", "body", b"late"), ("/late-head", "late", b"later")])
def test_a_head_goes_out_when_its_body_takes_time(worker, target, event, body):
    stream = worker.open(target=target)
    frame = worker.next(stream)
    assert (frame.kind, frame.is_whole, frame.head.status, frame.head.body) == ("response", False, 200, b"")
    worker.get("/sets?" + event)
    assert worker.next(stream).payload == body
    assert worker.next(stream).kind == "end"


def test_a_head_waits_for_a_body_that_comes_in_the_same_turn(worker):
    response = worker.get("/late-whole")
    assert (response.ending, response.body) == ("whole", b"whole")


@pytest.mark.parametrize("kind, fields", [
    ("lists", [("X-A", "1"), ("x-b", "2")]), ("tuple", [("x-a", "1"), ("x-b", "2")]),
    ("generator", [("x-a", "1"), ("x-b", "2")]), ("none", []), ("hop", [("x-a", "1")])])
def test_headers_may_be_any_pairs_and_those_of_the_connection_are_the_server_s(worker, kind, fields):
    response = worker.get("/headers?" + kind)
    assert (response.status, response.fields) == (200, fields)


@pytest.mark.parametrize("kind, error", [
    ("str", "TypeError: http.response.start: header 0 must be a pair of name and value, both bytes"),
    ("three", "TypeError: http.response.start: header 0 must be a pair"),
    ("number", "TypeError: http.response.start: the headers must be a list of pairs"),
    ("break", "ValueError: http.response.start: the value of 'x-a' must not hold control characters"),
    ("name", "ValueError: http.response.start: 'x a' is no header name"),
    ("empty-name", "ValueError: http.response.start: '' is no header name"),
    ("huge", "ValueError: http.response.start: the headers are longer than"),
    ("two-lengths", "ValueError: http.response.start: Content-Length must be one number"),
    ("no-length", "ValueError: http.response.start: Content-Length must be one number")])
def test_headers_that_are_none_are_errors_of_the_application(worker, kind, error):
    response = worker.get("/headers?" + kind)
    assert is_500(response) and error in response.logs[0][1]


def test_statuses(worker):
    assert worker.get("/statuses?418").reason == "I'm a Teapot"
    assert (worker.get("/statuses?599").status, worker.get("/statuses?599").reason) == (599, "")
    for status, error in (("103", "103 is no final status"), ("99", "99 is no HTTP status"),
                          ("600", "600 is no HTTP status"), ("999", "999 is no HTTP status"),
                          ("1000", "1000 is no HTTP status"), ("'200'", "the status must be an int"),
                          ("None", "the status is missing")):
        response = worker.get("/statuses?" + status)
        assert is_500(response) and error in response.logs[0][1]


@pytest.mark.parametrize("target, method, length", [
    ("/statuses?204", "GET", 0), ("/statuses?304", "GET", 0), ("/statuses?200", "HEAD", 4), ("/declared?7,7", "HEAD", 7),
    ("/streams?30000", "HEAD", UNKNOWN)])
def test_answers_without_a_body(worker, target, method, length):
    response = worker.get(target, method=method)
    assert (response.ending, response.body, response.body_bytes) == ("whole", b"", length)
    assert response.logs == []


def test_a_content_length_is_kept(worker):
    response = worker.get("/declared?10,4,6")
    assert (response.body_bytes, response.body, response.ending) == (10, b"x" * 10, "end")
    short = worker.get("/declared?10,4")
    assert short.ending == "abort" and "sent 4 of the 10 bytes" in short.logs[0][1]
    long = worker.get("/declared?10,4,9,9")
    assert (long.body, long.ending) == (b"x" * 10, "end")
    assert [level for level, _ in long.logs] == [WARNING] and "more than the 10 bytes" in long.logs[0][1]


def test_messages_out_of_order_are_errors(worker):
    start = '{"type":"http.response.start","status":200}'
    for messages, error in (
        ('[{"type":"http.response.body"}]', "RuntimeError: unexpected ASGI message 'http.response.body' before 'http."),
        ('[{"type":"websocket.send","text":""}]', "RuntimeError: unexpected ASGI message 'websocket.send' before"),
        ('[{"type":"http.response.pushes"}]', "RuntimeError: unexpected ASGI message 'http.response.pushes': no"),
        ('[{"status":200}]', "TypeError: an ASGI message must have a type"), ("[7]", "TypeError: an ASGI message must be"),
        ('[{"type":7}]', "TypeError: an ASGI message must have a type, a str"),
    ):
        assert worker.get("/messages?" + messages).body.decode().startswith(error)
    response = worker.get("/messages?[%s,%s]" % (start, start))
    assert is_500(response) and "after the response had begun" in response.logs[0][1]
    response = worker.get("/messages?[%s,{'type':'http.response.body','body':'text'}]" % start)
    assert is_500(response) and "the body must be bytes, not str" in response.logs[0][1]
    done = worker.get("/messages?[%s,{'type':'http.response.body'},{'type':'http.response.body'}]" % start)
    assert done.status == 200
    worker.wait_for_log("after the response was complete")


def test_a_file_is_sent_by_its_path(worker):
    response = worker.get("/pathsend?all")
    assert (response.body, response.body_bytes, response.ending) == (b"0123456789", 10, "file")
    assert worker.get("/pathsend?short").body == b"0123"
    assert worker.get("/pathsend?empty").ending == "whole"
    assert worker.get("/pathsend?all", method="HEAD").body_bytes == 10
    nothing = worker.open(target="/pathsend?empty-long")
    assert worker.next(nothing).head.body_bytes == 4 and worker.next(nothing).kind == "abort"
    short = worker.get("/pathsend?long")
    assert (short.body, short.ending) == (b"0123456789", "abort")


@pytest.mark.parametrize("target, method, body, ending", [
    ("/late-pathsend", "GET", b"0123456789", "end"), ("/late-pathsend?length", "GET", b"0123456789", "file"),
    ("/late-pathsend", "HEAD", b"", "whole")])
def test_a_file_may_come_when_the_head_has_gone_out(worker, target, method, body, ending):
    response = worker.get(target, method=method)
    assert (response.body, response.ending, response.logs) == (body, ending, [])


@pytest.mark.parametrize("kind, error", [
    ("missing", "FileNotFoundError: [Errno 2]"), ("directory", "IsADirectoryError: [Errno 21]"),
    ("bytes", "the path must be a str, not bytes"), ("nul", "the path holds a NUL byte")])
def test_a_file_that_is_not_there_is_an_error_of_the_application(worker, kind, error):
    response = worker.get("/pathsend?" + kind)
    assert is_500(response) and error in response.logs[0][1]


def test_a_file_s_name_need_not_be_utf_8(worker):
    response = worker.get("/strange-pathsend")
    assert (response.body, response.ending) == (b"0123456789", "file")


def test_a_fifo_is_no_file_and_holds_nobody_up(worker):
    response = worker.get("/strange-pathsend?fifo")
    assert is_500(response) and "OSError: [Errno 22]" in response.logs[0][1]


# Errors


def test_an_application_that_raises_is_answered_for_and_its_traceback_logged(worker):
    response = worker.get("/raises")
    assert is_500(response)
    (level, text), = response.logs
    assert level == ERROR and text.startswith("Traceback") and "in raises" in text
    assert text.endswith("ValueError: the application is unhappy") and "_asgi.py" not in text


def test_an_answer_that_has_begun_is_broken_off(worker):
    response = worker.get("/raises-midway")
    assert (response.body, response.ending) == (b"begun", "abort")
    assert response.logs[0][1].endswith("ValueError: half way")


def test_an_error_behind_a_complete_answer_is_only_logged(worker):
    response = worker.get("/raises-behind")
    assert (response.body, response.ending) == (b"all of it", "whole")
    worker.wait_for_log("ValueError: behind the answer")


@pytest.mark.parametrize("target, error", [
    ("/answers-nothing", "returned without sending a response"), ("/answers-half", "without completing its response"),
    ("/raises-behind-head", "ValueError: behind the head"), ("/ws-denies-half", "without completing its response")])
def test_an_application_that_ends_too_early_is_answered_for_once(worker, target, error):
    stream = worker.connect(target) if target.startswith("/ws") else worker.open(target=target)
    response = worker.answer(stream)
    assert is_500(response) and response.ending == "whole"
    worker.wait_for_log(error)
    assert worker.get("/hello").body == b"Hello"
    assert worker.is_silent(stream, 0)


def test_a_task_that_still_receives_when_the_application_has_returned_is_told_of_the_end(worker):
    assert is_500(worker.get("/receives-in-a-task"))
    assert wait_for_notes(worker) == ["http.disconnect"]


def test_a_task_that_still_sends_when_the_application_has_returned_is_told_of_the_end(worker):
    stream = worker.accepted("/ws-sends-in-a-task")
    assert wait_for_notes(worker) == ["RuntimeError"]
    # What it had given goes out as the client takes it.
    assert worker.next(stream).kind == "message"


def test_what_an_application_writes_into_its_scope_is_not_in_the_next(worker):
    assert [worker.get("/marks-its-scope").body for _ in range(2)] == [b"False", b"False"]


def test_headers_may_be_generators_of_generators(worker):
    response = worker.get("/header-generators")
    assert (response.body, response.fields) == (b"generated", [("x-a", "1"), ("x-b", "2")])


def test_an_error_does_not_keep_what_the_application_had(start_loop):
    with start_loop() as worker:
        worker.ready()
        assert is_500(worker.get("/raises-with-a-resource"))
        # No collector runs any more: what is released is released by its last reference.
        assert wait_for_notes(worker) == ["released"]


def test_a_body_that_never_ends_is_broken_off_when_the_application_returns(worker):
    response = worker.get("/answers-midway")
    assert (response.body, response.ending) == (b"begun", "abort")
    worker.wait_for_log("the application returned without completing its response")


def test_what_runs_behind_the_answer_does_not_hold_it_up(worker):
    stream = worker.open(target="/background")
    assert worker.answer(stream).body == b"at once"
    assert notes(worker) == []
    worker.get("/sets?background")
    assert wait_for_notes(worker) == ["background done"]


def test_a_task_that_is_left_behind_is_told_that_all_is_over(worker):
    assert worker.get("/sends-later").body == b"first"
    worker.get("/sets?later")
    error, message = wait_for_notes(worker, 2)
    assert error == "RuntimeError: send was called after the application had returned"
    assert message == {"type": "http.disconnect"}


# Clients that leave


def test_a_client_that_leaves_is_known_at_once(worker):
    stream = worker.open(target="/waits")
    assert wait_for_notes(worker) == ["waiting"]
    worker.leave(stream)
    assert worker.answer(stream).ending == "abort"
    assert wait_for_notes(worker) == ["http.disconnect"]


def test_what_a_client_sent_before_it_left_is_not_received(worker):
    stream = worker.open("POST", "/first-part", body=b"1", flags=BODY_FOLLOWS)
    assert wait_for_notes(worker) == ["received"]
    worker.body(stream, b"23")
    worker.leave(stream)
    worker.get("/sets?rest")
    # The rest of the body was expected.
    assert worker.next(stream).kind == "abort"
    worker.wait_for_log("KeyError: 'body'")


def test_a_client_that_has_sent_all_and_closes_its_side_is_answered(worker):
    stream = worker.open("POST", "/after-the-body", body=b"all")
    worker.leave(stream, half=True)
    assert worker.answer(stream).body == b"too late?"
    assert notes(worker) == [("http.request", b"all", False), {"type": "http.disconnect"}]


def test_send_raises_when_nobody_is_there(worker):
    stream = worker.open(target="/sends-when-told")
    assert wait_for_notes(worker) == ["received"]
    worker.leave(stream)
    worker.get("/sets?send")
    assert worker.answer(stream).ending == "abort"
    assert notes(worker) == ["OSError: the client has left"]


@pytest.mark.parametrize("kind, logged", [("", False), ("?wrapped", False), ("?other", True)])
def test_a_send_that_waits_ends_when_the_client_leaves_and_that_is_no_error(worker, kind, logged):
    stream = worker.open(target="/sends-to-nobody" + kind)
    while not worker.is_silent(stream, 0.1):
        worker.next(stream)
    worker.leave(stream)
    assert worker.next(stream).kind == "abort"
    assert wait_for_notes(worker)[0] == "OSError: the client has left"
    worker.get("/hello")
    assert any(name == stream for name, _, _ in worker.logs) == logged


def test_receive_gives_the_disconnect_when_the_answer_is_complete(worker):
    assert worker.get("/after-the-answer").body == b"done"
    assert wait_for_notes(worker, 2) == [{"type": "http.disconnect"}] * 2


def test_one_of_two_that_receive_may_be_cancelled(worker):
    stream = worker.open(target="/two-readers")
    assert wait_for_notes(worker) == ["cancelled"]
    worker.leave(stream, half=True)
    assert worker.answer(stream).body == b"(True, 'http.disconnect')"


# Deadlines


@pytest.mark.parametrize("target, status", [("/loops", 504), ("/catches", 200)])
def test_an_interrupted_application_is_cancelled(worker, target, status):
    stream = worker.open(target=target)
    assert wait_for_notes(worker) == ["begun"]
    worker.interrupt(stream)
    response = worker.answer(stream)
    assert response.status == status
    if status == 504:
        (level, text), = response.logs
        assert level == WARNING and text.startswith("interrupted after ")
        assert " s, at the request's deadline\nTraceback" in text and text.endswith("CancelledError")


def test_an_interrupted_answer_that_has_begun_breaks_off(worker):
    stream = worker.open(target="/loops-behind-head")
    assert worker.next(stream).head.body == b"begun"
    worker.interrupt(stream)
    assert worker.next(stream).kind == "abort"
    worker.wait_for_log("interrupted after ", stream)


def test_an_interrupt_of_a_stream_that_is_not_there_disturbs_nobody(worker):
    stream = worker.open(target="/loops")
    wait_for_notes(worker)
    for name in (0, stream - 1, stream + 1, 2**64 - 1, -1, "x", None):
        worker.interrupt(name)
    assert worker.get("/hello").body == b"Hello" and worker.is_silent(stream)
    worker.interrupt(stream)
    assert worker.answer(stream).status == 504


# Many at once


def test_many_streams_are_served_at_once(worker):
    streams = [worker.open(target="/meets") for _ in range(3)]
    assert [worker.answer(stream).body for stream in reversed(streams)] == [b"met"] * 3
    streams = [worker.open(target="/echo", method="POST", body=b"%d" % number) for number in range(500)]
    assert [worker.answer(stream).body for stream in streams] == [b"1:%d" % number for number in range(500)]


def test_many_large_answers_share_the_ring(worker):
    streams = [worker.open(target="/large?300000") for _ in range(12)]
    for stream in streams:
        assert len(worker.answer(stream).body) == 300_000


def test_a_request_that_was_taken_back_is_passed_over(worker):
    revoked = worker.open(target="/raises", claim=REVOKED)
    position = worker.tail
    stream = worker.open(target="/hello")
    assert worker.answer(stream).body == b"Hello"
    base, size = worker.base, LOOP_REQUEST_RING
    assert int.from_bytes(worker._take(base, size, position + 6, 2), "little") == CLAIMED
    assert not [name for name, _, _ in worker.logs if name == revoked]


def test_frames_that_mean_nothing_are_passed_over(worker):
    worker.write(99, 5, b"?")
    for kind in (3, 4, 5, 6, 7, 16, 23):
        worker.write(kind, 12345 << 20, b"\x01\x00\x00\x00")
    worker.write(1, 77 << 20, b"\xff" * 200)
    assert worker.answer(77 << 20).status == 500
    assert worker.get("/hello").body == b"Hello"


def test_ten_thousand_requests_leave_nothing_behind(start_loop):
    with start_loop() as worker:
        worker.ready()

        def ask(count):
            for _ in range(count):
                worker.get("/echo", method="POST", body=b"x" * 500, fields=[
                    ("X-Some", "value"), ("Cookie", "a=b"), ("X-%d" % worker.number, "new")])
                stream = worker.open(target="/raises")
                worker.answer(stream)
                worker.logs.clear()

        # The rings are memory that is there once it was used.
        ask(3000)
        streams, resident = worker.get("/counts").body.split()
        ask(4000)
        streams_later, resident_later = worker.get("/counts").body.split()
        assert streams == streams_later
        assert int(resident_later) - int(resident) < 2 << 20


# WebSockets


@pytest.mark.parametrize("data", ["", b"", "h\u00e9llo \U0001F600", b"\x00\xff", "x" * 65_536, b"y" * 200_000, "z" * 65_535 + "é"])
def test_messages_come_back_as_they_went(worker, data):
    stream = worker.accepted("/ws-echo")
    worker.say(stream, data)
    received = worker.app_message(stream)
    assert received == data and type(received) is type(data)
    worker.close_socket(stream, 1001, "going")
    assert worker.next(stream).kind == "end"
    assert notes(worker) == [{"type": "websocket.disconnect", "code": 1001, "reason": "going"}]


def test_messages_stay_in_order_and_those_before_the_close_are_received(worker):
    stream = worker.accepted("/ws-echo")
    for number in range(200):
        worker.say(stream, "%d" % number)
    assert [worker.app_message(stream) for _ in range(200)] == ["%d" % number for number in range(200)]
    worker.close_socket(stream, 1005)
    assert worker.next(stream).kind == "end"
    assert notes(worker)[0]["code"] == 1005


def test_accept_close_and_what_comes_behind(worker):
    stream = worker.connect("/ws-accept", fields=[("Sec-WebSocket-Protocol", "chat")])
    head = worker.next(stream).head
    assert (head.status, head.fields) == (101, [("x-a", "1"), ("sec-websocket-protocol", "chat")])
    assert worker.app_message(stream) == "['chat']"
    frame = worker.next(stream)
    assert (frame.kind, frame.close) == ("close", (3001, "naïve"))
    assert worker.next(stream).kind == "end"
    message, error = notes(worker)
    assert message == {"type": "websocket.disconnect", "code": 3001, "reason": "naïve"}
    assert error == "unexpected ASGI message 'websocket.send' after 'websocket.close'"


def test_a_refusal_is_403(worker):
    response = worker.answer(worker.connect("/ws-refuse"))
    assert (response.status, response.ending) == (403, "whole")
    assert notes(worker) == [{"type": "websocket.disconnect", "code": 1006, "reason": ""}]
    assert response.logs == []


def test_a_refusal_may_be_an_answer_of_the_application_s_own(worker):
    response = worker.answer(worker.connect("/ws-deny"))
    assert (response.status, response.body, response.fields) == (401, b"who are you?", [("content-type", "text/plain")])


@pytest.mark.parametrize("target, text", [
    ("/ws-nothing", "without accepting or closing the WebSocket"), ("/ws-raises-early", "ValueError: before accept")])
def test_a_handshake_that_is_not_answered_is_500(worker, target, text):
    response = worker.answer(worker.connect(target))
    assert response.status == 500 and text in response.logs[0][1]


def test_an_application_that_raises_closes_with_1011(worker):
    stream = worker.accepted("/ws-raises")
    worker.say(stream, "x")
    frame = worker.next(stream)
    assert (frame.kind, frame.close) == ("close", (1011, ""))
    assert worker.next(stream).kind == "end"
    worker.wait_for_log("ValueError: in the WebSocket", stream)


@pytest.mark.parametrize("size", [1, 1_000_000])
def test_an_application_that_returns_closes_with_1000_behind_its_messages(worker, size):
    stream = worker.accepted("/ws-returns?%d" % size)
    assert worker.app_message(stream) == b"x" * size
    assert worker.next(stream).close == (1000, "")
    assert worker.next(stream).kind == "end"


@pytest.mark.parametrize("code", [None, 1006])
def test_a_client_that_leaves_before_it_is_accepted(worker, code):
    stream = worker.connect("/ws-waits")
    assert wait_for_notes(worker) == ["websocket.connect"]
    if code is None:
        worker.leave(stream)
    else:
        worker.close_socket(stream, code)
    assert worker.next(stream).kind == "abort"
    assert wait_for_notes(worker, 2) == [
        {"type": "websocket.disconnect", "code": 1006, "reason": ""}, "OSError: the client has left"]


def test_messages_go_out_under_the_window_and_a_lost_client_ends_the_wait(worker):
    stream = worker.accepted("/ws-floods")
    sent = 0
    while sent < WINDOW:
        sent += footprint(len(worker.next(stream).payload))
    assert worker.is_silent(stream)
    count = notes(worker)[0]
    assert count == WINDOW // footprint(1000) + 1
    worker.close_socket(stream, 1006)
    assert worker.next(stream).kind == "end"
    worker.get("/hello")
    assert not [text for name, _, text in worker.logs if name == stream]


def test_messages_that_nobody_receives_are_not_granted(worker):
    stream = worker.accepted("/ws-silent")
    for _ in range(4):
        worker.say(stream, bytes(CHUNK_BYTES - 16))
    assert worker.get("/hello").body == b"Hello" and stream not in worker.granted
    worker.get("/sets?listen")
    worker.say(stream, b"x")
    assert worker.app_message(stream) == repr([CHUNK_BYTES - 16] * 4 + [1])
    assert worker.granted[stream] - WINDOW in GROWTHS


def test_a_message_longer_than_the_window_is_received_whole(worker):
    stream = worker.accepted("/ws-silent")
    worker.get("/sets?listen")
    data = os.urandom(1_000_000)
    sent = 0
    for at in range(0, len(data), CHUNK_BYTES):
        while sent - worker.granted.get(stream, 0) >= WINDOW:
            frame = worker.read()
            assert frame.kind == "grant"
            worker.granted[stream] = worker.granted.get(stream, 0) + int.from_bytes(frame.payload, "little")
        piece = data[at:at + CHUNK_BYTES]
        worker.write(6, stream, piece, 2 if at + CHUNK_BYTES < len(data) else 0)
        sent += footprint(len(piece))
    worker.say(stream, b"x")
    assert worker.app_message(stream) == "[1000000, 1]"


def test_messages_of_a_websocket_out_of_order_are_errors(worker):
    for message, result in (
        ("{'type':'websocket.send'}", "ValueError: websocket.send: one of bytes and text must be given"),
        ("{'type':'websocket.send','bytes':None,'text':7}", "TypeError: websocket.send: text must be a str, not int"),
        ("{'type':'websocket.send','text':'\\ud800'}", "ValueError: websocket.send: text holds a lone surrogate"),
        ("{'type':'websocket.send','bytes':'x'}", "TypeError: websocket.send: bytes must be bytes, not str"),
        ("{'type':'websocket.accept'}", "RuntimeError: unexpected ASGI message 'websocket.accept' while the WebSocket"),
        ("{'type':'websocket.close','code':1006}", "ValueError: websocket.close: 1006 is no code that may be sent"),
        ("{'type':'websocket.close','code':70000}", "ValueError: websocket.close: 70000 is no code"),
        ("{'type':'http.response.start','status':200}", "RuntimeError: unexpected ASGI message 'http.response.start'"),
        ("{'type':'websocket.http.response.start','status':200}", "RuntimeError: unexpected ASGI message 'websocket.http"),
    ):
        stream = worker.accepted("/ws-messages?[%s]" % message)
        assert worker.app_message(stream).startswith(result)
        assert worker.next(stream).kind == "close" and worker.next(stream).kind == "end"


def test_a_long_reason_is_cut_between_two_characters(worker):
    stream = worker.accepted("/ws-messages?[{'type':'websocket.close','reason':'%s'}]" % ("x" + "%C3%A9" * 0 + "y" * 200))
    assert worker.next(stream).close == (1000, "x" + "y" * 122)
    assert worker.next(stream).kind == "end"


# Forks


@pytest.mark.parametrize("kind, code", [("returns", 0), ("answers", 0), ("raises", 1)])
def test_a_forked_child_that_comes_out_of_the_application_sends_nothing(start_loop, kind, code):
    with start_loop() as worker:
        worker.ready()
        response = worker.get("/forks?" + kind)
        assert (response.body, response.logs) == (b"child: %d" % code, [])
        assert worker.get("/hello").body == b"Hello"
        assert ("ValueError: in the child" in worker.output_text()) == (kind == "raises")
        assert worker.stop() == 0


def test_a_forked_child_that_goes_back_to_the_loop_disturbs_nobody(start_loop):
    with start_loop() as worker:
        worker.ready()
        stream = worker.open(target="/forks?waits")
        response = worker.answer(stream)
        assert response.status == 200
        assert worker.get("/hello").body == b"Hello"
        assert worker.stop() == 0
