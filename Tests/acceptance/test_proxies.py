"""Behind proxies as they come: what each sends of a client, and what the app then sees (docs/deployment.md)."""

import pytest

# What a proxy sends by itself, what its client had sent before it lets pass, and the options where any are needed.
CLIENT = [("Forwarded", "for=10.66.66.66;proto=http;host=evil.example"), ("X-Forwarded-Ssl", "off")]
PRESETS = {
    "nginx": ([("X-Forwarded-For", "10.66.66.66, 203.0.113.7"), ("X-Forwarded-Proto", "https"), *CLIENT], []),
    "caddy": (
        [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Host", "roost.test"), *CLIENT],
        [],
    ),
    "traefik": (
        [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "wss"), ("X-Forwarded-Host", "roost.test"),
         ("X-Forwarded-Port", "443"), ("X-Forwarded-Server", "edge"), ("X-Real-Ip", "203.0.113.7"), *CLIENT],
        [],
    ),
    "haproxy": ([("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), *CLIENT], []),
    "haproxy, option forwarded": (
        [("X-Forwarded-For", "10.66.66.66"), ("Forwarded", "proto=https;for=203.0.113.7;host=roost.test")],
        ["--forwarded-headers", "forwarded"],
    ),
    "aws alb": (
        [("X-Forwarded-For", "10.66.66.66, 203.0.113.7"), ("X-Forwarded-Proto", "https"),
         ("X-Forwarded-Port", "443"), ("X-Amzn-Trace-Id", "Root=1-67891233-abcdef012345678912345678"), *CLIENT],
        [],
    ),
    "azure": (
        [("X-Forwarded-For", "203.0.113.7:51234"), ("X-Forwarded-Proto", "https"), ("X-Forwarded-Port", "443"),
         ("X-Original-Host", "roost.test"), *CLIENT],
        [],
    ),
    "cloudflare": (
        [("X-Forwarded-For", "203.0.113.7"), ("X-Forwarded-Proto", "https"), ("CF-Connecting-IP", "203.0.113.7"),
         ("CF-Visitor", '{"scheme":"https"}'), *CLIENT],
        [],
    ),
}


@pytest.mark.parametrize("name", list(PRESETS))
def test_the_client_of_a_proxy_as_it_comes_is_seen_whatever_the_client_has_sent(roost, name):
    fields, options = PRESETS[name]
    server = roost("probe:app", "--processes", 1, "--threads", 1, *options)
    answer = server.get("/environ", fields=fields)
    assert answer.status == 200, answer.body
    seen = answer.json()
    assert seen["REMOTE_ADDR"] == "203.0.113.7"
    assert seen["wsgi.url_scheme"] == "https"
    assert seen["HTTP_HOST"] == "roost.test"


@pytest.mark.parametrize("field", ["X-Forwarded-Host", "X-Forwarded-Proto", "X-Forwarded-Ssl", "X-Forwarded-For"])
def test_an_empty_field_says_nothing(roost, field):
    server = roost("probe:app", "--processes", 1, "--threads", 1)
    seen = server.get("/environ", fields=[(field, "")]).json()
    assert (seen["wsgi.url_scheme"], seen["HTTP_HOST"]) == ("http", "roost.test")


def test_contradictions_are_refused_where_that_is_asked_for(roost):
    server = roost("probe:app", "--processes", 1, "--threads", 1, "--forwarded-headers", "agreeing")
    for fields in (
        [("X-Forwarded-Proto", "https"), ("X-Forwarded-SSL", "off")],
        [("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.8")],
    ):
        assert server.get("/environ?contradicts", fields=fields).status == 400
    assert server.get("/environ", fields=[("X-Forwarded-For", "203.0.113.7"), ("Forwarded", "for=203.0.113.7")]).status == 200
    assert "GET /environ?contradicts" not in server.calls()


def test_a_forwarded_port_counts_where_that_is_asked_for(roost):
    fields = [("X-Forwarded-Port", "8443"), ("X-Forwarded-Proto", "https")]
    for options, host in (([], "roost.test"), (["--forwarded-port"], "roost.test:8443")):
        server = roost("probe:app", "--processes", 1, "--threads", 1, *options)
        assert server.get("/environ", fields=fields).json()["HTTP_HOST"] == host
