"""Starts and stops the real server, and looks at it from outside."""

import itertools
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

from client import Connection, eventually, get

ROOT = Path(__file__).resolve().parents[2]
APPS = Path(__file__).resolve().parent / "apps"
BINARY = Path(os.environ.get("ROOST_BINARY", ROOT / ".build" / "release" / "roost"))


#: What a container engine leaves root of its capabilities unless it is told otherwise.
CONTAINER_CAPABILITIES = ("chown", "dac_override", "fowner", "fsetid", "kill", "setgid", "setuid", "setpcap",
                          "net_bind_service", "net_raw", "sys_chroot", "mknod", "audit_write", "setfcap")
#: Makes a command process 1 of a pid namespace, with those capabilities and no way to new ones.
AS_IN_A_CONTAINER = ("unshare", "--pid", "--fork", "--kill-child", "--mount-proc", "setpriv", "--no-new-privs",
                     "--inh-caps=-all", "--bounding-set=-all," + ",".join(f"+{name}" for name in CONTAINER_CAPABILITIES))
#: Set, every server of the tests that has no prefix of its own runs like that.
IN_CONTAINER = bool(os.environ.get("ROOST_TEST_CONTAINER"))


#: Below the ports that the kernel gives to clients (from 32768): no connection of another test takes one meanwhile.
_ports = itertools.cycle(random.Random(os.getpid()).sample(range(20000, 32000), 12000))


def free_port(host="127.0.0.1"):
    """A port that nobody listens on, and that no other caller in this process has got."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    for port in _ports:
        with socket.socket(family) as probe:
            try:
                probe.bind((host, port))
            except OSError:
                continue
            return port


def clean_environment(**changes):
    """This process's environment without what would change the server's settings."""
    environment = {key: value for key, value in os.environ.items() if not key.startswith("ROOST_")}
    environment.update({key: str(value) for key, value in changes.items()})
    return environment


def run_roost(*arguments, cwd=None, timeout=120, **environment):
    """Runs the command to its end."""
    return subprocess.run(
        [str(BINARY), *map(str, arguments)],
        cwd=cwd or tempfile.gettempdir(),
        env=clean_environment(**environment),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=timeout,
    )


class Roost:
    """One running server. ``directory`` is its own: calls, gates and the log lie there."""

    def __init__(self, directory, target="probe:app", *options, python=None, app_dir=APPS, binds=None,
                 output=None, cwd=None, wait=True, prefix=(), pass_fds=(), **environment):
        self.directory = Path(directory)
        self.directory.mkdir(parents=True, exist_ok=True)
        self.address = ("127.0.0.1", free_port())
        self.admin = ("127.0.0.1", free_port())
        self.admin_socket = str(self.directory / "admin.sock")
        self.log_path = self.directory / "log"
        binds = binds if binds is not None else [f"127.0.0.1:{self.address[1]}"]
        prefix = tuple(map(str, prefix)) or (AS_IN_A_CONTAINER if IN_CONTAINER else ())
        command = [*prefix, str(BINARY), "serve", target, "--app-dir", str(app_dir)]
        for bind in binds:
            command += ["--bind", bind]
        command += ["--admin", f"127.0.0.1:{self.admin[1]}", "--admin-socket", self.admin_socket]
        command += ["--python", str(python or sys.executable), *map(str, options)]
        self.log_file = None if output is not None else open(self.log_path, "wb")
        self.process = subprocess.Popen(
            command,
            cwd=cwd or self.directory,
            env=clean_environment(
                **{"PROBE_DIRECTORY": self.directory, "PYTHONDONTWRITEBYTECODE": 1, **environment},
            ),
            stdin=subprocess.DEVNULL,
            stdout=output if output is not None else self.log_file,
            stderr=subprocess.STDOUT,
            pass_fds=pass_fds,
        )
        self.pid = self.process.pid if prefix != AS_IN_A_CONTAINER else self._process_1()
        if wait:
            self.wait_until_ready()

    # Life

    def _process_1(self):
        """The number that the server has outside of its pid namespace: the only child of `unshare`."""
        def child():
            return Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()

        eventually(lambda: child() or self.process.poll() is not None, "unshare has forked")
        assert self.process.poll() is None, f"unshare ended with {self.process.returncode}:\n{self.log()}"
        return int(child()[0])

    def signal(self, number):
        """Sends the server itself a signal."""
        os.kill(self.pid, number)

    def wait_until_ready(self):
        def is_ready():
            assert self.process.poll() is None, f"the server ended with {self.process.returncode}:\n{self.log()}"
            try:
                return get(self.admin, "/readyz", timeout=5).status == 200
            except OSError:
                return False

        eventually(is_ready, f"the server got ready; its log:\n{self.log()}", 120)
        # Ready is a server with one worker; tests count on all of them.
        eventually(lambda: self.metric("roost_workers") == self.metric("roost_workers_configured"), "all are ready", 120)

    def command(self, name, *arguments, timeout=120):
        """Runs `roost NAME` against this server."""
        return run_roost(name, "--admin-socket", self.admin_socket, *arguments, timeout=timeout)

    def stop(self, expect=0):
        """Stops by SIGTERM and checks the exit status."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        try:
            status = self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"still running 60 s after SIGTERM:\n{self.log()}") from None
        finally:
            if self.log_file:
                self.log_file.close()
        assert status == expect, f"exit status {status}:\n{self.log()}"

    def end(self):
        """Whatever the test did, leaves nothing running."""
        if self.process.poll() is None:
            self.stop()

    # Requests

    def connect(self, **options):
        return Connection(self.address, **options)

    def get(self, target="/", **options):
        return get(self.address, target, **options)

    # What it says of itself

    def log(self):
        try:
            return self.log_path.read_text(errors="replace")
        except OSError:
            return ""

    def metrics_text(self):
        return get(self.admin, "/metrics", timeout=10).body.decode()

    def metric(self, name, **labels):
        """The sum of the samples of ``name`` that carry ``labels``; None when there is no such sample."""
        total = None
        for line in self.metrics_text().splitlines():
            match = re.fullmatch(r"([a-z_]+)(?:\{(.*)\})? (\S+)", line)
            if match and match[1] == name:
                present = dict(re.findall(r'(\w+)="([^"]*)"', match[2] or ""))
                if all(present.get(key) == value for key, value in labels.items()):
                    total = (total or 0) + float(match[3])
        return total

    # What the kernel says of it

    def workers(self):
        """The pids of its children."""
        pids = []
        for task in Path(f"/proc/{self.pid}/task").iterdir():
            try:
                pids += [int(pid) for pid in (task / "children").read_text().split()]
            except OSError:
                pass
        return sorted(pids)

    def processor_seconds(self, pid=None):
        """What it has used of a processor: waiting for one on a busy machine does not count."""
        fields = Path(f"/proc/{pid or self.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def resident_bytes(self, pid=None):
        text = Path(f"/proc/{pid or self.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", text)[1]) * 1024

    # What the application noted, see apps/probe.py

    def calls(self):
        """What the application was called for: one line each, `METHOD path?query`."""
        try:
            return (self.directory / "calls").read_text().splitlines()
        except OSError:
            return []

    def open_gate(self, name="gate"):
        """Lets requests for `/gate?NAME` go on; `every` lets all."""
        (self.directory / f"open-{name}").touch()

    def wait_for_call(self, call):
        eventually(lambda: call in self.calls(), f"the application was called for {call}; it was for {self.calls()}")
