"""What is chosen for a process that may use only a part of the machine."""

import json
import os
import subprocess
import sys

import pytest
from cgroups import ControlGroup
from server import APPS, BINARY, clean_environment


@pytest.fixture
def group():
    group = ControlGroup(f"roost-test-{os.getpid()}", "cpu.max", "memory.max")
    yield group
    group.remove()


def chosen(group, *options):
    """The settings that a server in `group` would have, each with its value and its reason."""
    done = subprocess.run(
        [str(BINARY), "config", "probe:app", "--app-dir", str(APPS), "--python", sys.executable, *options],
        env=clean_environment(), stdin=subprocess.DEVNULL, capture_output=True, text=True, preexec_fn=group.join,
    )
    assert done.returncode == 0, done.stderr
    return {line.split()[0]: line for line in done.stdout.splitlines() if line.strip()}


def test_a_quota_of_one_and_a_half_cpus_makes_two_processes(group):
    group.set("cpu.max", "150000 100000")
    group.set("memory.max", str(4 << 30))
    shown = chosen(group)
    cpus = len(os.sched_getaffinity(0))
    assert f" {min(2, cpus)} " in shown["processes"] and "cgroup quota 1.5" in shown["processes"], shown["processes"]
    assert " 4 " in shown["threads"]


def test_a_quota_of_half_a_cpu_makes_one_process(group):
    group.set("cpu.max", "50000 100000")
    group.set("memory.max", str(4 << 30))
    shown = chosen(group)
    assert " 1 " in shown["processes"] and "cgroup quota 0.5" in shown["processes"]
    assert " 8 " in shown["threads"]


def test_memory_that_holds_fewer_processes_than_there_are_cpus_counts(group):
    if len(os.sched_getaffinity(0)) < 2:
        pytest.skip("needs two CPUs")
    group.set("memory.max", str(256 << 20))
    shown = chosen(group)
    assert " 1 " in shown["processes"] and "256 MiB of memory hold 1" in shown["processes"]


def test_the_server_says_so_at_its_start(group, tmp_path):
    group.set("cpu.max", "150000 100000")
    group.set("memory.max", str(512 << 20))
    log = open(tmp_path / "log", "wb+")
    server = subprocess.Popen(
        [str(BINARY), "serve", "probe:app", "--app-dir", str(APPS), "--bind", "127.0.0.1:0", "--python", sys.executable,
         "--admin-socket", str(tmp_path / "admin.sock")],
        env=clean_environment(PROBE_DIRECTORY=tmp_path), stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        preexec_fn=group.join,
    )
    try:
        from client import eventually

        eventually(lambda: "worker ready" in (tmp_path / "log").read_text(), "a worker is ready", 60)
        status = subprocess.run(
            [str(BINARY), "status", "--admin-socket", str(tmp_path / "admin.sock"), "--json"],
            capture_output=True, text=True, env=clean_environment(), stdin=subprocess.DEVNULL,
        )
        assert len(json.loads(status.stdout)["workers"]) == min(2, len(os.sched_getaffinity(0)))
        assert "cgroup quota 1.5" in (tmp_path / "log").read_text()
    finally:
        server.terminate()
        assert server.wait(60) == 0
        log.close()
