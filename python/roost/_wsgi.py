"""What the library borrows from Python to serve WSGI (PEP 3333): the parts that are easier to write here."""

import copy
import io
import os
import sys
import traceback

from roost import _request
from roost._files import FileWrapper, plain_file


class ErrorLog:
    """``wsgi.errors``: each line becomes a line of the server's log, with the request's id."""

    __slots__ = ("write",)

    def __init__(self, write):
        self.write = write

    def writelines(self, lines):
        for line in lines:
            self.write(line)

    def flush(self):
        """Does nothing: a line is sent when it is complete, and what is left when its request ends."""


_told = set()


def left_out(environ, names):
    """What the log says of header fields of a response that were left out; None when this route was told before."""
    route = str(environ.get("REQUEST_URI", "")).partition("?")[0][:200]
    if route in _told or len(_told) >= 100:
        return None
    _told.add(route)
    shown = "".join(char if char.isprintable() else "?" for char in route)
    return ("the response to %s has header fields that belong to the server (PEP 3333, hop-by-hop): %s; they are left "
            "out, here and, without a word, in further responses of this route" % (shown, names))


class _BodyFile(io.RawIOBase):
    """A request's body in a file whose descriptor, and so its position, is shared with the front."""

    def __init__(self, descriptor, count):
        self._descriptor = descriptor
        self._count = count
        self._position = 0

    def readable(self):
        return True

    def seekable(self):
        return True

    def readinto(self, buffer):
        view = memoryview(buffer).cast("B")[: max(0, self._count - self._position)]
        if not view:
            return 0
        count = os.preadv(self._descriptor, [view], self._position)
        self._position += count
        return count

    def seek(self, offset, whence=os.SEEK_SET):
        base = {os.SEEK_SET: 0, os.SEEK_CUR: self._position, os.SEEK_END: self._count}[whence]
        if base + offset < 0:
            raise ValueError("negative seek position")
        self._position = base + offset
        return self._position

    def tell(self):
        return self._position

    def close(self):
        if not self.closed:
            os.close(self._descriptor)
        super().close()


def open_body(descriptor, count):
    """``wsgi.input`` for a body that is a file. Owns the descriptor."""
    return io.BufferedReader(_BodyFile(descriptor, count), 64 << 10)


def describe(error):
    """The traceback of an error, for the log; its middle is left out when it is very long."""
    text = "".join(traceback.format_exception(type(error), error, error.__traceback__)).rstrip()
    if len(text) > 500_000:
        text = text[:200_000] + "\n[...]\n" + text[-300_000:]
    return text


def leave_child(error):
    """Ends a forked child of a worker that came out of the application: the request is its parent's to answer."""
    code = 0
    try:
        if isinstance(error, SystemExit):
            code = error.code if isinstance(error.code, int) else 0 if error.code is None else 1
        elif error is not None:
            traceback.print_exception(type(error), error, error.__traceback__)
            code = 1
        sys.stdout.flush()
        sys.stderr.flush()
    finally:
        os._exit(code & 0xFF)


class Glue:
    """The parts by the names under which the library takes them."""

    bytes_io = io.BytesIO
    file_wrapper = FileWrapper
    error_log = ErrorLog
    left_out = staticmethod(left_out)
    # Static: what the library takes from an instance must not be bound to it.
    plain_file = staticmethod(plain_file)
    open_body = staticmethod(open_body)
    describe = staticmethod(describe)
    request_timeout = _request.RequestTimeout
    absorb = staticmethod(_request.absorb)
    leave_child = staticmethod(leave_child)

    def __init__(self, application, settings):
        self.application = application
        root_path = settings.get("root_path", "")
        self.root_path = root_path.encode("ascii")
        self.template = {
            # What is the same for all requests.
            "SCRIPT_NAME": root_path,
            "SERVER_PROTOCOL": "HTTP/1.1",
            "SERVER_SOFTWARE": settings["server_software"],
            "wsgi.version": (1, 0),
            "wsgi.url_scheme": "http",
            "wsgi.multithread": settings["threads"] > 1,
            "wsgi.multiprocess": settings["processes"] > 1,
            "wsgi.run_once": False,
            "wsgi.file_wrapper": FileWrapper,
            "wsgi.input_terminated": True,
            # For those who do not want to import roost.
            "roost.extend_deadline": _request.extend_deadline,
            "roost.mark_idempotent": _request.mark_idempotent,
            # What each request sets. They stand here so that the copy has room for them and needs no growing.
            "REQUEST_METHOD": "",
            "PATH_INFO": "",
            "QUERY_STRING": "",
            "REQUEST_URI": "",
            "RAW_URI": "",
            "SERVER_NAME": "",
            "SERVER_PORT": "",
            "REMOTE_ADDR": "",
            "REMOTE_PORT": "",
            "roost.request_id": "",
            "wsgi.input": None,
            "wsgi.errors": None,
        }

    def for_lane(self):
        """These parts with a template of their own: the library adds what belongs to the lane."""
        glue = copy.copy(self)
        glue.template = dict(self.template)
        return glue
