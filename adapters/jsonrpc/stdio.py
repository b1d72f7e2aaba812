"""stdin and stdout, taken away from everybody else, and moved by a thread each.

The real descriptors are kept private; 0 then is empty and 1 is stderr, so that a stray print, or a child, can
neither read nor write the channel. Threads, because asyncio's pipes do not work for stdin on Windows. Knows
bytes; nothing of messages.
"""

from __future__ import annotations

import os
import sys
from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import BoundedSemaphore, Thread
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

CHUNK = 64 * 1024
AHEAD = 8
"""Chunks that may wait for the loop; a client that says more waits."""


class Stdio:
    """The two descriptors. Made first of all; `start` gives them to a loop."""

    def __init__(self) -> None:
        self._in = os.dup(0)
        self.out = os.dup(1)
        empty = os.open(os.devnull, os.O_RDWR)
        os.dup2(empty, 0)
        try:
            os.dup2(2, 1)
        except OSError:  # a parent that closed stderr
            os.dup2(empty, 1)
            os.dup2(empty, 2)
        os.close(empty)
        if sys.platform == "win32":
            import msvcrt

            for descriptor in (self._in, self.out):
                msvcrt.setmode(descriptor, os.O_BINARY)

    def read_now(self) -> bytes:
        """Wait for bytes, here; none at their end."""
        try:
            return os.read(self._in, CHUNK)
        except OSError:  # as Windows says that the other end is gone
            return b""

    def write_now(self, data: bytes) -> None:
        """Write all of it, here. Raises OSError where nobody reads any more."""
        rest = memoryview(data)
        while rest:
            rest = rest[os.write(self.out, rest) :]

    def start(self) -> ThreadedStdio:
        """From now on the running loop reads and writes."""
        import asyncio

        return ThreadedStdio(self, asyncio.get_running_loop())


class ThreadedStdio:
    """The channel as a loop sees it."""

    def __init__(self, stdio: Stdio, loop: asyncio.AbstractEventLoop) -> None:
        self._stdio = stdio
        self._loop = loop
        self._came: deque[bytes] = deque()
        self._waiting: asyncio.Future[None] | None = None
        self._slots = BoundedSemaphore(AHEAD)
        self._writes: SimpleQueue[tuple[bytes, asyncio.Future[None]]] = SimpleQueue()
        for work in (self._read_on, self._write_on):
            Thread(target=work, daemon=True).start()

    async def read(self) -> bytes:
        """The next bytes; none at their end."""
        while not self._came:
            self._waiting = self._loop.create_future()
            await self._waiting
        self._slots.release()
        return self._came.popleft()

    async def write(self, data: bytes) -> None:
        """Write all of it. Raises OSError where nobody reads any more."""
        written: asyncio.Future[None] = self._loop.create_future()
        self._writes.put((data, written))
        await written

    # -- the threads ----------------------------------------------------------------------------

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
                done = self._to_loop(_settle, written, error)
            else:
                done = self._to_loop(_settle, written, None)
            if not done:
                return

    def _to_loop(self, call: Callable[..., None], *arguments: object) -> bool:
        """Whether there is a loop yet that makes this call."""
        try:
            self._loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # it is closed
            return False
        return True

    def _arrived(self, data: bytes) -> None:
        self._came.append(data)
        if self._waiting and not self._waiting.done():
            self._waiting.set_result(None)


def _settle(written: asyncio.Future[None], error: OSError | None) -> None:
    if written.done():
        return
    if error:
        written.set_exception(error)
    else:
        written.set_result(None)
