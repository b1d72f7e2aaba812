"""stderr for processes that must not wait for its reader: what is not read in time is dropped, and counted.

A client that makes a pipe for stderr and never reads it would stop whatever writes there, for good, once 64
KiB have come. The descriptor may be shared with other processes, so it cannot be made non-blocking. Instead
descriptor 2 becomes a pipe of our own, which a thread always empties; a second thread writes to the real one,
and it alone waits. So logging, a stray print, C code and children are all covered. A file makes nothing wait
and is left alone, and so is a terminal, whose reader is a person. Imports little: a bridge has it before it
greets.
"""

from __future__ import annotations

import atexit
import os
import select
import stat
import sys
import threading
from collections.abc import Callable

LIMIT = 256 * 1024
"""Bytes that wait for the reader at most."""

CHUNK = 64 * 1024

FAREWELL = 0.25
"""Seconds that the reader has for what is left, when the process ends."""

_relays: list[_Relay] = []


def relay(describe: Callable[[int], str] | None = None) -> None:
    """From now on neither this process nor a child of it waits for the reader of stderr.

    `describe` makes the line that reports how many were dropped, once somebody reads again.
    """
    mode = os.fstat(2).st_mode
    if not _relays and (stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode)):
        _relays.append(_Relay(describe or _in_words))
        atexit.register(drain)


def drain() -> None:
    """Let the reader have what is left, if it takes it in time. For the end of the process."""
    while _relays:
        _relays.pop().end()


class Backlog:
    """Whole lines that wait, up to so many bytes. What comes then is dropped, until they are taken."""

    def __init__(self, limit: int = LIMIT) -> None:
        self._limit = limit
        self._lines: list[bytes] = []
        self._size = 0
        self._dropped = 0
        self._begun = b""

    def __bool__(self) -> bool:
        return bool(self._lines or self._dropped)

    def add(self, data: bytes) -> None:
        """Bytes as they came; a line that is not whole yet waits for its end."""
        *lines, self._begun = (self._begun + data).split(b"\n")
        for line in lines:
            self._add(line + b"\n")
        self._begun = self._begun[: self._limit + 1]  # one that is longer is dropped whatever comes

    def finish(self) -> None:
        """No more of the line that is not whole will come."""
        if self._begun:
            self._add(self._begun)
        self._begun = b""

    def take(self) -> tuple[bytes, int]:
        """All that waits, and how many lines were dropped after it."""
        taken = b"".join(self._lines), self._dropped
        self._lines, self._size, self._dropped = [], 0, 0
        return taken

    def _add(self, line: bytes) -> None:
        if self._dropped or self._size + len(line) > self._limit:
            self._dropped += 1
        else:
            self._lines.append(line)
            self._size += len(line)


class _Relay:
    """The pipe in place of stderr, and the two threads behind it."""

    def __init__(self, describe: Callable[[int], str]) -> None:
        self._describe = describe
        self._process = os.getpid()
        self._real = os.dup(2)
        self._reading, writing = os.pipe()
        os.dup2(writing, 2)
        os.close(writing)
        self._pipe = os.fstat(2)
        self._backlog = Backlog()
        self._news = threading.Condition()
        self._over = False
        self._done = threading.Event()
        _show_crashes(self._real)
        for work in (self._read_on, self._write_on):
            threading.Thread(target=work, name="stderr", daemon=True).start()

    def end(self) -> None:
        """Give stderr back once all is written. What comes later is lost if its reader is too slow."""
        if os.getpid() != self._process:  # a fork has the pipe, and not the threads
            return
        replaced = [one for one in (1, 2) if os.path.samestat(os.fstat(one), self._pipe)]
        nowhere = os.open(os.devnull, os.O_WRONLY)
        for descriptor in replaced:
            os.dup2(nowhere, descriptor)
        if self._done.wait(FAREWELL):
            for descriptor in replaced:
                os.dup2(self._real, descriptor)

    def _read_on(self) -> None:
        while data := os.read(self._reading, CHUNK):
            with self._news:
                self._backlog.add(data)
                self._news.notify()
        with self._news:
            self._backlog.finish()
            self._over = True
            self._news.notify()

    def _write_on(self) -> None:
        read = True
        while lines := self._next():
            try:
                if read:
                    _write(self._real, lines)
            except OSError:  # there is no reader any more: from now on nothing is to be written
                read = False
        self._done.set()

    def _next(self) -> bytes:
        """Wait for lines; none at their end."""
        with self._news:
            self._news.wait_for(lambda: self._backlog or self._over)
            lines, dropped = self._backlog.take()
        return lines + (f"{self._describe(dropped)}\n".encode() if dropped else b"")


def _write(descriptor: int, data: bytes) -> None:
    """Write all of it, however long that takes."""
    rest = memoryview(data)
    while rest:
        try:
            rest = rest[os.write(descriptor, rest) :]
        except BlockingIOError:  # another process that shares it has made it so
            select.select([], [descriptor], [])


def _in_words(dropped: int) -> str:
    lines = "1 line was" if dropped == 1 else f"{dropped} lines were"
    return f"reprieve: {lines} dropped here, because stderr was not read."


if sys.platform == "linux":

    def _show_crashes(real: int) -> None:
        """Where Python shows crashes, it goes on doing so: the threads do not outlive one.

        It must not wait either. Linux opens a pipe anew, and how that is opened affects no other process.
        """
        import faulthandler

        if faulthandler.is_enabled():
            try:
                faulthandler.enable(os.open(f"/proc/self/fd/{real}", os.O_WRONLY | os.O_NONBLOCK))
            except OSError:  # a socket cannot be opened so: a crash is not shown there
                return

else:

    def _show_crashes(real: int) -> None:
        """Elsewhere a crash is not shown: it would have to wait for the reader."""
