"""RunningJob: one job in the hands of whoever asked for it."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Generator
from typing import Generic, TypeVar

from reprieve.core.endings import raise_unless_completed
from reprieve.core.job import Job
from reprieve.core.orchestrator import Orchestrator

from .confinement import Confinement

ResultT = TypeVar("ResultT")


class RunningJob(Generic[ResultT]):
    """A job that was asked for: iterate over it, await its result, or cancel it.

    Iterating gives Job snapshots, from how it stands now to its end: every change of state, and the
    newest progress at most ten times a second. Awaiting gives its result, or raises JobFailed or
    JobCancelled. A job may be iterated over and awaited as often as you like.
    """

    def __init__(
        self,
        job: Job,
        orchestrator: Orchestrator,
        result: Callable[[Job], ResultT],
        confinement: Confinement | None = None,
    ) -> None:
        self._asked = job
        self._bare_orchestrator = orchestrator
        self._result = result
        self._confinement = confinement or Confinement()

    @property
    def _orchestrator(self) -> Orchestrator:
        self._confinement.check()
        return self._bare_orchestrator

    @property
    def id(self) -> str:
        """The job's id, the same in every process."""
        return self._asked.id

    async def now(self) -> Job:
        """The job as it stands."""
        return await self._orchestrator.job(self.id)

    async def settled(self) -> Job:
        """The job once it has ended, however it did."""
        return await self._orchestrator.wait(self.id)

    async def cancel(self) -> Job:
        """Cancel it; returns once everything is as it was before.

        Raises TooLate if it completed first (then `revert` is the way back), JobFailed if it failed.
        """
        return await self._orchestrator.cancel(self.id)

    async def __aiter__(self) -> AsyncGenerator[Job]:
        watch = await self._orchestrator.watch(self.id)
        try:
            async for job in watch:
                yield job
        finally:
            self._orchestrator.unwatch(watch)

    def __await__(self) -> Generator[object, None, ResultT]:
        return self.outcome().__await__()

    async def outcome(self) -> ResultT:
        """What awaiting it gives. Raises JobFailed or JobCancelled."""
        return self._result(raise_unless_completed(await self.settled()))

    def __repr__(self) -> str:
        return f"<RunningJob {self.id} ({self._asked.kind})>"
