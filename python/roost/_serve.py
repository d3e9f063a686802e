"""``roost.serve``: serves from a program of the user's own, with this process as the only worker."""

import array
import difflib
import inspect
import json
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import threading
import warnings

from roost import _forks, _interfaces, _lanes, _loading, _mounts, _patches
from roost._native import Native

_FILE_MAGIC = 0x454C4946
# What waitress can be told and roost needs not to know: accepted, so that a program need not be changed to try it.
_WITHOUT_MEANING = frozenset(
    """
    asyncore_loop_timeout asyncore_use_poll backlog channel_request_lookahead cleanup_interval
    clear_untrusted_proxy_headers expose_tracebacks inbuf_overflow ipv4 ipv6 log_socket_errors
    log_untrusted_proxy_headers outbuf_high_watermark outbuf_overflow recv_bytes send_bytes server_name
    trusted_proxy_count trusted_proxy_headers unix_socket_perms
    """.split()
)
_lock = threading.Lock()


class ServingError(RuntimeError):
    """The server could not be started, or ended by itself."""


def serve(
    app,
    host=None,
    port=None,
    listen=None,
    unix_socket=None,
    threads=8,
    url_scheme=None,
    url_prefix="",
    ident=None,
    trusted_proxy=None,
    connection_limit=None,
    channel_timeout=None,
    max_request_header_size=None,
    max_request_body_size=None,
    **others,
):
    """Serves a WSGI or ASGI application until SIGINT or SIGTERM, then answers what is running, and returns.

    The names are those of ``waitress.serve`` where they mean the same. Both listen on ``0.0.0.0:8080`` unless told
    otherwise; ``threads`` is 8 here and 4 there. What waitress can be told and has no meaning here is passed over with
    a warning; a name that neither knows is a TypeError.

    An ASGI application runs on an event loop of this thread, uvloop's where that is installed; ``threads`` and ``ident``
    have no meaning for it. To be called where no event loop runs.

    The sockets belong to the program ``roost``, which is started beside this process and ends with it. It is looked
    for in ``ROOST_BINARY``, beside this package's source, and on ``PATH``.

    host, port: where to listen. ``listen``: several ``host:port``, with spaces between, instead.
    unix_socket: the path of a socket to listen on instead.
    url_scheme: ``wsgi.url_scheme``, or the scope's ``scheme``, where no trusted proxy says that it is https.
    url_prefix: where the application is mounted; taken off ``PATH_INFO`` and given as ``SCRIPT_NAME``; in ASGI
    ``root_path``, which ``path`` begins with.
    ident: ``SERVER_SOFTWARE``.
    trusted_proxy: the address of the proxy whose forwarding headers are believed; ``*`` for any.
    connection_limit: connections at a time. channel_timeout: seconds that an idle one is kept.
    max_request_header_size, max_request_body_size: bytes.
    """
    _refuse_unknown(others)
    if not callable(app):
        raise TypeError("the application must be callable, not of type %s" % type(app).__name__)
    interface = _interfaces.interface_of(app) or _interfaces.WSGI
    try:
        _patches.refuse(interface)
    except _loading.LoadingError as error:
        raise ServingError("%s (%s)" % (error.reason, error.hint)) from None
    if interface == _interfaces.ASGI:
        _refuse_running_loop()
        if _interfaces.is_double(app):
            app = _interfaces.as_single(app)
        if ident is not None:
            warnings.warn("roost.serve: ident has no meaning for an ASGI application", stacklevel=3)
        app = _mounts.asgi(app, url_prefix, url_scheme)
    else:
        app = _mounts.wsgi(app, url_prefix)
    if listen is not None and (host is not None or port is not None):
        raise ValueError("host or port may not be set if listen is set.")
    if unix_socket is not None and (listen is not None or host is not None or port is not None):
        raise ValueError("unix_socket may not be set if listen, host or port is set.")
    arguments = ["--threads", str(int(threads))]
    for place in _places(host, port, listen, unix_socket):
        arguments += ["--bind", place]
    for flag, value in (
        ("--forwarded-allow-ips", trusted_proxy),
        ("--max-connections", connection_limit),
        ("--keep-alive", channel_timeout),
        ("--max-header-bytes", max_request_header_size),
        ("--max-body-bytes", max_request_body_size),
    ):
        if value is not None:
            arguments += [flag, str(value)]
    if not _lock.acquire(blocking=False):
        raise ServingError("roost.serve is running in this process already")
    try:
        _Server(app, interface, arguments, url_scheme, ident).run()
    finally:
        _lock.release()


