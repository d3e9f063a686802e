"""Control groups of a test's own, version 2 or 1, where the tests run as root and may make them."""

import os
from pathlib import Path

import pytest

MOUNT = Path("/sys/fs/cgroup")
# By setting of version 2: the controller, and how version 1 says the same.
OLD = {
    "cpu.max": lambda value: [("cpu.cfs_period_us", value.split()[1]), ("cpu.cfs_quota_us", value.split()[0])],
    "memory.max": lambda value: [("memory.limit_in_bytes", value)],
    "pids.max": lambda value: [("pids.max", value)],
}


class ControlGroup:
    """One group for each setting's controller; `join` as a preexec_fn puts the process that it is to be in there."""

    def __init__(self, name, *settings):
        self.folders = {}
        self.is_new = all(self._controller(setting) in self._controllers() for setting in settings)
        try:
            for setting in settings:
                folder = MOUNT / (name if self.is_new else f"{self._controller(setting)}/{name}")
                folder.mkdir(exist_ok=True)
                self.folders[setting] = folder
            if self.is_new:
                wanted = " ".join("+" + self._controller(setting) for setting in settings)
                (MOUNT / "cgroup.subtree_control").write_text(wanted)
        except OSError as error:
            self.remove()
            pytest.skip(f"no control groups can be made here: {error}")

    @staticmethod
    def _controller(setting):
        return setting.partition(".")[0]

    @staticmethod
    def _controllers():
        try:
            return (MOUNT / "cgroup.controllers").read_text().split()
        except OSError:
            return []

    def set(self, setting, value):
        entries = [(setting, value)] if self.is_new else OLD[setting](value)
        for name, text in entries:
            (self.folders[setting] / name).write_text(str(text))

    def read(self, name, setting):
        return (self.folders[setting] / name).read_text().strip()

    def join(self):
        for folder in set(self.folders.values()):
            with open(folder / "cgroup.procs", "w") as processes:
                processes.write(str(os.getpid()))

    def remove(self):
        for folder in set(self.folders.values()):
            try:
                folder.rmdir()
            except OSError:
                pass
