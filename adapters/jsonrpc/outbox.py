"""Outbox: what is to be sent, in order. Of progress, only the newest of each token waits.

Whatever else is put in is never dropped and never waits behind progress. Knows bytes and tokens; how they
are sent is the sender's.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Hashable

AT_ONCE = 64 * 1024
"""Bytes after which a write is not made longer."""

FULL = 4 * 1024 * 1024
"""Bytes that may wait until no more is taken in: whoever asks on must first read what was answered."""


class Outbox:
    """What one client is to be sent.

    `at_once`, where the channel has it, sends a message if nothing waits before it; whether it did.
    """

    def __init__(self) -> None:
        self.at_once: Callable[[bytes], bool] = lambda data: False
        self._line: deque[bytes] = deque()
        self._waiting = 0
        self._newest: dict[Hashable, Callable[[], bytes]] = {}
        self._something = asyncio.Event()
        self._room = asyncio.Event()
        self._room.set()
        self._idle = asyncio.Event()
        self._idle.set()

    def put(self, data: bytes, *, last: bool = False) -> None:
        """A message that must arrive, after those before it. `last`: no other will be sent with it soon."""
        if data and not (last and self._idle.is_set() and self.at_once(data)):
            self._line.append(data)
            self._waiting += len(data)
            if self._waiting > FULL:
                self._room.clear()
            self._idle.clear()
            self._something.set()

    def report(self, token: Hashable, told: Callable[[], bytes]) -> None:
        """Progress, in place of what was not sent yet. `told` makes the message when it is sent."""
        self._newest[token] = told
        self._idle.clear()
        self._something.set()

    def flush(self, token: Hashable) -> None:
        """What waits of this token comes before whatever is put in from now on."""
        told = self._newest.pop(token, None)
        if told is not None:
            self.put(told())

    async def empty(self) -> None:
        """Wait until all has been sent."""
        await self._idle.wait()

    @property
    def has_room(self) -> bool:
        """Whether not too much waits."""
        return self._room.is_set()

    async def room(self) -> None:
        """Wait until not too much waits."""
        await self._room.wait()

    async def next(self) -> bytes:
        """Wait for something, and take it: as many messages as make one write."""
        while not (self._line or self._newest):  # and so whatever was taken before has been sent
            self._idle.set()
            self._something.clear()
            await self._something.wait()
        self._idle.clear()
        return self._taken()

    def _taken(self) -> bytes:
        parts: list[bytes] = []
        size = 0
        while size < AT_ONCE and (self._line or self._newest):
            if not self._line:
                self.flush(next(iter(self._newest)))
            parts.append(self._line.popleft())
            size += len(parts[-1])
        self._waiting -= size
        if self._waiting <= FULL:
            self._room.set()
        return parts[0] if len(parts) == 1 else b"".join(parts)
