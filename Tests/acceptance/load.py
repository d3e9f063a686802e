"""Steady load from a few threads, which counts every request by what became of it."""

import collections
import threading

from client import Connection, Truncated, request


class Load:
    """`keep_alive` connections that send one request after the other, and `fresh` threads that connect for each.

    A kept connection that the server closes between two requests is opened again: that is no failure (RFC 9112 9.5),
    but a close after a request was sent and before its answer came is.
    """

    def __init__(self, server, keep_alive=16, fresh=4, target="/", paths=None):
        self.server = server
        self.outcomes = collections.Counter()
        self.bodies = collections.Counter()
        self.failures = []
        self._lock = threading.Lock()
        self._stopping = threading.Event()
        self._targets = paths or [target]
        self._threads = [threading.Thread(target=self._keep_alive, daemon=True) for _ in range(keep_alive)]
        self._threads += [threading.Thread(target=self._fresh, daemon=True) for _ in range(fresh)]

    def __enter__(self):
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        self._stopping.set()
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive(), "a request of the load hangs"

    def answered(self):
        with self._lock:
            return self.outcomes[200]

    def _note(self, outcome, body=b"", failure=None):
        with self._lock:
            self.outcomes[outcome] += 1
            if len(body) < 100:
                self.bodies[body] += 1
            if outcome != 200:
                self.failures.append(failure or outcome)

    def _keep_alive(self):
        connection = None
        count = 0
        while not self._stopping.is_set():
            target = self._targets[count % len(self._targets)]
            count += 1
            try:
                if connection is None:
                    connection = Connection(self.server.address)
                connection.send(request(target))
                response = connection.response()
                self._note(response.status, response.body, response)
                if (response["Connection"] or "").lower() == "close":
                    connection.close()
                    connection = None
            except (OSError, Truncated, ValueError) as problem:
                self._note("broken", failure=problem)
                connection = None
        if connection:
            connection.close()

    def _fresh(self):
        while not self._stopping.is_set():
            try:
                with Connection(self.server.address) as connection:
                    connection.send(request(self._targets[0], close=True))
                    response = connection.response()
                    self._note(response.status, response.body, response)
            except (OSError, Truncated, ValueError) as problem:
                self._note("broken", failure=problem)
