"""What goes wrong at the start."""

import signal
import socket
import subprocess

from background import wait
from fault import Seen, Stage, fault, seconds, time_until
from servers import HOST

GROUP = "The start"


def start_to_the_end(stage: Stage, **settings):
    """A server that should give up, after 15 s at most; its status (None: it runs on) and how long it took."""
    server = stage.start(wait=False, **settings)
    took = time_until(lambda: not server.is_running(), 15)
    return server, server.process.poll(), took


@fault(GROUP, "the app cannot be imported at the first start", "ends with status 1 and the traceback",
       remark="All say why.")
def import_error(stage: Stage) -> Seen:
    """The app raises at import. A server that tries for ever hides the reason from whoever deploys it."""
    (stage.prepare() / "boot").write_text("raise")
    server, status, took = start_to_the_end(stage)
    says_why = "told to fail at its start" in server.log()
    left = server.processes()
    passed = bool(status) and status > 0 and says_why and not left
    return Seen(passed, f"{f'status {status} after {seconds(took)}' if status is not None else 'runs on'}, "
                        f"{'with' if says_why else 'without'} the traceback", {"status": status})


@fault(GROUP, "the address is taken", "ends with an error that names it, and leaves nothing behind",
       remark="gunicorn tries five times first.")
def address_taken(stage: Stage) -> Seen:
    """Another process listens there already."""
    with socket.socket() as taken:
        taken.bind((HOST, 0))
        taken.listen()
        port = taken.getsockname()[1]
        server, status, took = start_to_the_end(stage, port=port)
    names_it = str(port) in server.log()
    passed = bool(status) and names_it and not server.processes()
    what = f"status {status} after {seconds(took)}" if status is not None else "tries for 15 s and more"
    return Seen(passed, f"{what}, {'names' if names_it else 'does not name'} it", {"status": status})


@fault(GROUP, "SIGTERM while the app is being imported", "ends soon, nothing is left behind",
       remark="A worker inside an import does not look at the signal.")
def terminated_at_boot(stage: Stage) -> Seen:
    """The import takes 20 s; SIGTERM comes after one."""
    (stage.prepare() / "boot").write_text("slow 20")
    server = stage.start(wait=False)
    wait(1)
    server.signal(signal.SIGTERM)
    try:
        status = server.process.wait(10)
    except subprocess.TimeoutExpired:
        status = None
    took = time_until(lambda: not server.processes(), 3)
    passed = status is not None and took < 3
    return Seen(passed, f"{'ends' if status is not None else 'does not end in 10 s'}, status {status}; "
                        f"{'nothing' if took < 3 else 'processes'} left behind", {"status": status})
