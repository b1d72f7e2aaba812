"""SqliteJournal: the journal as the core knows it (the port JournalStore), for several processes.

Joins the parts: file.py (the file), ledger.py (the rules), writer.py (group commit and heartbeat),
owners.py (who is alive). Writes go through the writer's thread; reads have a connection and a thread of
their own, and never wait for a commit.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import attrs

from ....core.errors import StorageError
from ....core.job import Job
from ....core.ports import Claim, Entry, Takeover
from .. import failpoints
from ..home import Home
from .file import error_of, open_file, open_for_reading, opening_error_of
from .ledger import Ledger, Line
from .owners import Neighbours, Owner
from .writer import Writer

_T = TypeVar("_T")

LEASE = 10.0
HEARTBEAT = 1.0
MISSED_BEATS = 3
"""How many heartbeats an expired lease must be seen to miss: one may come late on a busy machine."""


@attrs.frozen
class _Opened:
    """What there is between `open` and `close`."""

    owner: Owner
    writer: Writer
    writing: Ledger
    reading: Ledger
    reader: ThreadPoolExecutor


class SqliteJournal:
    """The durable record of every job, in `home.journal`, for as many processes as like to share it.

    `lease` is how long (seconds) an owner may be silent before others take its jobs, and `heartbeat` how
    often it speaks. Opening it drops what is old: jobs that were settled more than 90 days ago, beyond
    the newest 1,000. Every method raises StorageError (StorageFull, DatabaseLocked) where the file does not
    do its part.
    """

    shared = True

    def __init__(self, home: Home, *, lease: float = LEASE, heartbeat: float = HEARTBEAT) -> None:
        self._home = home
        self._path = home.journal
        self._lease = lease
        self._heartbeat = heartbeat
        self._opened: _Opened | None = None

    @property
    def owner(self) -> str:
        """The name under which this object owns jobs, from `open` to `close`."""
        return self._now().owner.id

    async def open(self) -> None:
        """Get ready, as an owner with a name of its own. Raises UpdateRequired, StorageError."""
        failpoints.install_from_environment()
        owner = Owner(self._home.owners)
        neighbours = Neighbours(self._home.owners, lease=self._lease, proof=MISSED_BEATS * self._heartbeat)
        reader = ThreadPoolExecutor(1, thread_name_prefix="reprieve-journal-reader")
        try:
            writing, reading = await self._in_thread(reader, lambda: self._connect(owner, neighbours))
        except BaseException:
            reader.shutdown()
            raise
        ledger = Ledger(writing, owner.id, neighbours, self._lease)
        self._opened = _Opened(
            owner,
            Writer(ledger, self._path, self._heartbeat),
            ledger,
            Ledger(reading, owner.id, neighbours, self._lease),
            reader,
        )

    async def close(self) -> None:
        """Make everything durable and give up the owner's name; jobs it still owns are abandoned."""
        if self._opened is None:
            return
        opened, self._opened = self._opened, None
        await self._in_thread(opened.reader, lambda: _disconnect(opened))
        opened.reader.shutdown()

    async def create(self, job: Job) -> tuple[Job, Claim | None]:
        """Record a new idle job, or give the one with its idempotency key. Raises Conflict."""
        line = Line.of(Entry(job, None))
        return await self._claim(lambda ledger: ledger.create(job, line), lambda made: made[1])

    async def activate(self, claim: Claim) -> bool:
        """Make it its database's active job; False while it has to wait. Raises OwnershipLost."""
        return await self._write(lambda ledger: ledger.activate(claim))

    async def append(self, claim: Claim, entries: tuple[Entry, ...]) -> None:
        """Record consecutive transitions of one job. Raises OwnershipLost."""
        lines = tuple(Line.of(entry) for entry in entries)
        self._now().writer.forget_progress(claim.job_id)
        await self._write(lambda ledger: ledger.append(claim, lines))

    def progressed(self, claim: Claim, job: Job) -> None:
        """Remember how far it is; it is written with the next heartbeat."""
        self._now().writer.progressed(claim, job)

    async def ask_cancel(self, job_id: str) -> bool:
        """Leave a cancel for whoever owns the job; False if it is settled. Raises NotFound."""
        return await self._write(lambda ledger: ledger.ask_cancel(job_id))

    async def claim(self, job_id: str) -> Takeover | None:
        """Claim an abandoned job, or one's own; None if another has it, or it is settled. Raises NotFound."""
        return await self._claim(
            lambda ledger: ledger.claim(job_id), lambda takeover: takeover.claim if takeover else None
        )

    async def asked_cancels(self) -> tuple[str, ...]:
        """This owner's unsettled jobs that somebody asked to cancel."""
        return await self._read(Ledger.asked_cancels)

    async def abandoned(self) -> tuple[Job, ...]:
        """The unsettled jobs whose owner is gone, oldest first.

        An owner that was killed is gone at once. One that only stopped is found out by looking again: its
        lease must have expired, and must not be renewed for three heartbeats after the first look.
        """
        return await self._read(Ledger.abandoned)

    async def job(self, job_id: str) -> Job:
        """One job as it was last recorded, its progress by the last heartbeat. Raises NotFound."""
        return await self._read(lambda ledger: ledger.job(job_id))

    async def jobs(
        self, *, database: str | None = None, unsettled: bool = False, limit: int = 1000
    ) -> tuple[Job, ...]:
        """The newest `limit` jobs, newest first."""
        return await self._read(lambda ledger: ledger.jobs(database, unsettled, limit))

    async def seq(self) -> int:
        """The number of the journal's newest line; 0 before the first."""
        return await self._read(Ledger.seq)

    async def entries(
        self, *, after: int = 0, job_id: str | None = None, limit: int = 1000
    ) -> tuple[Entry, ...]:
        """The journal's lines after `seq`, in order; a job's first has no message."""
        return await self._read(lambda ledger: ledger.entries(after, job_id, limit))

    # -- threads ----------------------------------------------------------------------------

    def _now(self) -> _Opened:
        if self._opened is None:
            raise StorageError(f"The journal {self._path} is closed; open it again to go on.")
        return self._opened

    async def _write(self, work: Callable[[Ledger], _T]) -> _T:
        opened = self._now()
        return await opened.writer.ask(lambda: work(opened.writing))

    async def _claim(self, work: Callable[[Ledger], _T], claim_of: Callable[[_T], Claim | None]) -> _T:
        """Like `_write`, for what makes a claim.

        If the caller is cancelled meanwhile, nobody would speak for the job, and it would block its
        database for as long as this process lives: it is given up.
        """
        opened = self._now()
        results: list[_T] = []

        def claiming() -> _T:
            results.append(work(opened.writing))
            return results[0]

        def disown() -> None:
            claim = claim_of(results[0]) if results else None
            if claim is not None:
                opened.writing.disown(claim)

        try:
            return await opened.writer.ask(claiming)
        except asyncio.CancelledError:
            opened.writer.put(disown)  # requests are done in order: by then the claim is known
            raise

    async def _read(self, work: Callable[[Ledger], _T]) -> _T:
        opened = self._now()
        return await self._in_thread(opened.reader, lambda: work(opened.reading))

    async def _in_thread(self, thread: ThreadPoolExecutor, work: Callable[[], _T]) -> _T:
        def translated() -> _T:
            try:
                return work()
            except (sqlite3.Error, OSError) as error:
                raise error_of(self._path, error) from error

        return await asyncio.get_running_loop().run_in_executor(thread, translated)

    def _connect(self, owner: Owner, neighbours: Neighbours) -> tuple[sqlite3.Connection, sqlite3.Connection]:
        try:
            neighbours.sweep()
            owner.begin()
            try:
                writing = open_file(self._path)
                return writing, open_for_reading(self._path)
            except BaseException:
                owner.end()
                raise
        except (sqlite3.Error, OSError) as error:
            raise opening_error_of(self._path, error) from error


def _disconnect(opened: _Opened) -> None:
    opened.writer.finish()
    opened.reading.connection.close()
    opened.writing.connection.close()
    opened.owner.end()
