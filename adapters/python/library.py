"""Library: one database and its backups, with every operation of core/operations.py as a method."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from types import TracebackType
from typing import Any, Self, cast

from reprieve.core.errors import InvalidRequest, NotFound, ReprieveError, Unsupported
from reprieve.core.job import OPEN_WITH, AssetVersion, Backup, Job, JobKind, UndoCopy
from reprieve.core.operations import Operation
from reprieve.core.orchestrator import Orchestrator
from reprieve.core.ports import Entry, JournalStore, Transport
from reprieve.core.request import Request
from reprieve.core.retry import RetryPolicy
from reprieve.transports.registry import Opened, open_target

from .confinement import Confinement
from .running_job import ResultT, RunningJob


class Library:
    """One database and its backups.

    Made by `connect`, used in an `async with`. Leaving the block cancels what still runs (but for a
    creation that was detached) and waits until the originals are back. Every method raises
    Unsupported where the transport does not have the operation, and InvalidRequest in another event loop
    (or process) than the one that opened it. The loop is asyncio's.
    """

    def __init__(
        self,
        opened: Opened,
        *,
        limit: int = 2,
        retry: RetryPolicy | None = None,
        long_lived: bool = False,
    ) -> None:
        self._confinement = Confinement()
        self._bare_transport = opened.transport
        self._bare_journal = opened.journal
        self._open_with = opened.options
        self._clear_up = opened.clear_up
        self._others: dict[str, Transport] = {}
        self._bare_orchestrator = Orchestrator(
            opened.journal,
            opened.clock,
            self._transport_of,
            limit=limit,
            retry=retry,
            random=opened.random,
            resumes_detached=long_lived,
        )

    async def __aenter__(self) -> Self:
        self._confinement.begin()
        try:
            await self._open()
        except BaseException:
            self._confinement.end()
            raise
        try:
            await self._clear_up()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._confinement.is_inherited:  # all that was opened is the parent's
            return
        self._confinement.check()
        try:
            await self._bare_orchestrator.close()
        finally:
            self._confinement.end()
            for transport in (*self._others.values(), self._bare_transport):
                await transport.close()

    @property
    def database(self) -> str:
        """The canonical name of the database."""
        return self._bare_transport.database

    @property
    def operations(self) -> frozenset[Operation]:
        """Which operations this library's transport has."""
        return self._bare_transport.operations

    # -- backups ----------------------------------------------------------------------------

    async def backups(self) -> tuple[Backup, ...]:
        """The backups of this database, oldest first."""
        self._need(Operation.BACKUPS)
        return await self._transport.backups()

    async def other_backups(self) -> int:
        """How many backups of other databases its store holds, as far as the transport can tell."""
        self._need(Operation.BACKUPS)
        return await self._transport.other_backups()

    async def backup(self, backup: str) -> Backup:
        """One backup of this database by its id. Raises NotFound."""
        self._need(Operation.BACKUP)
        return await self._transport.backup(backup)

    async def create_backup(
        self, *, idempotency_key: str | None = None, detach: bool = False, **options: object
    ) -> RunningJob[Backup]:
        """Back the database up.

        The same `idempotency_key` gives the same job. With `detach`, the job outlives this library: a
        long-lived process runs it again if this one dies. `options` are the transport's own (docs).
        """
        self._need(Operation.CREATE_BACKUP)
        request = Request(
            JobKind.CREATION, idempotency_key=idempotency_key, detached=detach, options=self._with(options)
        )
        return await self._ask(request, _backup_of)

    async def restore(
        self, backup: str, *, idempotency_key: str | None = None, detach: bool = False, **options: object
    ) -> RunningJob[Backup]:
        """Put a backup back in place of the whole database; what it replaces can be reverted to.

        A delete of the backup meanwhile stops nothing: its data stays until a prune.

        Raises NotFound for an unknown backup, Conflict while another restoration of it is unsettled.
        """
        self._need(Operation.RESTORE)
        request = Request(
            JobKind.RESTORATION,
            backup_id=backup,
            source=await self._transport.backup(backup),
            idempotency_key=idempotency_key,
            detached=detach,
            options=self._with(options),
        )
        return await self._ask(request, _backup_of)

    async def delete(self, backup: str) -> None:
        """Hide a backup; its data stays until a prune. Raises NotFound."""
        self._need(Operation.DELETE)
        await self._transport.delete(backup)

    async def cancel_creation(self, backup: str) -> Job:
        """Cancel the job that creates this backup; returns once it has ended. Raises NotFound, TooLate."""
        self._need(Operation.CANCEL_CREATION)
        return await self.cancel((await self.creation_status(backup)).id)

    async def creation_status(self, backup: str) -> Job:
        """The job that creates, or created, this backup. Raises NotFound."""
        self._need(Operation.CREATION_STATUS)
        return await self._job_of(JobKind.CREATION, backup)

    async def cancel_restoration(self, backup: str) -> Job:
        """Cancel this backup's restoration; returns once the original is back. Raises NotFound, TooLate."""
        self._need(Operation.CANCEL_RESTORATION)
        return await self.cancel((await self.restoration_status(backup)).id)

    async def restoration_status(self, backup: str) -> Job:
        """The newest job that restores, or restored, this backup. Raises NotFound."""
        self._need(Operation.RESTORATION_STATUS)
        return await self._job_of(JobKind.RESTORATION, backup)

    # -- the way back -----------------------------------------------------------------------

    async def revert(
        self,
        undo: str | None = None,
        *,
        idempotency_key: str | None = None,
        detach: bool = False,
        **options: object,
    ) -> RunningJob[UndoCopy | None]:
        """Bring back what the last restoration (or the one that left `undo`) replaced.

        What was written since is kept as an undo copy of its own, which is the job's result (None where
        the database was gone). Raises NotFound where there is nothing to go back to.
        """
        self._need(Operation.REVERT)
        copies = await self._transport.undo_copies()
        chosen = next((copy for copy in copies if undo in (None, copy.id)), None)
        if chosen is None:
            wanted = f"no undo copy {undo}" if undo else "nothing to revert"
            raise NotFound(f"There is {wanted} for {self.database}.")
        request = Request(
            JobKind.RESTORATION,
            undo_id=chosen.id,
            idempotency_key=idempotency_key,
            detached=detach,
            options=self._with(options),
        )
        return await self._ask(request, _undo_of)

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What `revert` can go back to, newest first."""
        self._need(Operation.UNDO_COPIES)
        return await self._transport.undo_copies()

    async def forget_undo(self, undo: str) -> None:
        """Drop an undo copy for good. Raises NotFound."""
        self._need(Operation.FORGET_UNDO)
        await self._transport.forget_undo(undo)

    # -- jobs -------------------------------------------------------------------------------

    async def jobs(self, *, unsettled: bool = False, limit: int = 1000) -> tuple[Job, ...]:
        """The jobs of this database, newest first, whichever process runs them."""
        return await self._orchestrator.jobs(database=self.database, unsettled=unsettled, limit=limit)

    async def job(self, job: str) -> Job:
        """One job by its id, as it stands. Raises NotFound."""
        return await self._orchestrator.job(job)

    async def follow(self, job: str) -> RunningJob[Job]:
        """A job that somebody asked for, here or in another process, to iterate over or await."""
        return self._running(await self._orchestrator.job(job), _itself)

    async def cancel(self, job: str) -> Job:
        """Cancel a job, in whichever process it runs; returns once everything is as it was before.

        Raises TooLate if it completed first, JobFailed if it failed, NotFound if there is none.
        """
        return await self._orchestrator.cancel(job)

    async def watch(self) -> AsyncGenerator[Job]:
        """Every job's changes as they come, after how the unsettled ones stand now. Never ends by itself."""
        async with watching(self) as jobs:
            async for job in jobs:
                yield job

    async def history(self, after: int, *, job: str | None = None) -> AsyncGenerator[Entry]:
        """Every change after the journal's line `after`, in order, up to now; of one job, if one is named.

        What somebody missed who knew how things stood at that line. A line's `seq` is its number.
        """
        while entries := await self._journal.entries(after=after, job_id=job):
            for entry in entries:
                after = entry.seq
                if entry.job.database == self.database:
                    yield entry

    async def newest_change(self) -> int:
        """The number of the journal's newest line; 0 before the first."""
        return await self._journal.seq()

    async def finish(self, within: float) -> None:
        """Take no more jobs; those under way may go on for `within` seconds, then they are cancelled.

        Returns once all is as it should be. Only jobs of this process are meant, and a detached creation is
        left to the next one. For a service that stops; leaving the block cancels at once.
        """
        await self._orchestrator.finish(within)

    # -- documents --------------------------------------------------------------------------

    async def backup_assets(
        self, assets: Sequence[Mapping[str, object]] | None = None
    ) -> tuple[AssetVersion, ...]:
        """Keep each JSON document (it needs a string `id`) whole, as its next version.

        Without an argument, back the database up instead. Raises InvalidRequest for one without an id.
        """
        self._need(Operation.BACKUP_ASSETS)
        if assets is None:
            await (await self.create_backup())
            return ()
        for asset in assets:
            if not isinstance(asset.get("id"), str):
                raise InvalidRequest("An asset needs an `id` that is a string; nothing was kept.")
        return await self._transport.keep_assets(tuple(assets))

    async def backup_asset(self, asset: Mapping[str, object] | None = None) -> AssetVersion | None:
        """Keep one JSON document whole; without one, back the database up instead."""
        self._need(Operation.BACKUP_ASSET)
        kept = await self.backup_assets(None if asset is None else (asset,))
        return kept[0] if kept else None

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every kept document."""
        self._need(Operation.ASSETS)
        return await self._transport.assets()

    async def asset(self, asset: str, version: int | None = None) -> dict[str, object]:
        """One kept document, whole: its newest version, or a named one. Raises NotFound."""
        self._need(Operation.ASSET)
        return await self._transport.asset(asset, version)

    async def asset_history(self, asset: str) -> tuple[AssetVersion, ...]:
        """Every kept version of one document, oldest first. Raises NotFound."""
        self._need(Operation.ASSET_HISTORY)
        return await self._transport.asset_history(asset)

    # -- inside -----------------------------------------------------------------------------

    async def _open(self) -> None:
        await self._bare_transport.open()
        try:
            await self._bare_orchestrator.open()
        except BaseException:
            await self._bare_transport.close()
            raise

    @property
    def _transport(self) -> Transport:
        self._confinement.check()
        return self._bare_transport

    @property
    def _journal(self) -> JournalStore:
        self._confinement.check()
        return self._bare_journal

    @property
    def _orchestrator(self) -> Orchestrator:
        self._confinement.check()
        return self._bare_orchestrator

    async def _ask(self, request: Request, result: Callable[[Job], ResultT]) -> RunningJob[ResultT]:
        return self._running(await self._orchestrator.submit(request, self._transport), result)

    def _running(self, job: Job, result: Callable[[Job], ResultT]) -> RunningJob[ResultT]:
        return RunningJob(job, self._bare_orchestrator, result, self._confinement)

    async def _job_of(self, kind: JobKind, backup: str) -> Job:
        for job in await self._orchestrator.jobs(database=self.database):
            if job.kind is kind and job.is_of(backup):
                return job
        raise NotFound(f"No {kind} of a backup {backup} is known for {self.database}.")

    def _need(self, operation: Operation) -> None:
        if operation not in self.operations:
            raise Unsupported(
                f"{self.database} has no operation '{operation}': its transport cannot do that."
            )

    def _with(self, options: Mapping[str, object]) -> dict[str, object]:
        return {**options, OPEN_WITH: self._open_with}

    async def _transport_of(self, job: Job) -> Transport:
        """The transport for a job that another process has left behind."""
        if job.database == self.database:
            return self._bare_transport
        if job.database in self._others:
            return self._others[job.database]
        open_with = cast("Mapping[str, Any]", job.options.get(OPEN_WITH, {}))
        transport = open_target(job.database, **open_with).transport
        await transport.open()
        self._others[job.database] = transport
        return transport


@asynccontextmanager
async def watching(library: Library) -> AsyncGenerator[AsyncIterator[Job]]:
    """What `library.watch` tells, for our own services: no change is missed from where the block begins."""
    watch = await library._orchestrator.watch_all(library.database)
    try:
        yield watch
    finally:
        library._orchestrator.unwatch(watch)


def _backup_of(job: Job) -> Backup:
    if job.backup is None:
        raise ReprieveError(f"Job {job.id} completed without a backup; please report it.")
    return job.backup


def _undo_of(job: Job) -> UndoCopy | None:
    return job.undo


def _itself(job: Job) -> Job:
    return job
