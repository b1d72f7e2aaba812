"""MemoryJournal: the journal of one process that may forget; for the offline transport and for tests.

The same rules as the journal in SQLite (transports/local/journal/ledger.py), at a small part of
its cost: 10,000 jobs run on it in virtual time. Nothing here waits, or outlives the process; but closing and
opening it again makes a new owner, as a restart would, so that recovery can be tried on it.
"""

from __future__ import annotations

from itertools import islice

import attrs

from ...core.errors import Conflict, IllegalTransition, NotFound, OwnershipLost, StorageError
from ...core.job import Job, JobKind
from ...core.lifecycle import JobState
from ...core.ports import Claim, Entry, Takeover


@attrs.define
class _Kept:
    """One job: as last recorded, and the newest progress since."""

    job: Job
    claim: Claim
    newest: Job | None = None
    active: bool = False
    cancel_asked: bool = False
    entries: list[Entry] = attrs.Factory(list)

    def seen(self) -> Job:
        if self.newest is None:
            return self.job
        return attrs.evolve(self.job, progress=self.newest.progress, percentage=self.newest.percentage)


class MemoryJournal:
    """The durable record of every job, as far as memory is durable."""

    shared = False

    def __init__(self) -> None:
        self._kept: dict[str, _Kept] = {}
        self._unsettled: dict[str, dict[str, _Kept]] = {}
        self._by_key: dict[str, _Kept] = {}
        self._entries: list[Entry] = []
        self._fence = 0
        self._owners = 0
        self._owner: str | None = None

    @property
    def owner(self) -> str:
        """The name under which this object owns jobs, from `open` to `close`."""
        if self._owner is None:
            raise StorageError("The journal is closed; open it again to go on.")
        return self._owner

    async def open(self) -> None:
        """Get ready, as an owner with a name of its own."""
        self._owners += 1
        self._owner = f"memory-{self._owners}"

    async def close(self) -> None:
        """Give up the owner's name; jobs it still owns are abandoned."""
        self._owner = None

    async def create(self, job: Job) -> tuple[Job, Claim | None]:
        """Record a new idle job, or give the one with its idempotency key. Raises Conflict."""
        claim = self._next_claim(job.id)
        if job.idempotency_key in self._by_key:
            return self._by_key[job.idempotency_key].seen(), None
        if job.id in self._kept:
            raise Conflict(f"The journal has a job {job.id} already; nothing was changed.")
        waiting = self._unsettled.setdefault(job.database, {})
        if job.kind is JobKind.RESTORATION:
            _refuse_second_restoration(job, waiting)
        kept = waiting[job.id] = self._kept[job.id] = _Kept(job, claim)
        if job.idempotency_key is not None:
            self._by_key[job.idempotency_key] = kept
        self._write(kept, Entry(job, None))
        return job, claim

    async def activate(self, claim: Claim) -> bool:
        """Make it its database's active job; False while it has to wait. Raises OwnershipLost.

        A waiting job whose owner is gone is passed over, an active one is not.
        """
        kept = self._owned(claim)
        if not kept.active:
            kept.active = not kept.job.final and not self._must_wait(kept)
        return kept.active

    async def append(self, claim: Claim, entries: tuple[Entry, ...]) -> None:
        """Record consecutive transitions of one job. Raises OwnershipLost."""
        kept = self._owned(claim)
        if kept.job.final:
            raise IllegalTransition(f"Job {claim.job_id} has ended; nothing more can be recorded of it.")
        last = entries[-1].job
        if last.state in (JobState.RUNNING, JobState.CANCELLING) and not kept.active:
            self._refuse_second_active(kept)
            kept.active = True
        kept.job, kept.newest = last, None
        for entry in entries:
            self._write(kept, entry)
        if last.final:
            kept.active = False
            del self._unsettled[last.database][last.id]

    def progressed(self, claim: Claim, job: Job) -> None:
        """Remember how far it is."""
        kept = self._kept[claim.job_id]
        if kept.claim == claim and not kept.job.final:
            kept.newest = job

    async def ask_cancel(self, job_id: str) -> bool:
        """Leave a cancel for whoever owns the job; False if it is settled. Raises NotFound."""
        kept = self._find(job_id)
        kept.cancel_asked |= not kept.job.final
        return not kept.job.final

    async def asked_cancels(self) -> tuple[str, ...]:
        """This owner's unsettled jobs that somebody asked to cancel."""
        return tuple(
            kept.job.id
            for kept in self._kept.values()
            if kept.cancel_asked and not kept.job.final and kept.claim.owner == self._owner
        )

    async def abandoned(self) -> tuple[Job, ...]:
        """The unsettled jobs that were made before the journal was last opened, oldest first."""
        return tuple(
            kept.seen()
            for kept in self._kept.values()
            if not kept.job.final and kept.claim.owner != self._owner
        )

    async def claim(self, job_id: str) -> Takeover | None:
        """Claim an abandoned job, or one's own; None if it is settled. Raises NotFound."""
        kept = self._find(job_id)
        if kept.job.final:
            return None
        kept.claim = self._next_claim(job_id)
        return Takeover(kept.seen(), kept.claim, kept.cancel_asked)

    async def job(self, job_id: str) -> Job:
        """One job as it was last recorded, with its newest progress. Raises NotFound."""
        return self._find(job_id).seen()

    async def jobs(
        self, *, database: str | None = None, unsettled: bool = False, limit: int = 1000
    ) -> tuple[Job, ...]:
        """The newest `limit` jobs, newest first."""
        wanted = (
            kept.seen()
            for kept in reversed(self._kept.values())
            if database in (None, kept.job.database) and not (unsettled and kept.job.final)
        )
        return tuple(islice(wanted, limit))

    async def seq(self) -> int:
        """The number of the journal's newest line; 0 before the first."""
        return len(self._entries)

    async def entries(
        self, *, after: int = 0, job_id: str | None = None, limit: int = 1000
    ) -> tuple[Entry, ...]:
        """The journal's lines after `seq`, in order; a job's first has no message."""
        if job_id is None:
            return tuple(self._entries[after : after + limit])
        kept = self._kept.get(job_id)
        lines = kept.entries if kept else []
        return tuple(islice((entry for entry in lines if entry.seq > after), limit))

    # -- parts ------------------------------------------------------------------------------

    def _next_claim(self, job_id: str) -> Claim:
        self._fence += 1
        return Claim(job_id, self.owner, self._fence)

    def _find(self, job_id: str) -> _Kept:
        if job_id not in self._kept:
            raise NotFound(f"There is no job {job_id}; list the jobs to see those that there are.")
        return self._kept[job_id]

    def _owned(self, claim: Claim) -> _Kept:
        kept = self._find(claim.job_id)
        if kept.claim != claim:
            raise OwnershipLost(f"Job {claim.job_id} was taken over by another owner; look at the job there.")
        return kept

    def _must_wait(self, kept: _Kept) -> bool:
        """Whether another job of its database is active, or waits before it with an owner that lives."""
        before = True
        for other in self._unsettled[kept.job.database].values():
            if other is kept:
                before = False
            elif other.active or (before and other.claim.owner == self._owner):
                return True
        return False

    def _refuse_second_active(self, kept: _Kept) -> None:
        if any(other.active for other in self._unsettled[kept.job.database].values()):
            raise Conflict(
                f"Job {kept.job.id} may not run: another job on its database is active; wait for it to end."
            )

    def _write(self, kept: _Kept, entry: Entry) -> None:
        line = Entry(entry.job, entry.message, len(self._entries) + 1, kept.claim.owner)
        self._entries.append(line)
        kept.entries.append(line)


def _refuse_second_restoration(job: Job, waiting: dict[str, _Kept]) -> None:
    for other in waiting.values():
        if other.job.kind is JobKind.RESTORATION:
            raise Conflict(
                f"Job {other.job.id} is restoring {job.database} already; wait for it to end, or cancel it."
            )
