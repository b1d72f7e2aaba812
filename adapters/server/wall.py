"""Every job in progress, for all who look: one watch of the library, one frame for everybody.

This is 16 of the contract. A frame is a BackupsStreamedProgress as text. A job that has ended is shown once
more, as it ended, and then leaves. Whoever is slow misses progress, never a change of state. Knows the
library; nothing of sockets.
"""

from __future__ import annotations

import asyncio
from collections import deque

import attrs

from reprieve import Library
from reprieve.core.job import Job
from reprieve.transports.pieces.conversion import to_json
from reprieve.transports.pieces.translation import in_progress_model

from .lookups import Lookups
from .watching import every_job


@attrs.frozen
class Frame:
    """What everybody is shown, and whether more than progress is new in it."""

    said: str
    change: bool


class Look:
    """What one onlooker has not been shown yet: an asynchronous iterator over frames' texts."""

    def __init__(self, first: Frame) -> None:
        self._waiting = deque((first,))
        self._wake = asyncio.Event()
        self._over = False

    def show(self, frame: Frame) -> None:
        """Progress that was not fetched makes way for whatever is newer: that says it as well."""
        if self._waiting and not self._waiting[-1].change:
            self._waiting.pop()
        self._waiting.append(frame)
        self._wake.set()

    def close(self) -> None:
        """The iteration ends with what is waiting."""
        self._over = True
        self._wake.set()

    def __aiter__(self) -> Look:
        return self

    async def __anext__(self) -> str:
        while not self._waiting:
            if self._over:
                raise StopAsyncIteration
            self._wake.clear()
            await self._wake.wait()
        return self._waiting.popleft().said


class Wall:
    """Where the jobs in progress are put up. `run` watches the library until that is closed."""

    def __init__(self, library: Library, lookups: Lookups) -> None:
        self._library = library
        self._lookups = lookups
        self._jobs: dict[str, Job] = {}
        self._looks: set[Look] = set()
        self._closed = False

    @property
    def now(self) -> str:
        """All jobs in progress, as they stand."""
        return to_json(in_progress_model(self._jobs.values()))

    def look(self) -> Look:
        """A look at the wall, from how it is now; to be given back to `leave`."""
        look = Look(Frame(self.now, True))
        self._looks.add(look)
        if self._closed:
            look.close()
        return look

    def leave(self, look: Look) -> None:
        """Nothing more is shown to this one."""
        self._looks.discard(look)

    def close(self) -> None:
        """Every look ends, with how things stand."""
        self._closed = True
        for look in self._looks:
            look.close()

    async def run(self) -> None:
        """Put up what changes, until the library is closed."""
        async for job in every_job(self._library, anew=self._jobs.clear):
            self._put_up(await self._lookups.with_its_backup(job))
        self.close()

    def _put_up(self, job: Job) -> None:
        before = self._jobs.get(job.id)
        self._jobs[job.id] = job
        self._show(before is None or before.version != job.version)
        if job.final:
            del self._jobs[job.id]
            self._show(True)

    def _show(self, change: bool) -> None:
        if self._looks:
            frame = Frame(self.now, change)
            for look in self._looks:
                look.show(frame)
