"""Clients that are slow, silent or gone; the canaries are ordinary clients who want an answer within two seconds."""

import socket
import time

import proc
from background import Asked, Crowd, wait
from client import request_bytes, says
from fault import Seen, Stage, fault, lost, of_others, seconds, worst

GROUP = "Slow and vanishing clients"
CANARIES = dict(clients=4, keeps=False, pause=0.1, patience=2.0)


def crowd_and_canaries(stage: Stage, count: int, opening: bytes, drip: bytes = b"", watched: float = 6.0,
                       more_mib: float = 100.0, options=None, settling: float = 0.0, **settings) -> Seen:
    """The crowd connects; canaries are watched for some seconds; memory is compared."""
    server = stage.start(options)
    before = proc.resident_mib(server.processes())
    with Crowd(server.address, count, opening, drip, **settings) as crowd:
        wait(settling)
        with stage.load(server, **CANARIES) as load:
            wait(stage.span(watched))
        grown = proc.resident_mib(server.processes()) - before
        ended = crowd.ended()
    account = load.account
    # Whoever reads nothing cannot see an end either.
    over = "" if settings.get("receive_buffer") else f"; ended {ended} of {count} in {stage.span(watched):.0f} s"
    served = f"{of_others(account)}, worst {seconds(worst(account, 0))}"
    refused = f"; {crowd.refused} of {count} could not connect" if crowd.refused else ""
    passed = lost(account) == 0 and grown < more_mib and crowd.refused == 0
    return Seen(passed, f"{served}; +{max(grown, 0):.0f} MiB{over}{refused}",
                {"lost": lost(account), "sent": account.sent, "worst": worst(account, 0), "grown_mib": grown})


@fault(GROUP, "200 slow heads (a byte a second)", "others unaffected",
       remark="gunicorn's threads wait for the head of whoever comes; it asks for nginx before it.")
def slow_heads(stage: Stage) -> Seen:
    """Two hundred connections send a request head so slowly that it never ends."""
    return crowd_and_canaries(stage, 200, b"GET /hello HTTP/1.1\r\nHost: fault.test\r\n", b"X-Slow: yes\r\n")


@fault(GROUP, "200 slow bodies (a byte a second)", "others unaffected",
       remark="A thread that reads a body slowly is a thread less. Roost ends these after 5 s: below `body-rate`.")
def slow_bodies(stage: Stage) -> Seen:
    """Whole heads, and then a body of 100 000 bytes, one at a time."""
    opening = b"POST /echo HTTP/1.1\r\nHost: fault.test\r\nContent-Length: 100000\r\n\r\n"
    return crowd_and_canaries(stage, 200, opening, b"y")


@fault(GROUP, "200 slow readers of 8 MiB", "others unaffected, memory bounded",
       remark="Roost holds 256 KiB of a response in memory and the rest in a file: threads are saved, disk is paid.")
def slow_readers(stage: Stage) -> Seen:
    """Ask for 8 MiB with a small buffer and read nothing. The canaries come when those requests have had their turn."""
    return crowd_and_canaries(
        stage, 200, b"GET /big?n=8388608 HTTP/1.1\r\nHost: fault.test\r\n\r\n", receive_buffer=4096,
        settling=4.0,
    )


@fault(GROUP, "200 idle connections", "no effect",
       remark="gunicorn gives a new connection to a thread before it has said anything.")
def idle_connections(stage: Stage) -> Seen:
    """Connect and say nothing."""
    return crowd_and_canaries(stage, 200, b"", watched=4.0)


@fault(GROUP, "8000 idle connections", "no effect, memory bounded",
       remark="gunicorn was told `--worker-connections 10000`, uWSGI `--max-fd 20000`: their defaults are smaller.")
def eight_thousand_idle(stage: Stage) -> Seen:
    """As many as the descriptors of a test machine allow; each sends half a head."""
    raise_files()
    return crowd_and_canaries(
        stage, 8000, b"GET /hello HTTP/1.1\r\n", watched=4.0, more_mib=250.0,
        options={"gunicorn": ("--worker-connections", 10000), "roost": ("--max-connections", 10000),
                 "uwsgi": ("--max-fd", 20000)},
    )


def raise_files() -> None:
    """The soft bound of this process, which the server inherits, up to the hard one."""
    import resource

    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


@fault(GROUP, "300 clients leave in mid-body or mid-response", "all threads are free within 2 s",
       remark="All do well.")
def vanishing_clients(stage: Stage) -> Seen:
    """Half of them leave in an upload, half in a response of 20 MiB; then every thread has to answer at once."""
    server = stage.start()
    upload = request_bytes("POST", "/echo", b"z" * 100_000)[:50_000]
    for number in range(300):
        with socket.create_connection(server.address, 5) as one:
            one.settimeout(2)
            try:
                if number % 2:
                    one.sendall(upload)
                else:
                    one.sendall(request_bytes("GET", "/big?n=83886080"))
                    one.recv(1000)
            except OSError:
                pass
    began = time.monotonic()
    all_threads = [Asked(server.address, f"/work?ms=200&n={n}", says(f"worked {n}"), patience=10) for n in range(8)]
    ends = [asked.end() for asked in all_threads]
    took = time.monotonic() - began
    answered = sum(end.outcome.name == "ANSWERED" for end in ends)
    return Seen(answered == 8 and took < 2.5, f"then {answered} of 8 requests of 0.2 s answered, in {seconds(took)}",
                {"took": took, "answered": answered})


@fault(GROUP, "300 requests at once", "each is answered or refused with 503, none is lost",
       remark="Roost refuses what is beyond its queue's bound; the others let all wait in the kernel.")
def burst(stage: Stage) -> Seen:
    """Three hundred new connections in the same moment, each a request of 20 ms."""
    server = stage.start()
    everybody = [Asked(server.address, f"/work?ms=20&n={n}", says(f"worked {n}"), patience=20) for n in range(300)]
    names = [asked.end().outcome.name for asked in everybody]
    answered, refused = names.count("ANSWERED"), names.count("REFUSED")
    return Seen(answered + refused == 300, f"{answered} answered, {refused} refused, {300 - answered - refused} lost",
                {"answered": answered, "refused": refused})
