"""What the kernel says of processes: who is whose child, CPU used, memory, descriptors, states."""

from __future__ import annotations

import os
import re

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the state on; None when there is no such process."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return None


def is_alive(pid: int) -> bool:
    """Whether the process runs: a zombie does not."""
    fields = stat(pid)
    return fields is not None and fields[0] not in "ZX"


def birth(pid: int) -> str | None:
    """When the process began, in ticks since boot: with its pid, its identity."""
    fields = stat(pid)
    return fields[19] if fields else None


def children(pid: int, zombies: bool = False) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            fields = stat(int(name))
            if fields and int(fields[1]) == pid and (zombies or fields[0] not in "ZX"):
                found.append(int(name))
    return sorted(found)


def descendants(pid: int) -> list[int]:
    found = []
    for child in children(pid):
        found += [child, *descendants(child)]
    return sorted(found)


def marked(variable: str, value: str) -> list[int]:
    """The processes whose environment has `variable=value`, whoever their parent is now."""
    wanted = f"{variable}={value}".encode()
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) != os.getpid():
            try:
                with open(f"/proc/{name}/environ", "rb") as file:
                    if wanted in file.read().split(b"\0") and is_alive(int(name)):
                        found.append(int(name))
            except OSError:
                pass
    return sorted(found)


def cpu_seconds(pids: list[int]) -> float:
    used = 0.0
    for pid in pids:
        fields = stat(pid)
        if fields:
            used += (int(fields[11]) + int(fields[12])) / TICKS_PER_SECOND
    return used


def resident_mib(pids: list[int]) -> float:
    total = 0
    for pid in pids:
        try:
            with open(f"/proc/{pid}/status") as file:
                match = re.search(r"VmRSS:\s+(\d+) kB", file.read())
                total += int(match[1]) if match else 0
        except OSError:
            pass
    return total / 1024


def descriptors(pid: int) -> dict[str, int]:
    """The open descriptors of a process by what they are: `socket`, `anon_inode:[eventfd]`, a path."""
    found: dict[str, int] = {}
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            kind = re.sub(r":\[\d+\]$", "", os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
        found[kind] = found.get(kind, 0) + 1
    return found
