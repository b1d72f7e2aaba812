"""A job followed for somebody who must not be kept waiting: the next update, or the news that there is none.

Knows RunningJob and real time; nothing of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from types import TracebackType
from typing import Any, Self

from reprieve import RunningJob
from reprieve.core.job import Job


class Follower:
    """One job's updates, each waited for only so long. Use it in an `async with`; leaving stops nothing.

    `job` is how the job stood at the newest update. `over` says that no other will come: the job has ended,
    or the service is being closed.
    """

    def __init__(self, job: Job, running: RunningJob[Any]) -> None:
        self.job = job
        self.over = False
        self._updates = aiter(running)
        self._next: asyncio.Task[Job] | None = None

    @classmethod
    async def of(cls, running: RunningJob[Any]) -> Follower:
        """Follow a job from how it stands now."""
        return cls(await running.now(), running)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._next is not None:
            self._next.cancel()
            await asyncio.wait((self._next,))
        await self._updates.aclose()

    async def update(self, within: float | None = None) -> bool:
        """Whether there is another update, or no more at all, within so many seconds (None: in any time)."""
        return await self.until(lambda job: True, within)

    async def until(self, reached: Callable[[Job], bool], within: float | None = None) -> bool:
        """Whether an update that satisfies `reached`, or the end, came within so many seconds."""
        loop = asyncio.get_running_loop()
        deadline = None if within is None else loop.time() + within
        while not self.over:
            if self._next is None:
                self._next = asyncio.ensure_future(anext(self._updates))
            timeout = None if deadline is None else max(0.0, deadline - loop.time())
            await asyncio.wait((self._next,), timeout=timeout)
            if not self._next.done():
                return False
            self._take(self._next)
            if reached(self.job):
                return True
        return True

    def _take(self, update: asyncio.Task[Job]) -> None:
        self._next = None
        try:
            self.job = update.result()
        except StopAsyncIteration:
            self.over = True
        else:
            self.over = self.job.final
