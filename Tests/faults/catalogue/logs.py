"""Logs that nobody takes."""

import os

from background import Asked, wait
from fault import Seen, Stage, fault, lost, of_others, seconds, worst
from .slow_clients import CANARIES

GROUP = "Logs"


def shout_and_watch(stage: Stage, output) -> Seen:
    """The access log is on and the app writes 300 KB to standard error; canaries are watched for some seconds."""
    server = stage.start(output=output, access_log=True)
    for _ in range(4):
        Asked(server.address, "/shout?n=1000", patience=5)
    wait(0.5)
    with stage.load(server, **CANARIES) as load:
        wait(stage.span(5))
    return Seen(lost(load.account) == 0, f"{of_others(load.account)}, worst {seconds(worst(load.account, 0))}",
                {"lost": lost(load.account), "sent": load.account.sent})


@fault(GROUP, "the log's reader stalls", "serving goes on",
       remark="A terminal that was suspended, a log shipper that hangs. Access log on.")
def log_reader_stalls(stage: Stage) -> Seen:
    """Standard output and error are a pipe that nobody reads."""
    reader, writer = os.pipe()
    try:
        seen = shout_and_watch(stage, writer)
        stage.end()
        return seen
    finally:
        os.close(reader)
        os.close(writer)


@fault(GROUP, "the log's device is full", "serving goes on",
       remark="All do well.")
def log_device_full(stage: Stage) -> Seen:
    """Standard output and error are /dev/full, where every write fails with ENOSPC."""
    with open("/dev/full", "wb", buffering=0) as full:
        seen = shout_and_watch(stage, full)
        stage.end()
        return seen
