"""What the core asks of the outside: a Transport, a JournalStore and a Clock.

An implementer finds here everything that it MUST do; the public contract suite
(`reprieve.transports.contract`) holds a transport to it.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from datetime import datetime
from typing import Protocol

import attrs

from .job import AssetVersion, Backup, Job, UndoCopy
from .messages import Event, Message
from .operations import Operation


class Clock(Protocol):
    """Time, as something that can be swapped. Nothing in the core asks the system what time it is."""

    def now(self) -> datetime:
        """The present moment, in UTC."""
        ...

    def monotonic(self) -> float:
        """Seconds since some moment; never goes back."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""
        ...


Events = AsyncGenerator[Event, bool | None]
"""What a transport tells of one job, as it happens."""


class Transport(Protocol):
    """Whatever carries jobs out.

    The stream of `carry_out`, and of `recover`, MUST end with a settling event (Completed, Cancelled,
    Failed, Interrupted) and MAY tell Progressed and Noted before it. The core asks for the next event
    only when the one before is durable; after a revocable Completed it sends whether the offer was
    taken (see there), otherwise None. It closes a stream that it no longer wants (`aclose`): whatever
    runs for it MUST then stop without telling or changing anything more.

    An exception that is raised out of a stream before its first event, and is `temporary`, says
    that the work never began, and it is tried again; after the first event it fails the job. Work
    that began and is known to have ended without a trace is told as Interrupted. A lost
    connection is the transport's own matter: it MUST attach again within the stream, or tell Failed
    with OutcomeUnknown.
    """

    @property
    def operations(self) -> frozenset[Operation]:
        """Which operations it has; calling another raises Unsupported."""
        ...

    @property
    def database(self) -> str:
        """The canonical name of the database it was opened for; jobs on one name exclude each other."""
        ...

    async def open(self) -> None:
        """Get ready. Raises a TransportError or StorageError if that is impossible."""
        ...

    async def close(self) -> None:
        """Let go of everything; opened and closed once."""
        ...

    def carry_out(self, job: Job) -> Events:
        """Do the work of `job` (one attempt of it) and tell how it goes."""
        ...

    async def abort(self, job: Job) -> None:
        """Ask the work of `job` to stop. Its stream goes on, and tells how that ended. Idempotent."""
        ...

    def recover(self, job: Job) -> Events:
        """Find out how the work of `job` stands, whose process is gone, and settle it.

        Asks the world (the database, the store, the service), never the journal alone, and MUST NOT
        start work that had not been committed. Work that was committed is Completed, or undone
        and Cancelled if `job` is cancelling.
        """
        ...

    async def backups(self) -> tuple[Backup, ...]:
        """Every backup that is published and not hidden, oldest first."""
        ...

    async def backup(self, backup_id: str) -> Backup:
        """One of them. Raises NotFound, also for one of another database."""
        ...

    async def other_backups(self) -> int:
        """How many Backups of other databases lie beside them; 0 where it holds no others, or cannot tell."""
        ...

    async def delete(self, backup_id: str) -> None:
        """Hide it. Raises NotFound."""
        ...

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What this database can be reverted to, newest first."""
        ...

    async def forget_undo(self, undo_id: str) -> None:
        """Drop an undo copy for good. Raises NotFound."""
        ...

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Keep each document (it MUST have a string `id`) whole, as its next version."""
        ...

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        ...

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole. Raises NotFound."""
        ...

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        ...


@attrs.frozen
class Claim:
    """This process's right to speak for a job. A `fence` is greater than every one given before it."""

    job_id: str
    owner: str
    fence: int


@attrs.frozen
class Entry:
    """One line of the journal: what a job was told, and what it became.

    `seq` and `owner` (who wrote it) are filled in by the journal.
    """

    job: Job
    message: Message | None
    seq: int = 0
    owner: str = ""


@attrs.frozen
class Takeover:
    """A job that is this process's from now on, and whether a cancel of it is wanted."""

    job: Job
    claim: Claim
    cancel_asked: bool


class JournalStore(Protocol):
    """The durable record of every job; several processes may share one.

    Every write carries a Claim, and MUST raise OwnershipLost, and write nothing, once the job has been
    claimed again. What an awaited method wrote is durable when it returns. When it raises OwnershipLost,
    Conflict, NotFound or IllegalTransition, nothing was written. After any other exception the caller
    does not know: a commit may be durable though its answer was lost, or become durable later. Then it
    calls `claim`, whose answer is the truth. The store keeps its claims alive by itself (lease and
    heartbeat) from `open` to `close`.
    """

    @property
    def shared(self) -> bool:
        """Whether other processes can write here, so that cancels from them must be looked for."""
        ...

    @property
    def owner(self) -> str:
        """The name under which this object owns jobs; another one for each object that was opened."""
        ...

    async def open(self) -> None:
        """Get ready, as an owner with a name of its own."""
        ...

    async def close(self) -> None:
        """Make everything durable and give up the owner's name."""
        ...

    async def create(self, job: Job) -> tuple[Job, Claim | None]:
        """Record a new idle job, owned by this process.

        If a job with its idempotency key exists, gives that one, without a claim. Raises Conflict for
        a restoration of a database that has an unsettled restoration already.
        """
        ...

    async def activate(self, claim: Claim) -> bool:
        """Make it the one active job of its database; False while another is, or waits before it.

        It stays active, retries included, until it is settled.
        """
        ...

    async def append(self, claim: Claim, entries: tuple[Entry, ...]) -> None:
        """Record consecutive transitions of one job: all of them or none.

        Concurrent calls share one transaction.
        """
        ...

    def progressed(self, claim: Claim, job: Job) -> None:
        """Remember how far it is; other processes see it with the next heartbeat."""
        ...

    async def ask_cancel(self, job_id: str) -> bool:
        """Leave a cancel for whoever owns the job; False if it is settled. Raises NotFound."""
        ...

    async def asked_cancels(self) -> tuple[str, ...]:
        """The unsettled jobs of this owner that somebody asked to cancel."""
        ...

    async def abandoned(self) -> tuple[Job, ...]:
        """The unsettled jobs whose owner is gone, oldest first."""
        ...

    async def claim(self, job_id: str) -> Takeover | None:
        """Claim an abandoned job, or one that this owner has, with a new fence.

        None if another owner has it, or it is settled. From now on no write with an earlier claim can become
        durable: what the Takeover says of the job is all that there is.
        """
        ...

    async def job(self, job_id: str) -> Job:
        """One job as it was last recorded, its progress by the last heartbeat. Raises NotFound."""
        ...

    async def jobs(
        self, *, database: str | None = None, unsettled: bool = False, limit: int = 1000
    ) -> tuple[Job, ...]:
        """The newest `limit` jobs, newest first."""
        ...

    async def seq(self) -> int:
        """The number of the journal's newest line; 0 before the first."""
        ...

    async def entries(
        self, *, after: int = 0, job_id: str | None = None, limit: int = 1000
    ) -> tuple[Entry, ...]:
        """The journal's lines after `seq`, in order; a job's first has no message."""
        ...
