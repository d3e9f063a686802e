"""The library that carries requests between the front and this interpreter, called through ctypes."""

import ctypes


class Native:
    """``libRoostWorker.so``. ``PyDLL``: its functions are entered with the GIL held, and let it go while they wait."""

    def __init__(self, path):
        library = ctypes.PyDLL(path)
        self._open = library.roost_worker_open
        self._open.argtypes = [ctypes.c_int] * 4 + [ctypes.c_int64] * 2 + [ctypes.c_int]
        self._run = library.roost_worker_run
        self._run.argtypes = [ctypes.c_int, ctypes.py_object]
        self._message = library.roost_worker_message
        self._message.argtypes = [ctypes.c_void_p, ctypes.c_int64]
        self._message.restype = ctypes.c_int64
        self._limit_leaving = library.roost_worker_limit_leaving
        self._limit_leaving.argtypes = [ctypes.c_int]
        self._limit_leaving.restype = None
        self._interrupt = library.roost_worker_interrupt
        self._interrupt.argtypes = [ctypes.c_int, ctypes.c_uint64]
        self._extend_deadline = library.roost_worker_extend_deadline
        self._extend_deadline.argtypes = [ctypes.c_double]
        self._mark_idempotent = library.roost_worker_mark_idempotent
        self.announce = library.roost_worker_announce
        self.announce.restype = None
        self.forked = library.roost_worker_forked
        self.forked.restype = None
        self.notice = library.roost_worker_notice
        self._open_loop = library.roost_worker_open_loop
        self._open_loop.argtypes = [ctypes.py_object]
        self._open_loop.restype = ctypes.py_object
        #: The descriptor on which the front tells an event loop of frames; -1 before it was sent.
        self.bell = library.roost_worker_bell
        self._is_inert = library.roost_worker_is_inert

    def open(self, link, control, doorbell, settings, watches_front):
        """Opens the link; the descriptors belong to the library then. Raises OSError."""
        self._open(
            link,
            control,
            doorbell,
            # Rings for the most threads there can be; those without a thread cost nothing.
            settings.get("lanes", settings["threads"]),
            settings["request_ring"],
            settings["response_ring"],
            1 if watches_front else 0,
        )

    def run(self, lane, glue):
        """Serves one lane on this thread until the front says stop."""
        self._run(lane, glue)

    def open_loop(self, glue):
        """Makes this thread's event loop the one that serves. Returns the library's functions for it."""
        return self._open_loop(glue)

    def is_inert(self):
        """Whether this process was forked off a worker, and has nothing to do with the front."""
        return self._is_inert() == 1

    def message(self):
        """The front's next message: bytes, None when there is none. Raises EOFError when the front is gone."""
        buffer = ctypes.create_string_buffer(4096)
        count = self._message(buffer, len(buffer))
        if count < 0:
            raise EOFError("the front is gone")
        return buffer.raw[:count] if count else None

    def interrupt(self, lane, stream):
        """Raises RequestTimeout in the lane's thread; False when that does not run the application for this stream."""
        return self._interrupt(lane, stream) == 1

    def extend_deadline(self, seconds):
        """See ``roost.extend_deadline``."""
        return self._extend_deadline(seconds) == 1

    def mark_idempotent(self):
        """See ``roost.mark_idempotent``."""
        return self._mark_idempotent() == 1

    def limit_leaving(self, seconds):
        """Ends the process after so many seconds, whatever Python still does."""
        self._limit_leaving(seconds)
