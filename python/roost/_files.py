"""Files that a WSGI app sends: ``wsgi.file_wrapper``, whole or in the part that a ``Range`` asks for."""

import io
import os
import stat
import sys


class FileWrapper:
    """``wsgi.file_wrapper``: a file to send. A plain one is sent by the front itself, others are read in blocks.

    It can be moved where its file can, so that frameworks need not read up to the part that they want.
    """

    #: How many bytes are still to be sent; None for all.
    _left = None

    def __init__(self, filelike, block_size=8192):
        self.filelike = filelike
        self.block_size = block_size
        if hasattr(filelike, "close"):
            self.close = filelike.close

    def __iter__(self):
        return self

    def __next__(self):
        left = self._left
        block = self.filelike.read(self.block_size if left is None else min(left, self.block_size))
        if not block:
            raise StopIteration
        if left is not None:
            self._left = left - len(block)
        return block

    def seekable(self):
        """Whether the file says that it can be moved; one that says nothing can if it has a ``seek``."""
        seekable = getattr(self.filelike, "seekable", None)
        return bool(seekable()) if seekable is not None else hasattr(self.filelike, "seek")

    def seek(self, offset, whence=os.SEEK_SET):
        """Moves the file."""
        return self.filelike.seek(offset, whence)

    def tell(self):
        """Where the file stands."""
        return self.filelike.tell()

    def app_iter_range(self, start, stop):
        """The part of what is still to come from ``start`` to ``stop``: WebOb, and so Pyramid, asks like this."""
        part = FileWrapper(self.filelike, self.block_size)
        if hasattr(self, "close"):
            part.close = self.close
        if self.seekable():
            self.seek(start, os.SEEK_CUR)
        else:
            rest = start
            while rest > 0:
                block = self.filelike.read(min(rest, self.block_size))
                if not block:
                    break
                rest -= len(block)
        if stop is not None:
            part._left = max(0, stop - start)
        return part


def plain_file(iterable):
    """Where the bytes of a response lie: (descriptor, offset, count), or None when it must be read in blocks.

    Takes a ``FileWrapper``, and what frameworks make of it and of files for a part. Only files whose class says that
    reading gives the descriptor's own bytes: ``gzip`` and its like have a ``fileno`` too, and what lies there is
    something else.
    """
    try:
        wrapper, start, count = _wrapped(iterable)
        if wrapper is None:
            return None
        file, start, count = _sliced(wrapper.filelike, start, _least(count, wrapper._left))
        tempfile = sys.modules.get("tempfile")
        if tempfile is not None and type(file) is tempfile._TemporaryFileWrapper:
            file = file.file
        if type(file) is io.BufferedRandom:
            file.flush()
        raw = file.raw if type(file) in (io.BufferedReader, io.BufferedRandom) else file
        if type(raw) is not io.FileIO or not raw.readable():
            return None
        descriptor = raw.fileno()
        status = os.fstat(descriptor)
        offset = file.tell() if start is None else start
        if not stat.S_ISREG(status.st_mode) or offset >= status.st_size:
            return None
        return descriptor, offset, _least(count, status.st_size - offset)
    except Exception:
        return None


def _least(*counts):
    return min((count for count in counts if count is not None), default=None)


def _wrapped(iterable):
    """The wrapper in what an app returned, with the start and the length of the part; None for what is not said."""
    if type(iterable) is FileWrapper:
        return iterable, None, None
    werkzeug = sys.modules.get("werkzeug.wsgi")
    if werkzeug is None or type(iterable) is not werkzeug._RangeWrapper:
        return None, None, None
    wrapper = iterable.iterable
    if type(wrapper) is not FileWrapper or not iterable.seekable or iterable.read_length or iterable.end_reached:
        return None, None, None
    end = iterable.end_byte
    return wrapper, iterable.start_byte, None if end is None else end - iterable.start_byte


# Files of which no more than a part may be read: where the file is, and how much.
_SLICES = {
    ("falcon.routing.static", "_BoundedFile"): ("fh", "remaining"),
    ("whitenoise.responders", "SlicedFile"): ("fileobj", "remaining"),
}


def _sliced(file, start, count):
    """The file within one that ends a part of it, and the part."""
    kind = type(file)
    found = _SLICES.get((kind.__module__, kind.__qualname__))
    if found is None:
        return file, start, count
    if not getattr(file, "seeked", True):
        # It moves the file at the first read.
        start = file.start
    return getattr(file, found[0]), start, _least(count, getattr(file, found[1]))
