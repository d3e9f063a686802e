"""How it ends: politely, and not."""

import signal
import socket
import subprocess

from account import Outcome
from background import Asked, wait
from client import says
from fault import Seen, Stage, fault, seconds, time_until
from servers import HOST

GROUP = "The end"


@fault(GROUP, "SIGTERM with 8 requests running", "all are answered, exit status 0",
       remark="uWSGI needs a hook for it (`gracefully_kill_them_all`); its SIGTERM alone cuts or restarts.")
def drain(stage: Stage) -> Seen:
    """Eight requests of 2 s fill all threads; SIGTERM comes in their middle."""
    server = stage.start()
    running = [Asked(server.address, "/counted?as=drain&s=2", says("counted drain")) for _ in range(8)]
    assert time_until(lambda: len(server.notes("run-drain")) == 8, 60) < 60, "not all of 8 requests ran at once"
    server.signal(signal.SIGTERM)
    ends = [asked.end() for asked in running]
    try:
        status = server.process.wait(15)
    except subprocess.TimeoutExpired:
        status = None
    answered = sum(end.outcome is Outcome.ANSWERED for end in ends)
    return Seen(answered == 8 and status == 0, f"{answered} of 8 answered, "
                f"{f'status {status}' if status is not None else 'runs on'}", {"answered": answered, "status": status})


@fault(GROUP, "kill -9 of the front (master, arbiter, supervisor)", "no orphans, the port is free",
       remark="A worker in a busy loop is the hard case: it looks at nothing.")
def killed_front(stage: Stage) -> Seen:
    """One worker computes, one is idle; the first process is killed. Looks for 6 s for what is left."""
    server = stage.start()
    Asked(server.address, "/busy_loop", method="POST", body=b"x", patience=3)
    assert time_until(lambda: bool(server.notes("run-busy_loop")), 60) < 60, "the request never ran"
    server.process.kill()
    server.process.wait()
    gone = time_until(lambda: not server.processes(), 6)
    free = time_until(lambda: _can_listen(server.port), 1)
    left = len(server.processes())
    return Seen(gone < 6 and free < 1, f"{f'all gone after {seconds(gone)}' if gone < 6 else f'{left} orphans'}, port "
                f"{'free' if free < 1 else 'taken'}", {"gone": gone, "orphans": left})


@fault(GROUP, "SIGTERM, and one request never ends", "ends after its time to drain, nothing is left behind",
       remark="Each was told 3 s; uWSGI's graceful hook knows no bound.")
def stuck_drain(stage: Stage) -> Seen:
    """A request sleeps for ever; each server was told to drain for 3 s at most."""
    server = stage.start({
        "roost": ("--graceful-timeout", "3s"), "gunicorn": ("--graceful-timeout", 3),
        "granian": ("--workers-kill-timeout", "3s"), "uwsgi": ("--worker-reload-mercy", 3),
    })
    Asked(server.address, "/endless_sleep", method="POST", body=b"x", patience=20)
    assert time_until(lambda: bool(server.notes("run-endless_sleep")), 60) < 60, "the request never ran"
    server.signal(signal.SIGTERM)
    took = time_until(lambda: not server.is_running(), 15)
    left = time_until(lambda: not server.processes(), 2)
    return Seen(took < 15 and left < 2, f"{f'ends after {seconds(took)}' if took < 15 else 'runs on'}, "
                f"{'nothing' if left < 2 else 'processes'} left behind", {"took": took})


def _can_listen(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
            probe.listen()
            return True
        except OSError:
            wait(0.05)
            return False


