"""What the kernel says about a server's processes: who they are, the CPU they used, the memory they hold."""

from __future__ import annotations

import os
from dataclasses import dataclass

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def read_stat(pid: int) -> list[str] | None:
    """The fields of /proc/PID/stat from the third (state) on; None when the process is gone (proc(5))."""
    try:
        with open(f"/proc/{pid}/stat", encoding="latin-1") as file:
            return file.read().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root: int) -> list[int]:
    """`root` with all its descendants, and whatever else lives in the session it leads."""
    parents, sessions = {}, {}
    for name in os.listdir("/proc"):
        if name.isdigit():
            stat = read_stat(int(name))
            if stat and stat[0] not in "ZX":
                parents[int(name)], sessions[int(name)] = int(stat[1]), int(stat[3])
    found = {pid for pid, session in sessions.items() if session == root or pid == root}
    grown = True
    while grown:
        children = {pid for pid, parent in parents.items() if parent in found} - found
        found |= children
        grown = bool(children)
    return sorted(found)


def birth(pid: int) -> str | None:
    """When the process began, in ticks since boot: with its pid, its identity."""
    stat = read_stat(pid)
    return stat[19] if stat else None


def cpu_seconds_by_pid(root: int) -> dict[int, float]:
    """User and system time that each live process of the tree has used since it began."""
    used = {}
    for pid in tree(root):
        stat = read_stat(pid)
        if stat:
            used[pid] = (int(stat[11]) + int(stat[12])) / TICKS_PER_SECOND
    return used


@dataclass(frozen=True)
class Memory:
    """One process in MB (10^6 bytes): resident, proportional share, and what it alone holds."""

    pid: int
    rss: float
    pss: float
    uss: float


def memory(pid: int) -> Memory | None:
    """From /proc/PID/smaps_rollup; None when the process is gone."""
    sums = dict(Rss=0, Pss=0, Private_Clean=0, Private_Dirty=0)
    try:
        with open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as file:
            for line in file:
                name, _, rest = line.partition(":")
                if name in sums:
                    sums[name] = int(rest.split()[0]) * 1024
    except (FileNotFoundError, ProcessLookupError):
        return None
    own = sums["Private_Clean"] + sums["Private_Dirty"]
    return Memory(pid, sums["Rss"] / 1e6, sums["Pss"] / 1e6, own / 1e6)


def machine_seconds() -> tuple[float, float]:
    """CPU time of the whole machine since boot: (all of it, the part that was idle)."""
    with open("/proc/stat", encoding="ascii") as file:
        fields = [int(field) for field in file.readline().split()[1:9]]
    return sum(fields) / TICKS_PER_SECOND, (fields[3] + fields[4]) / TICKS_PER_SECOND


class Window:
    """A stretch of time over which a server's CPU and the machine's idle share are measured.

    `lost` is True when a process of the server died meanwhile: its CPU time is then missing and the sample is void.
    """

    def __init__(self, root: int) -> None:
        self.root = root
        self.before = cpu_seconds_by_pid(root)
        self.machine_before = machine_seconds()

    def close(self) -> None:
        after = cpu_seconds_by_pid(self.root)
        total, idle = machine_seconds()
        self.cpu_seconds = sum(used - self.before.get(pid, 0.0) for pid, used in after.items())
        self.lost = any(pid not in after for pid in self.before)
        elapsed = total - self.machine_before[0]
        self.idle_percent = 100 * (idle - self.machine_before[1]) / elapsed if elapsed > 0 else 0.0
