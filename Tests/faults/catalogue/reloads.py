"""New code, recycled workers."""

import signal
import subprocess

from account import now
from background import wait
from fault import Seen, Stage, fault, imported_anew, lost, of_others, seconds, time_until
from servers import get

GROUP = "Reload and recycle"
RELOADS = 20
LONGEST = 25.0


def reload_often(stage: Stage, keeps: bool) -> Seen:
    """Reloads twenty times under 64 connections, each when the workers of the last have come; no more after 25 s."""
    server = stage.start()
    done, asked, began = 0, 0, now()
    reloads = RELOADS if not stage.is_quick else 6
    with stage.load(server, clients=64, keeps=keeps, pause=0.15) as load:
        wait(0.5)
        for _ in range(reloads):
            before = len(server.notes("imports"))
            if not server.is_running():
                break
            if now() - began > LONGEST:
                reloads = asked
                break
            server.reload()
            asked += 1
            done += time_until(imported_anew(server, before, server.shape[0]), 20) < 20
            # uWSGI forgets what it is asked while its last reload is under way.
            wait(0.1 if stage.name != "uwsgi" else 2.0)
        wait(0.5)
    account = load.account
    passed = done == reloads and lost(account, closed_counts=False) == 0
    closed = lost(account) - lost(account, closed_counts=False)
    apart = f"; {closed} kept connections closed under a request" if closed else ""
    return Seen(passed, f"{done} reloads; {of_others(account, closed_counts=False)}{apart}",
                {"reloads": done, "lost": lost(account, False), "sent": account.sent, "closed_while_kept": closed})


@fault(GROUP, "20 reloads (SIGHUP) under 64 keep-alive connections", "20 new generations, 0 failed",
       needs="--max-requests",
       remark="As many of 20 as fit in 25 s. uWSGI: chain reload; its SIGHUP restarts its router too.")
def reloads_kept(stage: Stage) -> Seen:
    """A kept connection that a server closes just as a request comes is counted apart: a client may retry that."""
    return reload_often(stage, keeps=True)


@fault(GROUP, "20 reloads (SIGHUP) under 64 clients with new connections", "20 new generations, 0 failed",
       needs="--max-requests",
       remark="As many of 20 as fit in 25 s: Granian waits 3.5 s for each worker.")
def reloads_new(stage: Stage) -> Seen:
    """Each request has a connection of its own: none may be refused or reset."""
    return reload_often(stage, keeps=False)


@fault(GROUP, "reload with a syntax error in the app",
       "the old code goes on, the log has the error, the next reload with mended code works", needs="--max-requests",
       remark="The most common fault of all. The others end, and nothing is served until somebody notices.")
def reload_syntax_error(stage: Stage) -> Seen:
    """Breaks the app's file, SIGHUP; then mends it, SIGHUP."""
    server = stage.start()
    whole = (server.directory / "victim.py").read_text()
    with stage.load(server, pause=0.05) as load:
        wait(0.5)
        (server.directory / "victim.py").write_text(whole + "\ndef broken(:\n")
        server.reload()
        wait(stage.span(4))
        said = "SyntaxError" in server.log()
        (server.directory / "victim.py").write_text(whole)
        server.tell("version", "2")
        server.reload()
        renewed = time_until(lambda: server.is_running() and server.get("/version", 1) == (200, b"2"), 12)
        wait(0.5)
    passed = lost(load.account, False) == 0 and said and renewed < 12
    return Seen(passed, f"{of_others(load.account, False)}; error {'in the log' if said else 'not logged'}; "
                        f"{'ended' if not server.is_running() else 'mended code serves after ' + seconds(renewed)}",
                {"lost": lost(load.account, False), "renewed": renewed})


@fault(GROUP, "two reloads at once", "ends up on the new code, 0 failed", needs="--max-requests",
       remark="Nothing special, and it should be.")
def two_hangups(stage: Stage) -> Seen:
    """The second signal comes while the first reload is under way (the import takes 1 s)."""
    server = stage.start()
    with stage.load(server, pause=0.05) as load:
        wait(0.5)
        server.tell("boot", "slow 1")
        server.reload()
        wait(0.4)
        server.tell("version", "2")
        server.reload()
        time_until(lambda: server.get("/version", 1) == (200, b"2"), 10)
        wait(2.5 if stage.name != "granian" else 8)
        answers = {server.get("/version", 5) for _ in range(20)}
    passed = lost(load.account, False) == 0 and answers == {(200, b"2")}
    return Seen(passed, f"{of_others(load.account, False)}; "
                        f"{'only new code' if answers == {(200, b'2')} else 'old and new code'} in the end",
                {"lost": lost(load.account, False)})


@fault(GROUP, "SIGTERM during a reload", "drains as ever: status 0, nothing left behind", needs="--max-requests",
       remark="As above.")
def terminated_in_reload(stage: Stage) -> Seen:
    """SIGHUP with an import of 5 s, then SIGTERM after half a second."""
    server = stage.start()
    server.tell("boot", "slow 5")
    server.reload()
    wait(0.5)
    if server.is_running():
        server.signal(signal.SIGTERM)
    try:
        status = server.process.wait(25)
    except subprocess.TimeoutExpired:
        return Seen(False, "runs on")
    left = time_until(lambda: not server.processes(), 3)
    return Seen(status == 0 and left < 3, f"status {status}, {'nothing' if left < 3 else 'processes'} left behind",
                {"status": status})


@fault(GROUP, "workers recycled after 150 requests, under load", "the successor first, 0 failed",
       remark="Granian counts no requests; its workers live 60 s at least.", needs="--max-requests")
def recycled(stage: Stage) -> Seen:
    """Planned replacement again and again for 6 s."""
    if stage.name == "granian":
        return Seen(None, "counts no requests")
    server = stage.start({
        "roost": ("--max-requests", 150), "gunicorn": ("--max-requests", 150, "--max-requests-jitter", 30),
        "uwsgi": ("--max-requests", 150, "--min-worker-lifetime", 1),
    })
    before = len(server.notes("imports"))
    with stage.load(server) as load:
        wait(stage.span(6))
    recycles = len(server.notes("imports")) - before
    passed = lost(load.account) == 0 and recycles >= 2
    return Seen(passed, f"{recycles} recycled; {of_others(load.account)}",
                {"recycles": recycles, "lost": lost(load.account)})


@fault(GROUP, "a worker's memory grows past a limit of 150 MiB", "recycled, the successor first, 0 failed",
       remark="gunicorn has no such limit.", needs="--max-rss")
def leaking_worker(stage: Stage) -> Seen:
    """The app keeps 20 MiB with each of 24 requests, for 8 s under load."""
    if stage.name == "gunicorn":
        return Seen(None, "has no such limit")
    server = stage.start({
        "roost": ("--max-rss", "150MiB"), "uwsgi": ("--reload-on-rss", 150, "--min-worker-lifetime", 1),
        "granian": ("--workers-max-rss", 150, "--rss-sample-interval", "1s", "--rss-samples", 1),
    })
    before = len(server.notes("imports"))
    with stage.load(server) as load:
        for _ in range(24):
            get(server.address, "/leak?mib=20", 5)
            wait(stage.span(0.33))
        wait(3)
    recycles = len(server.notes("imports")) - before
    passed = lost(load.account) == 0 and recycles >= 1
    return Seen(passed, f"{recycles} recycled; {of_others(load.account)}",
                {"recycles": recycles, "lost": lost(load.account)})
