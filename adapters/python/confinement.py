"""Where a library may be used: on the event loop that opened it, in the process that opened it.

Everywhere else it would wait for ever, or in a fork write to what belongs to its parent; so it raises a
sentence at once. Knows loops and processes; nothing of what is opened.
"""

from __future__ import annotations

import asyncio
import os

from reprieve.core.errors import InvalidRequest

NO_LOOP = (
    "reprieve runs on asyncio, and no event loop of asyncio runs here; with trio, or without a loop, use "
    "reprieve.connect_blocking in a thread."
)

OTHER_LOOP = (
    "Another event loop has opened this library, and that one alone can use it and close it; open a library "
    "on this loop, or use reprieve.connect_blocking, which every thread can use."
)


class Confinement:
    """Of one library. It opens on its first loop only; but for that, it is confined from `begin` to `end`."""

    def __init__(self) -> None:
        self._process = os.getpid()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._first_loop: asyncio.AbstractEventLoop | None = None

    def begin(self) -> None:
        """Opened here. Raises InvalidRequest without a loop of asyncio, or on one that is not its first."""
        self.check()
        loop = _running_loop()
        if self._first_loop not in (None, loop):  # also once it is closed: its locks belong to the first one
            raise InvalidRequest(OTHER_LOOP)
        self._process, self._loop, self._first_loop = os.getpid(), loop, loop

    def end(self) -> None:
        """It is closed; to say so is the matter of what was opened."""
        self._loop = None

    @property
    def is_inherited(self) -> bool:
        """Whether this process is a fork of the one that opened it."""
        return self._loop is not None and self._process != os.getpid()

    def check(self) -> None:
        """Raises InvalidRequest where it was not opened."""
        if self._loop is None:
            return
        if self.is_inherited:
            raise forked(self._process)
        if _running_loop() is not self._loop:
            raise InvalidRequest(OTHER_LOOP)


def forked(opener: int) -> InvalidRequest:
    """What a fork of the process that opened a library is told."""
    return InvalidRequest(
        f"Process {opener} has opened this library, and its fork {os.getpid()} cannot use it; open another "
        "library in the fork."
    )


def _running_loop() -> asyncio.AbstractEventLoop:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        raise InvalidRequest(NO_LOOP) from None
