"""What an ASGI app may say of its request: that it needs longer, and that it may run twice."""

import pytest
from client import Truncated

LIMITS = ("--request-timeout", "1s", "--request-timeout-grace", "1s")


def test_an_app_can_put_its_deadline_off(roost):
    server = roost("wishes:app", "--processes", 1, *LIMITS)
    assert server.get("/extends").body == b"in time"
    assert server.get("/extends_too_little").status == 504


@pytest.mark.parametrize("path", ["/marked", "/marked_in_a_thread"])
def test_what_is_marked_goes_to_another_worker_when_its_own_dies(roost, path):
    server = roost("wishes:app", "--processes", 2)
    answer = server.get(path, method="POST", body=b"the same body")
    assert (answer.status, answer.body) == (200, b"the same body")
    assert server.calls().count("POST " + path) == 2


def test_once_only(roost):
    server = roost("wishes:app", "--processes", 2)
    assert server.get("/always", method="POST", body=b"x").status == 502
    assert server.calls().count("POST /always") == 2


def test_what_is_not_marked_does_not(roost):
    server = roost("wishes:app", "--processes", 2)
    assert server.get("/unmarked", method="POST", body=b"x").status == 502
    assert server.calls().count("POST /unmarked") == 1


def test_neither_does_one_whose_answer_has_begun(roost):
    server = roost("wishes:app", "--processes", 2)
    with pytest.raises(Truncated):
        server.get("/marked_late", method="POST", body=b"x")
    assert server.calls().count("POST /marked_late") == 1
