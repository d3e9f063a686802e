"""Who the client is: what proxies say is believed from listed addresses only."""

import struct

import pytest
from client import Connection, get, request

FORWARDED = [
    ("X-Forwarded-For", "203.0.113.7, 127.0.0.1"),
    ("X-Forwarded-Proto", "https"),
    ("X-Forwarded-Host", "shop.example"),
]


def environ(server, fields):
    return server.get("/environ", fields=fields).json()


def test_forwarded_fields_are_believed_from_a_trusted_address(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--forwarded-allow-ips", "127.0.0.1")
    seen = environ(server, FORWARDED)
    assert seen["REMOTE_ADDR"] == "203.0.113.7"
    assert seen["wsgi.url_scheme"] == "https"
    assert seen["HTTP_HOST"] == "shop.example"


def test_a_proxy_may_name_the_host_on_http_1_0(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--forwarded-allow-ips", "127.0.0.1")
    with server.connect() as connection:
        connection.send(b"GET /environ HTTP/1.0\r\nX-Forwarded-Host: shop.example\r\n\r\n")
        assert connection.response().json()["HTTP_HOST"] == "shop.example"


def test_forwarded_fields_from_anybody_else_change_nothing(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--forwarded-allow-ips", "10.0.0.0/8")
    seen = environ(server, FORWARDED)
    assert seen["REMOTE_ADDR"] == "127.0.0.1"
    assert seen["wsgi.url_scheme"] == "http"
    assert seen["HTTP_HOST"] == "roost.test"


def test_the_standard_forwarded_field_is_understood(roost):
    server = roost(
        "probe:app", "--processes", 1, "--threads", 1, "--forwarded-allow-ips", "127.0.0.1",
        "--forwarded-headers", "forwarded",
    )
    seen = environ(server, [("Forwarded", 'for="[2001:db8::9]:4711";proto=https;host=shop.example')])
    assert seen["REMOTE_ADDR"] == "2001:db8::9"
    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("https", "shop.example")


def test_an_address_that_the_client_put_first_is_not_taken_for_the_proxys_word(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--forwarded-allow-ips", "127.0.0.1")
    seen = environ(server, [("X-Forwarded-For", "10.9.9.9, 203.0.113.7")])
    assert seen["REMOTE_ADDR"] == "203.0.113.7"


SIGNATURE = b"\r\n\r\n\x00\r\nQUIT\n"
PREFACES = {
    "v1, IPv4": (b"PROXY TCP4 203.0.113.7 192.0.2.1 4711 443\r\n", "203.0.113.7"),
    "v1, IPv6": (b"PROXY TCP6 2001:db8::9 2001:db8::1 4711 443\r\n", "2001:db8::9"),
    "v1, unknown": (b"PROXY UNKNOWN\r\n", "127.0.0.1"),
    "v2, IPv4": (
        SIGNATURE + b"\x21\x11" + struct.pack(">H", 12) + bytes([203, 0, 113, 7, 192, 0, 2, 1])
        + struct.pack(">HH", 4711, 443),
        "203.0.113.7",
    ),
    "v2, IPv6": (
        SIGNATURE + b"\x21\x21" + struct.pack(">H", 36) + bytes.fromhex("20010db8" + "00" * 11 + "09")
        + bytes.fromhex("20010db8" + "00" * 11 + "01") + struct.pack(">HH", 4711, 443),
        "2001:db8::9",
    ),
    "v2, local": (SIGNATURE + b"\x20\x00\x00\x00", "127.0.0.1"),
    "v2, with more after the addresses": (
        SIGNATURE + b"\x21\x11" + struct.pack(">H", 12 + 7) + bytes([203, 0, 113, 7, 192, 0, 2, 1])
        + struct.pack(">HH", 4711, 443) + b"\x04\x00\x04abcd",
        "203.0.113.7",
    ),
}


@pytest.fixture(scope="module")
def behind_a_proxy(tmp_path_factory):
    from server import Roost

    server = Roost(tmp_path_factory.mktemp("proxied"), "probe:app", "--processes", 1, "--threads", 1,
                   "--proxy-protocol")
    yield server
    server.end()


@pytest.mark.parametrize("name", list(PREFACES))
def test_the_proxy_protocol_names_the_client(behind_a_proxy, name):
    preface, address = PREFACES[name]
    with behind_a_proxy.connect() as connection:
        connection.send(preface + request("/environ") + request("/environ"))
        assert connection.response().json()["REMOTE_ADDR"] == address
        assert connection.response().json()["REMOTE_ADDR"] == address


@pytest.mark.parametrize("name", list(PREFACES))
def test_the_proxy_protocol_may_come_in_single_bytes(behind_a_proxy, name):
    preface, address = PREFACES[name]
    with behind_a_proxy.connect() as connection:
        for byte in preface + request("/environ"):
            connection.send(bytes([byte]))
        assert connection.response().json()["REMOTE_ADDR"] == address


BAD_PREFACES = {
    "none at all": b"",
    "v1 without end": b"PROXY TCP4 " + b"1" * 200,
    "v1 with a bad address": b"PROXY TCP4 1.2.3 192.0.2.1 1 2\r\n",
    "v1 with a bad port": b"PROXY TCP4 1.2.3.4 192.0.2.1 99999 2\r\n",
    "v2 of version 3": SIGNATURE + b"\x31\x11" + struct.pack(">H", 12) + bytes(12),
    "v2 too short for its family": SIGNATURE + b"\x21\x11" + struct.pack(">H", 4) + bytes(4),
}


@pytest.mark.parametrize("name", list(BAD_PREFACES))
def test_a_connection_without_a_proper_preface_reaches_nobody(behind_a_proxy, name):
    before = behind_a_proxy.calls()
    with behind_a_proxy.connect() as connection:
        try:
            connection.send(BAD_PREFACES[name] + request("/environ"))
        except OSError:
            pass
        answer = connection.rest()
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")
    assert behind_a_proxy.calls() == before


def test_without_the_option_a_preface_is_a_bad_request(shared):
    with Connection(shared.address) as connection:
        connection.send(PREFACES["v1, IPv4"][0] + request("/"))
        assert connection.response().status == 400
    assert get(shared.address, "/").status == 200
