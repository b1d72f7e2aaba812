"""Updates for somebody who must not be kept waiting: the next one, or the news that there is none yet.

Knows RunningJob and real time; nothing of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from types import TracebackType
from typing import Any, Self

from reprieve import RunningJob
from reprieve.core.job import Job


class Updates:
    """What an asynchronous iterator of jobs tells, each waited for only so long. Use it in an `async with`.

    `over` says that nothing more will come: it has ended, or `stop` is set. Leaving stops only the telling.
    """

    def __init__(self, jobs: AsyncIterator[Job], stop: asyncio.Event | None = None) -> None:
        self.over = False
        self._jobs = jobs
        self._next: asyncio.Task[Job] | None = None
        self._stopped = (asyncio.ensure_future(stop.wait()),) if stop else ()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        waiting = (*self._stopped, *((self._next,) if self._next else ()))
        for one in waiting:
            one.cancel()
        if waiting:
            await asyncio.wait(waiting)

    async def next(self, within: float | None = None) -> Job | None:
        """The next one; None if none comes within so many seconds (None: in any time), or ever."""
        if self.over:
            return None
        if self._next is None:
            self._next = asyncio.ensure_future(_next_of(self._jobs))
        waiting = (self._next, *self._stopped)
        await asyncio.wait(waiting, timeout=within, return_when=asyncio.FIRST_COMPLETED)
        if not self._next.done():
            self.over = any(one.done() for one in self._stopped)
            return None
        told, self._next = self._next, None
        try:
            return told.result()
        except StopAsyncIteration:
            self.over = True
            return None


class Follower(Updates):
    """One job's updates. `job` is how it stood at the newest; it may be over before the job has ended, where
    the service is closed."""

    def __init__(self, job: Job, running: RunningJob[Any]) -> None:
        self._iterated: AsyncGenerator[Job] = aiter(running)
        super().__init__(self._iterated)
        self.job = job

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await super().__aexit__(kind, error, trace)
        await self._iterated.aclose()

    @classmethod
    async def of(cls, running: RunningJob[Any]) -> Follower:
        """Follow a job from how it stands now."""
        return cls(await running.now(), running)

    async def update(self, within: float | None = None) -> bool:
        """Whether there is another update, or no more at all, within so many seconds (None: in any time)."""
        return await self.until(lambda job: True, within)

    async def until(self, reached: Callable[[Job], bool], within: float | None = None) -> bool:
        """Whether an update that satisfies `reached`, or the end, came within so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = None if within is None else loop.time() + within
        while not self.over:
            job = await self.next(None if deadline is None else max(0.0, deadline - loop.time()))
            if job is None:
                return self.over
            self.job, self.over = job, job.final
            if reached(job):
                return True
        return True


async def _next_of(jobs: AsyncIterator[Job]) -> Job:
    return await anext(jobs)
