"""An ASGI application on the event loop of this process: tasks, what they wait for, and the loop's own life.

Thin: scopes, messages and frames are made by the library. Everything here runs on the loop's thread.
"""

import asyncio
import os
import sys
import traceback

from roost import _forks, _frameworks, _lanes, _lifespan, _loops, _pathsend, _pools, _request, _wsgi

# Set once by `Server`, before the first request: the library's functions, and what every task needs.
_receive = _send = _is_flushed = _finish = None
_application = None
_loop = None
_task = None
_streams = {}
# A task has a context of its own, a copy: what the request starts says by it whose it is.
_name_context = _request.stream.set


class ClientLeft(OSError):
    """Raised by ``send`` when nobody is there to read (ASGI spec version 2.4)."""


class Stream:
    """The ``receive`` and ``send`` of one request or WebSocket."""

    __slots__ = ("name", "task", "readers", "writers", "has_begun")

    def __init__(self, name):
        self.name = name
        self.task = None
        self.readers = self.writers = None
        self.has_begun = False

    async def receive(self):
        message = _receive(self.name)
        while message is None:
            if self.readers is None:
                self.readers = []
            await _news(self.readers)
            message = _receive(self.name)
        return message

    async def send(self, message):
        state = _send(self.name, message)
        if state is not None:
            await self._flush(state, message)

    async def _flush(self, is_taken, message):
        if self.writers is None:
            self.writers = []
        while True:
            await _news(self.writers)
            if is_taken:
                if _is_flushed(self.name):
                    return
            else:
                is_taken = _send(self.name, message)
                if is_taken is None:
                    return


async def _news(waiters):
    """Waits for `_wake(waiters)`. Each one has a future of its own: who is cancelled disturbs nobody else."""
    waiter = _loop.create_future()
    waiters.append(waiter)
    try:
        await waiter
    finally:
        # Cancelled ones only are still there.
        if waiter in waiters:
            waiters.remove(waiter)


def _wake(waiters):
    woken = waiters[:]
    waiters.clear()
    for waiter in woken:
        if not waiter.done():
            waiter.set_result(None)


async def _serve(stream, scope):
    stream.has_begun = True
    _name_context(stream.name)
    try:
        await _application(scope, stream.receive, stream.send)
    except BaseException as error:
        # Without this frame, which says nothing about the application.
        place = error.__traceback__
        if place is not None and place.tb_next is not None:
            error.__traceback__ = place.tb_next
        # It leads to this frame, which must not keep it: with it all that the application had would wait for the collector.
        del place
        _finish(stream.name, error)
        # What else would end the process is an error of the application like any other.
        if isinstance(error, _lanes.Leave):
            raise
    else:
        _finish(stream.name, None)
    finally:
        del _streams[stream.name]
        # Tasks of its own may still wait for what does not come any more.
        for waiters in (stream.readers, stream.writers):
            if waiters:
                _wake(waiters)


def _begin_eagerly(name, scope):
    """Runs the application up to where it first waits (CPython 3.12 and later): most never do."""
    stream = _streams[name] = Stream(name)
    stream.task = asyncio.Task(_serve(stream, scope), loop=_loop, eager_start=True)


def _begin(name, scope):
    stream = _streams[name] = Stream(name)
    stream.task = _task(_serve(stream, scope))


def _cancel(stream):
    """Cancels a task; one that has not taken its first step never will, and says nothing itself."""
    if stream.has_begun:
        stream.task.cancel()
    elif stream.task is not None:
        stream.task.cancel()
        _finish(stream.name, asyncio.CancelledError())
        _streams.pop(stream.name, None)


def is_departure(error):
    """Whether an error comes of a ``send`` to a client that has left, itself or as a cause or a context."""
    seen = set()
    waiting = [error]
    while waiting and len(seen) < 100:
        found = waiting.pop()
        if found is None or id(found) in seen:
            continue
        if isinstance(found, ClientLeft):
            return True
        seen.add(id(found))
        waiting += [found.__cause__, found.__context__, *getattr(found, "exceptions", ())]
    return False


def damaged():
    """Ends a worker whose link says what the front never writes."""
    sys.stderr.write("roost: error: the link to the front is damaged\n")
    sys.stderr.flush()
    os._exit(70)


