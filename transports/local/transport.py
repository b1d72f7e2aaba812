"""LocalTransport: jobs on a real database and a real repository, each in a worker process.

The parent never opens the database, not even for a look: that would drop an embedder's own locks on
it. Reading the catalogue and the kept documents needs no database and is done here, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from typing import TypeVar, cast

import attrs

from ...core.errors import OutcomeUnknown, Problem, Unreachable
from ...core.job import AssetVersion, Backup, Job, JobKind, UndoCopy
from ...core.journal import message_of, to_record
from ...core.lifecycle import JobState
from ...core.messages import Event, Interrupted, Noted
from ...core.operations import Operation
from ...core.ports import Events
from .home import Home
from .repository import Repository
from .repository.opening import open_repository
from .restore.undo import forget_undo, list_undo
from .worker.process import Worker

_T = TypeVar("_T")


class LocalTransport:
    """The transport of one database on this machine and one repository."""

    operations = frozenset(Operation)

    def __init__(self, database: str, store: str, home: Home, passphrase: str | None = None) -> None:
        self.database = database
        self._store = store
        self._home = home
        self._passphrase = passphrase
        self._workers: dict[str, Worker] = {}
        self._aborted: set[str] = set()

    async def open(self) -> None:
        """Nothing is opened before it is needed: a backup of an unchanged database must be quick."""

    async def close(self) -> None:
        """The streams have ended by now, and their workers with them."""

    # -- jobs -------------------------------------------------------------------------------

    async def carry_out(self, job: Job) -> Events:
        """Do the work of `job` in a worker. One that dies is recovered from, by another worker."""
        known, answer = job, None
        try:
            async with aclosing(self._work(job, "work")) as told:
                while event := await _next(told, answer):
                    if isinstance(event, Noted):
                        known = attrs.evolve(known, step=event.step, notes={**known.notes, **event.notes})
                    answer = yield event
            return
        except OutcomeUnknown as error:
            if answer:
                return  # it had completed, and died clearing up: the next worker clears up
            if job.kind is JobKind.CREATION:
                yield Interrupted(Problem(Unreachable.kind, str(error), temporary=True))
                return
        finally:
            aborted = job.id in self._aborted
            self._aborted.discard(job.id)
        if aborted:
            known = attrs.evolve(known, state=JobState.CANCELLING)
        async with aclosing(self.recover(known)) as recovery:
            async for event in recovery:
                yield event

    async def recover(self, job: Job) -> Events:
        """Ask the database how the work stands, in a worker, and settle it."""
        async with aclosing(self._work(job, "recover")) as told:
            async for event in told:
                yield event

    async def abort(self, job: Job) -> None:
        """Ask the worker to stop; its stream tells how that ended."""
        self._aborted.add(job.id)
        worker = self._workers.get(job.id)
        if worker:
            worker.cancel()

    async def _work(self, job: Job, what: str) -> Events:
        async with Worker(self._task(job, what)) as worker:
            self._workers[job.id] = worker
            try:
                if job.id in self._aborted:
                    worker.cancel()
                async for said in worker.told():
                    answer = yield cast("Event", message_of(said["event"], said["record"]))
                    if said.get("asks"):
                        worker.answer(answer)
            finally:
                del self._workers[job.id]

    def _task(self, job: Job, what: str) -> Mapping[str, object]:
        return {
            "what": what,
            "job": to_record(job),
            "store": self._store,
            "home": [str(self._home.config), str(self._home.data)],
            "passphrase": self._passphrase,
        }

    # -- the repository ---------------------------------------------------------------------

    async def backups(self) -> tuple[Backup, ...]:
        """The backups of this database, oldest first; none where there is no repository yet."""
        return await self._read(lambda repository: repository.backups(self.database), otherwise=())

    async def backup(self, backup_id: str) -> Backup:
        """One backup of the repository, whichever database it is of. Raises NotFound."""
        return await self._read(lambda repository: repository.backup(backup_id))

    async def delete(self, backup_id: str) -> None:
        """Hide it. Raises NotFound."""
        await self._read(lambda repository: repository.delete(backup_id))

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Keep each document whole, as its next version."""
        return await asyncio.to_thread(lambda: self._repository(create=True).keep_assets(documents))

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        return await self._read(lambda repository: repository.assets(), otherwise=())

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole. Raises NotFound."""
        return await self._read(lambda repository: repository.asset(asset_id, version))

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        return await self._read(lambda repository: repository.asset_history(asset_id))

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What this database can be reverted to, newest first."""
        return await asyncio.to_thread(list_undo, self._home, self.database)

    async def forget_undo(self, undo_id: str) -> None:
        """Drop an undo copy for good. Raises NotFound."""
        await asyncio.to_thread(forget_undo, self._home, undo_id)

    async def _read(self, ask: Callable[[Repository], _T], otherwise: _T | None = None) -> _T:
        """What the repository answers, or `otherwise` where there is none yet."""

        def work() -> _T:
            if otherwise is not None and not Repository.exists(self._store):
                return otherwise
            return ask(self._repository())

        return await asyncio.to_thread(work)

    def _repository(self, *, create: bool = False) -> Repository:
        return open_repository(self._store, self._home, self._passphrase, create=create)


async def _next(events: Events, answer: bool | None) -> Event | None:
    """The stream's next event; None at its end."""
    try:
        return await events.asend(answer)
    except StopAsyncIteration:
        return None
