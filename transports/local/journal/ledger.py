"""What each operation of the journal does inside a transaction: the rules, in SQL.

A claim's every write names its owner and fence; where no row has both, the job was taken over and
the write is refused. Only the owner changes a job; others may leave a request (`cancel_asked`) in its
row. Knows the tables; knows nothing of threads, futures or who commits.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable

import attrs

from ....core.errors import Conflict, IllegalTransition, NotFound, OwnershipLost
from ....core.job import Job, JobKind
from ....core.journal import dumps, name_of, to_record
from ....core.ports import Claim, Entry, Takeover
from .file import NOW
from .owners import NOBODY, Lease, Neighbours
from .rows import EventRow, JobRow, Reading, job_in


@attrs.frozen
class Line:
    """An entry as it is kept; made by the caller's thread, so that bad data is the caller's error."""

    state: str
    settled: bool
    record: str
    what: str | None = None
    message: str | None = None

    @classmethod
    def of(cls, entry: Entry) -> Line:
        """The line that keeps `entry`."""
        job, message = entry.job, entry.message
        record = dumps(to_record(job))
        if message is None:
            return cls(job.state, job.final, record)
        return cls(job.state, job.final, record, name_of(message), dumps(to_record(message)))


@attrs.frozen
class Ledger:
    """The journal's tables on one connection, as `owner` sees and writes them; `lease` in seconds."""

    connection: sqlite3.Connection
    owner: str
    neighbours: Neighbours
    lease: float
    _reading: Reading = attrs.field(factory=Reading, init=False)

    # -- writing ----------------------------------------------------------------------------

    def create(self, job: Job, line: Line) -> tuple[Job, Claim | None]:
        """Record a new job, or find the one that has its idempotency key."""
        known = self._with_key(job.idempotency_key)
        if known is not None:
            return known, None
        if job.kind is JobKind.RESTORATION:
            self._refuse_second_restoration(job)
        claim = Claim(job.id, self.owner, self._next_fence())
        try:
            self.connection.execute(
                "INSERT INTO job (id, kind, database, idempotency_key, state, owner, fence, record) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    job.id,
                    job.kind,
                    job.database,
                    job.idempotency_key,
                    job.state,
                    self.owner,
                    claim.fence,
                    line.record,
                ),
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(f"The journal has a job {job.id} already; nothing was changed.") from error
        self._write(claim, line)
        return job, claim

    def activate(self, claim: Claim) -> bool:
        """Make it its database's active job, unless another is, or a live owner's job waits before it.

        A waiting job whose owner is gone is passed over: it has done nothing, and whoever claims it
        settles it. An active one is not, for it may have touched the database.
        """
        number, database, active, settled = self._owned(claim)
        if active:
            return True
        if settled or self._must_wait(number, database):
            return False
        self.connection.execute("UPDATE job SET active = 1 WHERE number = ?", (number,))
        return True

    def append(self, claim: Claim, lines: tuple[Line, ...]) -> None:
        """Record consecutive transitions of one job; its row says what it has become."""
        number, _, _, settled = self._owned(claim)
        if settled:
            raise IllegalTransition(f"Job {claim.job_id} has ended; nothing more can be recorded of it.")
        last = lines[-1]
        try:
            self.connection.execute(
                "UPDATE job SET state = :state, record = :record, progress = NULL, "
                "active = CASE WHEN :settled THEN 0 WHEN :state = 'idle' THEN active ELSE 1 END, "
                f"settled_at = CASE WHEN :settled THEN {NOW} END WHERE number = :number",
                {"state": last.state, "record": last.record, "settled": last.settled, "number": number},
            )
        except sqlite3.IntegrityError as error:
            raise Conflict(
                f"Job {claim.job_id} may not run: another job on its database is active; wait for it to end."
            ) from error
        for line in lines:
            self._write(claim, line)

    def note_progress(self, newest: Iterable[tuple[Claim, Job]]) -> None:
        """Say how far jobs are. A claim that was lost is passed over: its next append will hear of it."""
        self.connection.executemany(
            "UPDATE job SET progress = ? WHERE id = ? AND owner = ? AND fence = ? AND settled_at IS NULL",
            [(_progress(job), claim.job_id, claim.owner, claim.fence) for claim, job in newest],
        )

    def ask_cancel(self, job_id: str) -> bool:
        """Leave a cancel for the owner; False if the job has ended."""
        asked = self.connection.execute(
            "UPDATE job SET cancel_asked = 1 WHERE id = ? AND settled_at IS NULL", (job_id,)
        )
        if asked.rowcount:
            return True
        self.job(job_id)
        return False

    def claim(self, job_id: str) -> Takeover | None:
        """Claim an abandoned job, or one's own; None if it has ended, or another owner is alive."""
        found = self.connection.execute(
            f"SELECT job.owner, {_LEASE}, cancel_asked, record, progress "
            "FROM job LEFT JOIN owner ON owner.id = job.owner WHERE job.id = ? AND settled_at IS NULL",
            (job_id,),
        ).fetchone()
        if found is None:
            self.job(job_id)
            return None
        owner, until, expired, cancel_asked, record, progress = found
        if owner != self.owner and not self.neighbours.gone(owner, _lease(until, expired)):
            return None
        claim = Claim(job_id, self.owner, self._next_fence())
        self.connection.execute(
            "UPDATE job SET owner = ?, fence = ? WHERE id = ?", (self.owner, claim.fence, job_id)
        )
        return Takeover(job_in(JobRow(job_id, record, progress)), claim, bool(cancel_asked))

    def disown(self, claim: Claim) -> None:
        """Give a job up, for whoever finds it abandoned."""
        self.connection.execute(
            "UPDATE job SET owner = ? WHERE id = ? AND owner = ? AND fence = ?",
            (NOBODY, claim.job_id, claim.owner, claim.fence),
        )

    def renew(self) -> None:
        """Let this owner's lease run from now."""
        self.connection.execute(
            f"INSERT INTO owner VALUES (?, {NOW} + ?) "
            "ON CONFLICT (id) DO UPDATE SET lease_until = excluded.lease_until",
            (self.owner, self.lease),
        )

    # -- reading ----------------------------------------------------------------------------

    def holds_jobs(self) -> bool:
        """Whether this owner has a job that has not ended, and so a lease to renew."""
        found = self.connection.execute(
            "SELECT EXISTS (SELECT 1 FROM job WHERE owner = ? AND settled_at IS NULL)", (self.owner,)
        ).fetchone()
        return bool(found[0])

    def asked_cancels(self) -> tuple[str, ...]:
        """This owner's unsettled jobs that somebody asked to cancel, in the order they were made."""
        found = self.connection.execute(
            "SELECT id FROM job WHERE owner = ? AND cancel_asked AND settled_at IS NULL ORDER BY number",
            (self.owner,),
        )
        return tuple(job_id for (job_id,) in found)

    def abandoned(self) -> tuple[Job, ...]:
        """The unsettled jobs whose owner is gone, oldest first."""
        owners = self.connection.execute(
            f"SELECT DISTINCT job.owner, {_LEASE} FROM job LEFT JOIN owner ON owner.id = job.owner "
            "WHERE settled_at IS NULL AND job.owner != ?",
            (self.owner,),
        ).fetchall()
        gone = [
            owner for owner, until, expired in owners if self.neighbours.gone(owner, _lease(until, expired))
        ]
        rows: list[tuple[int, str, str, str | None]] = []
        for owner in gone:
            rows += self.connection.execute(
                "SELECT number, id, record, progress FROM job WHERE owner = ? AND settled_at IS NULL",
                (owner,),
            )
        rows.sort(key=lambda row: row[0])
        return tuple(self._reading.jobs(JobRow(*row[1:]) for row in rows))

    def job(self, job_id: str) -> Job:
        """One job. Raises NotFound."""
        row = self.connection.execute(
            "SELECT id, record, progress FROM job WHERE id = ?", (job_id,)
        ).fetchone()
        if row is None:
            raise NotFound(f"There is no job {job_id}; `reprieve jobs` lists those that there are.")
        return job_in(JobRow(*row))

    def jobs(self, database: str | None, unsettled: bool, limit: int) -> tuple[Job, ...]:
        """The newest jobs, newest first."""
        wanted = ["1"]
        if database is not None:
            wanted.append("database = :database")
        if unsettled:
            wanted.append("settled_at IS NULL")
        rows = self.connection.execute(
            f"SELECT id, record, progress FROM job WHERE {' AND '.join(wanted)} "
            "ORDER BY number DESC LIMIT :limit",
            {"database": database, "limit": limit},
        )
        return tuple(self._reading.jobs(JobRow(*row) for row in rows))

    def seq(self) -> int:
        """The number of the newest line; 0 before the first."""
        return int(self.connection.execute("SELECT coalesce(max(seq), 0) FROM event").fetchone()[0])

    def entries(self, after: int, job_id: str | None, limit: int) -> tuple[Entry, ...]:
        """The journal's lines, of all jobs or of one, in order."""
        rows = self.connection.execute(
            "SELECT seq, job, owner, record, what, message FROM event WHERE seq > :after"
            + (" AND job = :job" if job_id is not None else "")
            + " ORDER BY seq LIMIT :limit",
            {"after": after, "job": job_id, "limit": limit},
        )
        return tuple(self._reading.entries(EventRow(*row) for row in rows))

    # -- parts ------------------------------------------------------------------------------

    def _owned(self, claim: Claim) -> tuple[int, str, bool, bool]:
        """The job's number, database, whether it is active and whether it has ended."""
        found = self.connection.execute(
            "SELECT number, database, active, settled_at IS NOT NULL FROM job "
            "WHERE id = ? AND owner = ? AND fence = ?",
            (claim.job_id, claim.owner, claim.fence),
        ).fetchone()
        if found is None:
            raise OwnershipLost(
                f"Another process has taken job {claim.job_id} over, because this one was silent for too "
                "long; see `reprieve jobs` for what became of it."
            )
        number, database, active, settled = found
        return number, database, bool(active), bool(settled)

    def _must_wait(self, number: int, database: str) -> bool:
        before = self.connection.execute(
            f"SELECT job.owner, active, {_LEASE}, job.id, record "
            "FROM job LEFT JOIN owner ON owner.id = job.owner "
            "WHERE database = ? AND settled_at IS NULL AND (active OR number < ?)",
            (database, number),
        ).fetchall()
        for owner, active, until, expired, job_id, record in before:
            if owner == self.owner or not self.neighbours.gone(owner, _lease(until, expired)):
                return True
            if active:
                job_in(JobRow(job_id, record, None))  # one that nobody can read, nobody will settle
                return True
        return False

    def _with_key(self, key: str | None) -> Job | None:
        if key is None:
            return None
        row = self.connection.execute(
            "SELECT id, record, progress FROM job WHERE idempotency_key = ?", (key,)
        ).fetchone()
        return None if row is None else job_in(JobRow(*row))

    def _refuse_second_restoration(self, job: Job) -> None:
        other = self.connection.execute(
            "SELECT id, record, NULL FROM job WHERE database = ? AND kind = ? AND settled_at IS NULL",
            (job.database, JobKind.RESTORATION),
        ).fetchone()
        if other is not None:
            job_in(JobRow(*other))  # one that nobody can read is none to wait for
            raise Conflict(
                f"Job {other[0]} is restoring {job.database} already; wait for it to end, or cancel it."
            )

    def _next_fence(self) -> int:
        self.connection.execute("UPDATE fence SET last = last + 1")
        return int(self.connection.execute("SELECT last FROM fence").fetchone()[0])

    def _write(self, claim: Claim, line: Line) -> None:
        self.connection.execute(
            "INSERT INTO event (job, what, message, state, owner, fence, at, record) "
            f"VALUES (?, ?, ?, ?, ?, ?, {NOW}, ?)",
            (claim.job_id, line.what, line.message, line.state, claim.owner, claim.fence, line.record),
        )


_LEASE = f"lease_until, lease_until < {NOW}"


def _lease(until: float | None, expired: int | None) -> Lease | None:
    return None if until is None else Lease(until, bool(expired))


def _progress(job: Job) -> str:
    return dumps({"progress": to_record(job.progress), "percentage": job.percentage})
