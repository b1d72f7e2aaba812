"""LocalTransport: jobs on a real database and a real repository, each in a worker process.

The parent never opens the database, not even for a look: that would drop an embedder's own locks on
it. Reading the catalogue and the kept documents needs no database and is done here, in a thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

import attrs

from ...core.errors import NotFound, OutcomeUnknown, Problem, TransportError
from ...core.job import OPEN_WITH, AssetVersion, Backup, Job, UndoCopy
from ...core.journal import message_of, to_record
from ...core.lifecycle import JobState
from ...core.messages import Event, Failed, Noted
from ...core.operations import Operation
from ...core.ports import Events
from .home import Home
from .leftovers import left_behind, remove
from .place import Place
from .scope import Scope
from .undo_catalogue import forget_undo, list_undo
from .worker.process import Worker

if TYPE_CHECKING:
    from .repository.repository import Repository

_T = TypeVar("_T")

_RECOVERIES = ("recover",) * 3
"""A recovery may itself be killed and run again, any number of times; by then something is wrong here."""

_ALL_DIED = (
    "The worker process died, and so did each one that was to find out what it had done; look at the "
    "database. What it held before is among the undo copies, if it was changed."
)


class LocalTransport:
    """The transport of one database on this machine and one repository.

    `scope` says which Backups it may use, by default those of this database. `expects_job` says that a job
    will be asked for at once: its worker starts while the journal is opened.
    """

    operations = frozenset(Operation)

    def __init__(
        self, database: str, place: Place, *, scope: Scope | None = None, expects_job: bool = False
    ) -> None:
        self.database = database
        self.place = place
        self.scope = scope or Scope(database)
        self._expects_job = expects_job
        self._waiting: Worker | None = None
        self._workers: dict[str, Worker] = {}
        self._aborted: set[str] = set()

    async def open(self) -> None:
        """Nothing is opened before it is needed: a backup of an unchanged database must be quick."""
        if self._expects_job:
            self._waiting = await Worker.start()

    async def close(self) -> None:
        """The streams have ended by now, and their workers with them; one that got no task ends here."""
        worker = self._take_waiting()
        if worker:
            async with worker:
                return

    # -- jobs -------------------------------------------------------------------------------

    def carry_out(self, job: Job) -> Events:
        """Do the work of `job` in a worker. One that dies is recovered from, by another worker."""
        return self._survive(job, ("work", *_RECOVERIES))

    def recover(self, job: Job) -> Events:
        """Ask the database how the work stands, in a worker, and settle it."""
        return self._survive(job, _RECOVERIES)

    async def abort(self, job: Job) -> None:
        """Ask the worker to stop; its stream tells how that ended."""
        self._aborted.add(job.id)
        worker = self._workers.get(job.id)
        if worker:
            worker.cancel()

    async def _survive(self, job: Job, tasks: tuple[str, ...]) -> Events:
        """Give each task to a worker until one of them has lived to settle the job."""
        known = job
        for what in tasks:
            if what == "recover" and job.id in self._aborted:
                known = attrs.evolve(known, state=JobState.CANCELLING)
            answer: bool | None = None
            try:
                async with aclosing(self._work(known, what)) as told:
                    while event := await _next(told, answer):
                        if what == "recover" and isinstance(event, Failed) and event.problem.temporary:
                            raise event.problem.error()  # nothing is decided yet: it is tried again
                        known = _noting(known, event)
                        answer = yield event
                return
            except OutcomeUnknown:
                if answer:  # the job is done, and the worker died clearing up
                    await asyncio.to_thread(self._clear_up_after, job)
                    return
            except TransportError as error:  # no worker can be started here
                error.temporary = what == "recover"  # what happened before is still to be found out
                raise
        yield Failed(Problem(OutcomeUnknown.kind, _ALL_DIED))

    def _clear_up_after(self, job: Job) -> None:
        remove(left_behind(self._home_of(job), Path(self.database)).get(job.id, ()))

    async def _work(self, job: Job, what: str) -> Events:
        async with self._take_waiting() or await Worker.start() as worker:
            worker.give(self._task(job, what))
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

    def _take_waiting(self) -> Worker | None:
        worker, self._waiting = self._waiting, None
        return worker

    def _task(self, job: Job, what: str) -> Mapping[str, object]:
        return {
            "what": what,
            "job": to_record(job),
            "store": self.place.store,
            "home": [None if one is None else str(one) for one in attrs.astuple(self._home_of(job))],
            "passphrase": self.place.passphrase,
        }

    def _home_of(self, job: Job) -> Home:
        """The home, with the work folder that the job began with: its files are there."""
        options = cast("Mapping[str, str]", job.options.get(OPEN_WITH, {}))
        work = options.get("work_dir")
        return attrs.evolve(self.place.home, work=Path(work) if work else None)

    # -- the repository ---------------------------------------------------------------------

    async def backups(self) -> tuple[Backup, ...]:
        """The backups of this database, oldest first; none where there is no repository yet."""
        return tuple(backup for backup in await self._every_backup() if self.scope.holds(backup))

    async def other_backups(self) -> int:
        """How many the repository holds of other databases."""
        return sum(not self.scope.holds(backup) for backup in await self._every_backup())

    async def backup(self, backup_id: str) -> Backup:
        """One backup of this database. Raises NotFound."""
        return self.scope.require(await self._read(lambda repository: repository.backup(backup_id)))

    async def delete(self, backup_id: str) -> None:
        """Hide it. Raises NotFound."""
        backup = await self.backup(backup_id)
        await self._read(lambda repository: repository.delete(backup.id))

    async def _every_backup(self) -> tuple[Backup, ...]:
        return await self._read(lambda repository: repository.backups(), ())

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Keep each document whole, as its next version."""
        return await asyncio.to_thread(lambda: self.place.repository_or_new().keep_assets(documents))

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        return await self._read(lambda repository: repository.assets(), ())

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole. Raises NotFound."""
        return await self._read(lambda repository: repository.asset(asset_id, version))

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        return await self._read(lambda repository: repository.asset_history(asset_id))

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What this database can be reverted to, newest first."""
        return await asyncio.to_thread(list_undo, self.place.home, self.database)

    async def forget_undo(self, undo_id: str) -> None:
        """Drop an undo copy of this database for good. Raises NotFound."""
        await asyncio.to_thread(forget_undo, self.place.home, undo_id, self.database)

    async def _read(self, ask: Callable[[Repository], _T], otherwise: _T | None = None) -> _T:
        """What the repository answers; `otherwise`, if given, where there is no repository yet."""

        def work() -> _T:
            try:
                return ask(self.place.repository())
            except NotFound:
                if otherwise is None or not self.place.is_empty():
                    raise
                return otherwise

        return await asyncio.to_thread(work)


def _noting(job: Job, event: Event) -> Job:
    """The job with what recovery needs to know, as the journal has it."""
    if not isinstance(event, Noted):
        return job
    notes = {**job.notes, **event.notes}
    return attrs.evolve(job, step=event.step, notes=notes, backup=event.backup or job.backup)


async def _next(events: Events, answer: bool | None) -> Event | None:
    """The stream's next event; None at its end."""
    try:
        return await events.asend(answer)
    except StopAsyncIteration:
        return None