# What takes processes of its own, under the names that other servers have for it, and the command's flag.
_COMMAND_ONLY = {
    "reload": "reload", "debug": "reload", "use_reloader": "reload", "workers": "processes N", "processes": "processes N",
    "preload": "preload", "preload_app": "preload",
}


def _refuse_unknown(others):
    known = [name for name in inspect.signature(serve).parameters if name not in ("app", "others")]
    for name in others:
        if name in _WITHOUT_MEANING:
            warnings.warn("roost.serve: %s has no meaning here" % name, stacklevel=4)
            continue
        if name in _COMMAND_ONLY:
            raise TypeError(
                "serve() got an unexpected argument %r: it serves in this one process; the command has it: "
                "roost serve module:app --%s" % (name, _COMMAND_ONLY[name])
            )
        close = difflib.get_close_matches(name, known, 1, 0.75)
        raise TypeError(
            "serve() got an unexpected argument %r%s" % (name, "; did you mean %r?" % close[0] if close else "")
        )


def _refuse_running_loop():
    asyncio = sys.modules.get("asyncio")
    if asyncio is not None and asyncio._get_running_loop() is not None:
        raise ServingError(
            "an event loop runs in this thread already, and an ASGI application needs one of its own: call roost.serve "
            "outside of it, or in a thread (asyncio.to_thread)"
        )


def _places(host, port, listen, unix_socket):
    """What follows --bind, once for each."""
    if unix_socket is not None:
        return ["unix:" + os.path.abspath(unix_socket)]
    if listen is not None:
        places = listen.split() if isinstance(listen, str) else list(listen)
    else:
        host = "0.0.0.0" if host is None else host
        if ":" in host and not host.startswith("["):
            host = "[%s]" % host
        places = ["%s:%s" % (host, 8080 if port is None else port)]
    return [":" + place[2:] if place.startswith("*:") else place for place in places]


def _binary():
    here = os.path.dirname(os.path.abspath(__file__))
    beside = os.path.normpath(os.path.join(here, "..", "..", ".build", "release", "roost"))
    named = os.environ.get("ROOST_BINARY")
    if named:
        if not os.access(named, os.X_OK):
            raise ServingError("ROOST_BINARY names %r, which is no program" % named)
        return named
    for candidate in (beside, shutil.which("roost")):
        if candidate and os.access(candidate, os.X_OK):
            return candidate
    raise ServingError("the program roost was not found: put it on PATH, or its path into ROOST_BINARY")


