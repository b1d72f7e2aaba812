"""stdin and stdout, taken away from everybody else, and moved without ever stopping the loop.

The real descriptors are kept private; 0 then is empty and 1 is stderr, so that a stray print, or a child, can
neither read nor write the channel; and stderr makes nothing wait, whether the client reads it or not. Where
the system tells when a pipe is ready, the loop itself reads, and writes what surely fits: handing over to a
thread takes longer than most answers (docs/decisions.md). Whatever could make it wait is a thread's matter,
as everything is on Windows. Knows bytes; nothing of messages.
"""

from __future__ import annotations

import os
import select
import sys
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING

from reprieve.transports.stderr_relay import relay

if TYPE_CHECKING:
    import asyncio

CHUNK = 64 * 1024
AHEAD = 8
"""Chunks that may wait for the conversation; a client that says more waits."""

SURELY = 512
"""Bytes that any pipe takes at once, if it takes some (PIPE_BUF, as POSIX promises it)."""


class Stdio:
    """The two descriptors. Made first of all; `start` gives them to a loop."""

    def __init__(self) -> None:
        _fill_gaps()
        relay()
        self.input = os.dup(0)
        self.out = os.dup(1)
        self._room = _poll_for_room(self.out)
        self._surely = getattr(select, "PIPE_BUF", SURELY)
        empty = os.open(os.devnull, os.O_RDWR)
        os.dup2(empty, 0)
        os.dup2(2, 1)
        os.close(empty)
        if sys.platform == "win32":
            import msvcrt

            for descriptor in (self.input, self.out):
                msvcrt.setmode(descriptor, os.O_BINARY)

    def read_now(self) -> bytes:
        """Wait for bytes, here; none at their end."""
        while True:
            try:
                return os.read(self.input, CHUNK)
            except BlockingIOError:  # who shares the descriptor has made it so
                select.select([self.input], [], [])
            except OSError:  # as Windows says that the other end is gone
                return b""

    def write_now(self, data: bytes) -> None:
        """Write all of it, here. Raises OSError where nobody reads any more."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self.out, rest) :]
            except BlockingIOError:  # who shares the descriptor has made it so
                select.select([], [self.out], [])

    def takes(self, data: bytes) -> bool:
        """Whether this could be written without waiting."""
        if self._room is None or len(data) > self._surely:
            return False
        return [(self.out, select.POLLOUT)] == self._room.poll(0)

    def start(self) -> LoopStdio:
        """From now on the running loop reads and writes."""
        import asyncio

        return LoopStdio(self, asyncio.get_running_loop(), asyncio.Event())


class LoopStdio:
    """The channel as a loop sees it."""

    def __init__(self, stdio: Stdio, loop: asyncio.AbstractEventLoop, ended: asyncio.Event) -> None:
        self._stdio = stdio
        self._loop = loop
        self._ended = ended
        self._came: deque[bytes] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._slots = BoundedSemaphore(AHEAD)
        self._writes: SimpleQueue[tuple[bytes, asyncio.Future[None]]] = SimpleQueue()
        self._listens = False
        self._polled = self._listen()
        Thread(target=self._write_on, daemon=True).start()
        if not self._polled:
            Thread(target=self._read_on, daemon=True).start()

    async def read(self) -> bytes:
        """The next bytes; none at their end."""
        while not self._came:
            self._waiting = self._loop.create_future()
            await self._waiting
        if not self._polled:
            self._slots.release()
        elif not self._listens:
            self._listen()
        return self._came.popleft()

    def write_at_once(self, data: bytes) -> bool:
        """Write it, if that takes no waiting; whether it was written."""
        if not self._stdio.takes(data):
            return False
        try:
            self._stdio.write_now(data)
        except OSError:  # whoever writes it otherwise is told
            return False
        return True

    async def ended(self) -> None:
        """Wait until the input's end has come, though some of it may still be to be read."""
        await self._ended.wait()

    async def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError where nobody reads any more."""
        written: asyncio.Future[None] = self._loop.create_future()
        self._writes.put((data, written))
        await written

    # -- on the loop ----------------------------------------------------------------------------

    def _listen(self) -> bool:
        """Have the loop read; whether it can."""
        try:
            self._loop.add_reader(self._stdio.input, self._take)
        except (NotImplementedError, OSError):  # Windows; or a file
            return False
        self._listens = True
        return True

    def _take(self) -> None:
        data = self._stdio.read_now()
        self._arrived(data)
        if not data or len(self._came) >= AHEAD:
            self._loop.remove_reader(self._stdio.input)
            self._listens = not data  # after the end there is nothing to listen for

    def _arrived(self, data: bytes) -> None:
        self._came.append(data)
        if not data:
            self._ended.set()
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)

    # -- in threads -----------------------------------------------------------------------------

    def _read_on(self) -> None:
        data = b"."
        while data:
            data = self._stdio.read_now()
            self._slots.acquire()
            if not self._to_loop(self._arrived, data):
                return

    def _write_on(self) -> None:
        while True:
            data, written = self._writes.get()
            try:
                self._stdio.write_now(data)
            except OSError as error:
                told = self._to_loop(_settle, written, error)
            else:
                told = self._to_loop(_settle, written, None)
            if not told:
                return

    def _to_loop(self, call: Callable[..., None], *arguments: object) -> bool:
        """Whether there is a loop yet that makes this call."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # it is closed
            return False
        return True


def _fill_gaps() -> None:
    """Put nothing where a parent closed stdin, stdout or stderr: the next descriptor would become it."""
    for descriptor in (0, 1, 2):
        try:
            os.fstat(descriptor)
        except OSError:
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)


def _settle(written: asyncio.Future[None], error: OSError | None) -> None:
    if written.done():
        return
    if error:
        written.set_exception(error)
    else:
        written.set_result(None)


if sys.platform == "win32":

    def _poll_for_room(out: int) -> None:
        return None

else:

    def _poll_for_room(out: int) -> select.poll:
        poll = select.poll()
        poll.register(out, select.POLLOUT)
        return poll
