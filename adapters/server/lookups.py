"""Backups and jobs by the id that a path names: what clients poll, so it must be quick, and right.

What is found is taken for true for FRESH seconds, in which only another process could have changed it;
whatever this service changes is forgotten at once. That there is nothing is never taken for true: it is asked
each time. So is how a job under way stands. Knows the library; nothing of HTTP.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import attrs

from reprieve import Library
from reprieve.core.errors import ReprieveError
from reprieve.core.job import Backup, Job

FoundT = TypeVar("FoundT")

FRESH = 0.1
"""Seconds: no longer than it takes until a cancel from another process is heard."""

MANY = 1000
"""How many ids are remembered before those that are no longer fresh are cleared out."""


class Recently(Generic[FoundT]):
    """What was found a moment ago, by id. Whoever asks at the same time shares one search."""

    def __init__(self, search: Callable[[str], Awaitable[FoundT]]) -> None:
        self._search = search
        self._searches: dict[str, tuple[float, asyncio.Future[FoundT]]] = {}

    async def find(self, id: str) -> FoundT:
        """What the search finds, or found less than FRESH seconds ago. Raises what it raises."""
        now = asyncio.get_running_loop().time()
        began, search = self._searches.get(id, (0.0, None))
        if search is None or now - began > FRESH:
            search = self._begin(id, now)
        # A client that leaves must not end a search that others wait for.
        return search.result() if search.done() else await asyncio.shield(search)

    def forget(self, id: str) -> None:
        """It has changed: who asks from now on does not get what was found before."""
        self._searches.pop(id, None)

    def _begin(self, id: str, now: float) -> asyncio.Future[FoundT]:
        if len(self._searches) >= MANY:
            self._searches = {one: kept for one, kept in self._searches.items() if now - kept[0] <= FRESH}
        search = asyncio.ensure_future(self._search(id))
        self._searches[id] = (now, search)
        search.add_done_callback(lambda search: self._ended(id, search))
        return search

    def _ended(self, id: str, search: asyncio.Future[FoundT]) -> None:
        failed = search.cancelled() or search.exception() is not None
        if failed and self._searches.get(id, (0.0, None))[1] is search:
            self.forget(id)


class Lookups:
    """The backups of one library and the jobs that make or restore them, by the backup's id."""

    def __init__(self, library: Library) -> None:
        self._library = library
        self._backups = Recently(library.backup)
        self._creations = Recently(library.creation_status)
        self._restorations = Recently(library.restoration_status)

    async def backup(self, id: str) -> Backup:
        """A Backup of this database. Raises NotFound, also for one of another database in the same store."""
        return await self._backups.find(id)

    async def creation(self, backup: str) -> Job:
        """The job that makes or made this Backup, as it stands. Raises NotFound."""
        return await self._as_it_stands(await self._creations.find(backup))

    async def restoration(self, backup: str) -> Job:
        """The newest job that restores or restored this Backup, as it stands. Raises NotFound."""
        return await self._as_it_stands(await self._restorations.find(backup))

    async def with_its_backup(self, job: Job) -> Job:
        """A restoration that has not begun is shown with the Backup that it will restore."""
        if job.backup or not job.backup_id:
            return job
        if job.source:
            return attrs.evolve(job, backup=job.source)
        try:  # an older version recorded it
            return attrs.evolve(job, backup=await self.backup(job.backup_id))
        except ReprieveError:  # it was deleted meanwhile, or its store is out of reach: the job goes on
            return job

    def changed(self, backup: str) -> None:
        """This Backup was deleted, or is being restored once more."""
        self._backups.forget(backup)
        self._restorations.forget(backup)

    async def _as_it_stands(self, job: Job) -> Job:
        return job if job.final else await self._library.job(job.id)