class Glue:
    """The parts by the names under which the library takes them."""

    # Static: what the library takes from an instance must not be bound to it.
    describe = staticmethod(_wsgi.describe)
    leave_child = staticmethod(_wsgi.leave_child)
    is_departure = staticmethod(is_departure)
    damaged = staticmethod(damaged)
    client_left = ClientLeft
    cancelled = asyncio.CancelledError

    def __init__(self, loop, state, begin, sends_files, root_path, is_known):
        self.begin = begin
        self.root_path = root_path.encode("ascii")
        self.state = state
        self.asgi = {"version": "3.0", "spec_version": "2.4"}
        self.call_soon = loop.call_soon
        self.wake_readers = lambda name: _wake(_streams[name].readers)
        self.wake_writers = lambda name: _wake(_streams[name].writers)
        # What is the same in all scopes, and in those of a kind; what each sets stands here so that the copy has room.
        common = {
            "type": "http",
            "asgi": None,
            "http_version": "1.1",
            "server": None,
            "client": None,
            "scheme": "http",
            # An application that looks for it in the path by itself must not be told to take it off.
            "root_path": "" if is_known else root_path,
            "path": "",
            "raw_path": b"",
            "query_string": b"",
            "headers": None,
            "state": None,
            "extensions": None,
        }
        self.http = dict(common, method="")
        self.websocket = dict(common, type="websocket", scheme="ws", subprotocols=None)
        self.http10_extensions = {"http.response.pathsend": {}, "roost": None} if sends_files else {"roost": None}
        self.http_extensions = dict(self.http10_extensions, **{"http.response.trailers": {}})
        self.websocket_extensions = {"websocket.http.response": {}, "roost": None}