class _Server:
    """The program `roost`, and this process's lanes or event loop."""

    def __init__(self, app, interface, arguments, url_scheme, ident):
        self._loaded = _loading.Loaded(app, interface, 0)
        self._arguments = arguments
        self._url_scheme = url_scheme
        self._ident = ident

    def run(self):
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with ours, _Signals() as signals:
            with theirs:
                # A session of its own: Ctrl-C is for us, and we tell it.
                front = subprocess.Popen(
                    [_binary(), "serve", "--attach", str(theirs.fileno()), *self._arguments],
                    pass_fds=[theirs.fileno()],
                    stdin=subprocess.DEVNULL,
                    start_new_session=True,
                )
            try:
                signals.pass_to(front)
                self._serve(ours, front, signals)
            finally:
                if front.poll() is None:
                    front.kill()
                front.wait()

    def _serve(self, ours, front, signals):
        try:
            link, control, doorbell, settings = _receive_link(ours)
        except EOFError:
            status = front.wait()
            if signals.asked:
                return
            raise ServingError("roost ended with status %d; its message is above" % status) from None
        # Said what it had to: a child that the application forks need not hold it.
        ours.close()
        native = Native(settings["library"])
        native.open(link, control, doorbell, settings, watches_front=False)
        _forks.guard(native, signals.replaced())
        if self._loaded.interface == _interfaces.ASGI:
            is_stopped = self._serve_on_loop(native, control, settings, signals)
        else:
            is_stopped = self._serve_on_threads(native, control, settings, signals)
        if not is_stopped and not signals.asked:
            raise ServingError("roost ended by itself, with status %d" % front.wait())
        status = front.wait()
        if status != 0:
            raise ServingError("roost ended with status %d" % status)

    def _serve_on_threads(self, native, control, settings, signals):
        """Returns whether the front has said stop."""
        if self._ident is not None:
            settings["server_software"] = self._ident
        lanes = _lanes.Lanes(native, self._loaded.application, settings)
        if self._url_scheme is not None:
            lanes.template["wsgi.url_scheme"] = self._url_scheme
        lanes.start()
        _lanes.send(native, control, _lanes.ready_message(self._loaded))
        if not _lanes.wait_for_stop(native, control, lanes, signals.wake):
            return False
        lanes.join(5)
        return True

    def _serve_on_loop(self, native, control, settings, signals):
        """Returns whether the front has said stop."""
        # Imported here: who serves WSGI needs no asyncio.
        from roost import _asgi

        try:
            return _asgi.serve(native, control, self._loaded, settings, signals.wake, is_guest=True) == 0
        except _loading.LoadingError as error:
            raise ServingError("%s: %s" % (error.title, error.reason)) from error.cause


class _Signals:
    """SIGINT and SIGTERM, passed on to the front: it drains, then says stop. Only on the main thread."""

    def __enter__(self):
        #: Whether one has come.
        self.asked = False
        #: The descriptor on which Python tells of signals.
        self.wake = None
        self._front = None
        if threading.current_thread() is threading.main_thread():
            self.wake, self._entry = os.pipe()
            for descriptor in (self.wake, self._entry):
                os.set_blocking(descriptor, False)
            self._wakeup_before = signal.set_wakeup_fd(self._entry, warn_on_full_buffer=False)
            self._before = [(number, signal.signal(number, self._pass)) for number in (signal.SIGINT, signal.SIGTERM)]
        return self

    def replaced(self):
        """By signal: our handler, and the one before."""
        return {} if self.wake is None else {number: (self._pass, before) for number, before in self._before}

    def pass_to(self, front):
        self._front = front
        if self.asked:
            front.send_signal(signal.SIGTERM)

    def _pass(self, number, frame):
        self.asked = True
        if self._front is not None:
            self._front.send_signal(signal.SIGTERM)

    def __exit__(self, *_):
        if self.wake is None:
            return
        for number, handler in self._before:
            signal.signal(number, handler)
        signal.set_wakeup_fd(self._wakeup_before)
        os.close(self.wake)
        os.close(self._entry)


def _receive_link(channel):
    """The three descriptors and the settings that the front sends. Raises EOFError."""
    found = {}
    while True:
        data, extra, _, _ = channel.recvmsg(65536, socket.CMSG_SPACE(16 * 4))
        descriptors = array.array("i")
        for level, kind, content in extra:
            if (level, kind) == (socket.SOL_SOCKET, socket.SCM_RIGHTS):
                descriptors.frombytes(content[: len(content) - len(content) % descriptors.itemsize])
        if not data:
            raise EOFError
        if len(data) == 16 and len(descriptors) == 1 and struct.unpack("=QQ", data)[0] == _FILE_MAGIC:
            found[struct.unpack("=QQ", data)[1]] = descriptors[0]
        elif not descriptors:
            for descriptor in found.values():
                os.set_inheritable(descriptor, False)
            return found[1], found[2], found[3], json.loads(data.decode("utf-8"))
