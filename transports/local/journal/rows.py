"""What the rows of the journal's tables hold; one that cannot be read stops its own job, and no other.

Another version may have written it, or the disk lost it. Lists leave it out, with one warning; to want that
job itself is an error. Knows columns and records; nothing of owners and transactions.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from typing import NamedTuple

import attrs

from ....core.errors import StorageError
from ....core.job import Job
from ....core.journal import Record, job_of, loads, message_of
from ....core.ports import Entry

log = logging.getLogger("reprieve.journal")


class JobRow(NamedTuple):
    """A job's id, its record, and how far it got since that was written."""

    id: str
    record: str
    progress: str | None


class EventRow(NamedTuple):
    """A line of the journal."""

    seq: int
    job: str
    owner: str
    record: str
    what: str | None
    message: str | None


@attrs.frozen
class Reading:
    """Reads rows, and warns once of each job that cannot be read."""

    _warned: set[str] = attrs.field(factory=set, init=False)

    def jobs(self, rows: Iterable[JobRow]) -> Iterator[Job]:
        """Those that can be read."""
        for row in rows:
            try:
                yield job_in(row)
            except StorageError as error:
                self._warn(row.id, error)

    def entries(self, rows: Iterable[EventRow]) -> Iterator[Entry]:
        """Those that can be read."""
        for row in rows:
            try:
                yield _entry_in(row)
            except StorageError as error:
                self._warn(row.job, error)

    def _warn(self, job_id: str, error: StorageError) -> None:
        if job_id not in self._warned:
            self._warned.add(job_id)
            log.warning("%s It is left out; other jobs go on.", error)


def job_in(row: JobRow) -> Job:
    """The job that a row holds. Raises StorageError, with what to do, if it holds none."""
    job = _job_of(row.id, row.record)
    if not row.progress:
        return job
    try:
        return job_of(loads(row.record) | loads(row.progress))
    except StorageError:
        return job  # only how far it was is lost


def _job_of(job_id: str, record: str) -> Job:
    try:
        job = job_of(loads(record))
    except StorageError as error:
        raise _unreadable(job_id, str(error)) from error
    if job.id != job_id or not isinstance(job.database, str):
        raise _unreadable(job_id, "It is not the record of this job.")
    return job


def _entry_in(row: EventRow) -> Entry:
    job = _job_of(row.job, row.record)
    record: Record | None = None if row.message is None else loads(row.message)
    message = None if row.what is None or record is None else message_of(row.what, record)
    return Entry(job, message, row.seq, row.owner)


def _unreadable(job_id: str, detail: str) -> StorageError:
    return StorageError(
        f"Job {job_id} cannot be read in the journal. {detail} If a newer version of reprieve made it, "
        "update. If not, move the journal away, with its -wal and -shm: no backup is lost, only the history."
    )
