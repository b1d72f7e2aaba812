"""Observers: every change of state in order, progress coalesced.

An observer pulls, at its own speed; nothing that it does or fails to do reaches the job. Of
progress it gets the newest for each job, at most ten a second; a change of state carries the exact
last progress and replaces whatever was still waiting. A percentage never falls.
"""

from __future__ import annotations

import asyncio
from collections import deque

from .job import Job
from .ports import Clock

PAUSE = 0.1
"""Seconds between two reports of progress on one job to one observer."""


class Watch:
    """An asynchronous iterator over one job, until its end, or else over all (of one database)."""

    def __init__(self, clock: Clock, *, job_id: str | None = None, database: str | None = None) -> None:
        self.job_id = job_id
        self._clock = clock
        self._database = database
        self._changes: deque[Job] = deque()
        self._progress: dict[str, Job] = {}
        self._known: dict[str, Job] = {}
        self._due: dict[str, float] = {}
        self._wake = asyncio.Event()
        self._over = False

    def offer(self, job: Job, changed: bool) -> None:
        """A job as it became; `changed` if more than its progress did.

        What is older than what was offered before, or the same, is left out.
        """
        if self.job_id not in (None, job.id) or self._database not in (None, job.database):
            return
        known = self._known.get(job.id)
        if changed and (known is None or job.version > known.version):
            self._progress.pop(job.id, None)
            self._changes.append(job)
        elif not changed and known and job.version == known.version and _got_further(known, job):
            self._progress[job.id] = job
        else:
            return
        self._known[job.id] = job
        self._wake.set()

    def close(self) -> None:
        """Nothing more will come: the iteration ends with what is waiting."""
        self._over = True
        self._wake.set()

    def __aiter__(self) -> Watch:
        return self

    async def __anext__(self) -> Job:
        while True:
            job = self._next()
            if job is not None:
                return job
            if self._over:
                raise StopAsyncIteration
            await self._until_something()

    def _next(self) -> Job | None:
        if self._changes:
            job = self._changes.popleft()
            self._due[job.id] = self._clock.monotonic() + PAUSE
            if job.final:
                self._due.pop(job.id)
                self._known.pop(job.id, None)
                self._over = self._over or self.job_id is not None
            return job
        now = self._clock.monotonic()
        for job_id, job in self._progress.items():
            if self._due.get(job_id, 0.0) <= now:
                del self._progress[job_id]
                self._due[job_id] = now + PAUSE
                return job
        return None

    async def _until_something(self) -> None:
        self._wake.clear()
        alarm = asyncio.create_task(self._ring()) if self._progress else None
        try:
            await self._wake.wait()
        finally:
            if alarm:
                alarm.cancel()

    async def _ring(self) -> None:
        soonest = min(self._due[job_id] for job_id in self._progress)
        await self._clock.sleep(max(0.0, soonest - self._clock.monotonic()))
        self._wake.set()


def _got_further(known: Job, job: Job) -> bool:
    return (known.progress, known.percentage) != (job.progress, job.percentage)


class Audience:
    """Everybody who watches. A job is offered only to those who watch it, and to those who watch all."""

    def __init__(self) -> None:
        self._watches: dict[str | None, set[Watch]] = {}

    def __bool__(self) -> bool:
        return bool(self._watches)

    def join(self, watch: Watch) -> None:
        """From now on it is offered what it asked for."""
        self._watches.setdefault(watch.job_id, set()).add(watch)

    def leave(self, watch: Watch) -> None:
        """It is offered nothing more, and its iteration ends."""
        watch.close()
        others = self._watches.get(watch.job_id, set())
        others.discard(watch)
        if not others:
            self._watches.pop(watch.job_id, None)

    def offer(self, job: Job, changed: bool) -> None:
        """A job as it became; `changed` if more than its progress did."""
        for key in (job.id, None):
            for watch in self._watches.get(key, ()):
                watch.offer(job, changed)

    def close(self) -> None:
        """Every iteration ends with what is waiting."""
        for watches in self._watches.values():
            for watch in watches:
                watch.close()
