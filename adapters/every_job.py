"""Every job of this machine, whichever database it is of and whichever process runs it.

The journal is one for all databases of a user; this is the way to it for whoever has a job's id, or
wants to see them all, and no database in mind. Opening it settles what dead processes have left.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import AsyncExitStack
from types import TracebackType
from typing import Any, Self, cast

from reprieve.core.errors import InvalidRequest, NotFound
from reprieve.core.job import OPEN_WITH, Job
from reprieve.core.orchestrator import Orchestrator
from reprieve.core.ports import Transport
from reprieve.running_job import RunningJob
from reprieve.transports.clock import RealClock
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from reprieve.transports.registry import open_target


class EveryJob:
    """The jobs that the journal knows. Use it in an `async with`."""

    def __init__(self, home: Home | None = None) -> None:
        self._orchestrator = Orchestrator(SqliteJournal(home or Home.find()), RealClock(), self._transport_of)
        self._transports = AsyncExitStack()

    async def __aenter__(self) -> Self:
        await self._orchestrator.open()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        async with self._transports:
            await self._orchestrator.close()

    async def jobs(self, *, unsettled: bool = False, limit: int = 1000) -> tuple[Job, ...]:
        """The newest jobs, newest first."""
        return await self._orchestrator.jobs(unsettled=unsettled, limit=limit)

    async def named(self, name: str) -> Job:
        """The job with this id, or whose id begins so; or the newest that makes or restores this backup.

        Raises NotFound, and InvalidRequest where several jobs begin so.
        """
        known = await self.jobs()
        found = [job for job in known if job.id.startswith(name)]
        found = found or [job for job in known if job.is_of(name)][:1]
        if len(found) > 1:
            raise InvalidRequest(f"{len(found)} jobs begin with {name}; give more of the id.")
        if not found or not name:
            raise NotFound(f"There is no job {name}; `reprieve jobs` lists those that there are.")
        return found[0]

    def follow(self, job: Job) -> RunningJob[Job]:
        """A job to iterate over, await or cancel, wherever it runs."""
        return RunningJob(job, self._orchestrator, lambda ended: ended)

    async def watch(self) -> AsyncGenerator[Job]:
        """Every job's changes as they come, after how the unsettled ones stand now. Never ends by itself."""
        watch = await self._orchestrator.watch_all()
        try:
            async for job in watch:
                yield job
        finally:
            self._orchestrator.unwatch(watch)

    async def _transport_of(self, job: Job) -> Transport:
        open_with = cast("dict[str, Any]", job.options.get(OPEN_WITH, {}))
        transport = open_target(job.database, **open_with).transport
        await transport.open()
        self._transports.push_async_callback(transport.close)
        return transport