class Server:
    """The event loop of a worker, from start-up to the last callback.

    In a program of the user's own it is a guest: it leaves the process as it was.
    """

    def __init__(self, native, control, loaded, settings, wake, is_guest):
        self._native = native
        self._control = control
        self._loaded = loaded
        self._root_path = settings.get("root_path", "")
        self._wake = wake
        self._is_guest = is_guest
        self._ended = None
        self._broken = None
        self._bell = -1
        self._drain = self._interrupt = self._pools = None
        self.loop = _loops.make(settings.get("event_loop") or "auto")
        self._lifespan = _lifespan.Lifespan(loaded.application, self._lifespan_broke)
        _forks.close_in_child(self.loop)

    def run(self):
        """Serves until the front says stop. Returns the exit code; raises LoadingError when start-up fails."""
        asyncio.set_event_loop(self.loop)
        try:
            return self._run_loop()
        finally:
            if self._is_guest:
                self._leave_guest()

    def _leave_guest(self):
        """Gives up what is the loop's, in a process that goes on."""
        asyncio.set_event_loop(None)
        for descriptor in (self._control, self._native.notice(), self._wake, self._bell):
            if descriptor is not None and descriptor >= 0:
                self.loop.remove_reader(descriptor)
        self.loop.close()

    def _run_loop(self):
        _lanes.on_leave = self._leave_soon
        ended = None
        task = self.loop.create_task(self._run())
        try:
            is_stopped = self.loop.run_until_complete(task)
        except (SystemExit, KeyboardInterrupt) as error:
            self._leave_child(error)
            ended = error
        except BaseException as error:
            self._leave_child(error)
            raise
        finally:
            _lanes.on_leave = None
        # Behind the handler: what goes wrong from here on did not come of that.
        self._finish_up()
        if ended is None:
            return 0 if is_stopped else 1
        # It has met the same end meanwhile, of which asyncio would write that nobody has asked.
        if task.done() and not task.cancelled():
            task.exception()
        if self._is_guest:
            raise ended
        if self._drain is None and not isinstance(ended, _lanes.Leave):
            raise _lifespan.ended_process(ended) from ended
        code = getattr(ended, "code", 1)
        return code if isinstance(code, int) else 1

    def _leave_soon(self, leave):
        """Has the loop raise it too: where the handler of the signal has raised it somebody may have caught it."""

        def leave_again():
            if _lanes.on_leave is not None:
                raise leave

        self.loop.call_soon_threadsafe(leave_again)

    def _leave_child(self, error=None):
        """Ends a forked child that has come back to the loop: that is its parent's."""
        if self._native.is_inert():
            _wsgi.leave_child(error)

    async def _run(self):
        self._ended = self.loop.create_future()
        self.loop.add_reader(self._control, self._take_messages)
        self.loop.add_reader(self._native.notice(), self._take_messages)
        if self._wake is not None:
            self.loop.add_reader(self._wake, self._take_signals)
        startup = self.loop.create_task(self._lifespan.startup())
        await asyncio.wait([startup, self._ended], return_when=asyncio.FIRST_COMPLETED)
        if not startup.done():
            return self._ended.result()
        startup.result()
        if self._broken is not None:
            # Right behind its word that it has started.
            raise _lifespan.failure("", self._broken)
        self._open()
        # What the front sent meanwhile, the bell perhaps, was not for a loop that was not there.
        message = _lanes.ready_message(self._loaded)
        _lanes.send(self._native, self._control, message)
        self._pools = _pools.Pools(self.loop, self._native, self._control)
        self._take_messages()
        is_stopped = await self._ended
        if is_stopped:
            await self._let_end()
        return is_stopped

    def _open(self):
        global _receive, _send, _is_flushed, _finish, _application, _loop, _task
        _application, _loop, _task = self._loaded.application, self.loop, self.loop.create_task
        # A factory of the application's own decides what its tasks are.
        eager = sys.version_info >= (3, 12) and self.loop.get_task_factory() is None
        sends_files = _pathsend.unaware(_application) is None
        begin = _begin_eagerly if eager else _begin
        is_known = _frameworks.knows_root_path(self._loaded.application, self._root_path)
        glue = Glue(self.loop, self._lifespan.state, begin, sends_files, self._root_path, is_known)
        functions = self._native.open_loop(glue)
        _receive, _send, _is_flushed, _finish, self._interrupt, self._drain, _, extend, mark = functions
        _request.bind_loop(extend, mark)

    # What the front says beside the frames

    def _take_messages(self):
        try:
            message = self._native.message()
            while message is not None:
                self._take(_lanes.wish_of(message))
                message = self._native.message()
        except EOFError:
            self.loop.remove_reader(self._control)
            self._end(False)
            return
        if self._bell < 0 and self._drain is not None:
            self._bell = self._native.bell()
            if self._bell >= 0:
                self.loop.add_reader(self._bell, self._drain)
                # The front may have written before it sent the bell.
                self._drain()

    def _take(self, wish):
        if wish.get("type") == "stop":
            self._end(True)
        elif wish.get("type") == "interrupt" and _lanes.is_number(wish.get("stream"), _lanes.LAST_STREAM):
            stream = _streams.get(wish["stream"])
            if stream is not None and self._interrupt(stream.name):
                _cancel(stream)

    def _lifespan_broke(self, error):
        """The front has this worker replaced. A program of the user's own can only be told of it."""
        if self._drain is None:
            self._broken = error
        elif not self._ended.done():
            _lanes.send(self._native, self._control, _lifespan.broken_message(error))

    def _end(self, is_stopped):
        if not self._ended.done():
            self._ended.set_result(is_stopped)

    def _take_signals(self):
        """Python's handlers have run by now; one that wants to leave has raised."""
        try:
            os.read(self._wake, 512)
        except BlockingIOError:
            pass

    # The end

    async def _let_end(self):
        """Waits until the application has returned from all that is running. The front has the patience."""
        while _streams:
            tasks = [stream.task for stream in _streams.values() if stream.task is not None]
            if not tasks:
                return
            await asyncio.wait(tasks)

    def _finish_up(self):
        """Runs what has to run behind the last request; each part has its time."""
        if not self._is_guest:
            self._native.limit_leaving(_lanes.LEAVING_SECONDS)
        try:
            self.loop.run_until_complete(self._finish_tasks())
            self.loop.run_until_complete(self.loop.shutdown_asyncgens())
        except BaseException:
            self._leave_child()
            traceback.print_exc()

    async def _finish_tasks(self):
        if self._pools is not None:
            self._pools.stop()
        streams = list(_streams.values())
        for stream in streams:
            _cancel(stream)
        await _wait_for([stream.task for stream in streams if stream.task is not None], 2)
        await self._lifespan.shutdown()
        # An application may have scheduled only what ends it, as Streamlit does.
        await asyncio.sleep(0)
        await _wait_for(_others(), 0.25)
        for task in _others():
            task.cancel()
        await _wait_for(_others(), 2)


def _others():
    current = asyncio.current_task()
    return [task for task in asyncio.all_tasks() if task is not current]


async def _wait_for(tasks, seconds):
    if tasks:
        await asyncio.wait(tasks, timeout=seconds)


def serve(native, control, loaded, settings, wake, is_guest=False):
    """Serves an ASGI application on this thread until the front says stop. Returns the exit code. Raises LoadingError."""
    return Server(native, control, loaded, settings, wake, is_guest).run()
