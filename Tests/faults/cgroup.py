"""A bound on memory for a server: a control group where the machine lets us make one, else an address space."""

import contextlib
import resource
import time
import uuid
from pathlib import Path

V1 = Path("/sys/fs/cgroup/memory")
V2 = Path("/sys/fs/cgroup")


@contextlib.contextmanager
def memory_limit(mebibytes: int):
    """Settings for `Stage.start`: `cgroup=PATH`, or `limits={RLIMIT_AS: …}` for each process."""
    group = _make(mebibytes << 20)
    if group is None:
        yield {"limits": {resource.RLIMIT_AS: (3 << 29, 3 << 29)}}
        return
    try:
        yield {"cgroup": group}
    finally:
        for _ in range(50):
            try:
                group.rmdir()
                break
            except OSError:
                time.sleep(0.1)


def _make(size: int):
    name = f"roost-fault-{uuid.uuid4().hex[:8]}"
    for parent, limit in ((V1, "memory.limit_in_bytes"), (V2, "memory.max")):
        group = parent / name
        try:
            group.mkdir()
        except OSError:
            continue
        try:
            (group / limit).write_text(str(size))
            return group
        except OSError:
            group.rmdir()
    return None
