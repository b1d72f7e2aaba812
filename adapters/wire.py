"""Jobs, backups and whatever else the operations give, as JSON says them on every wire.

The command line's `--json`, the bridge and the service share these shapes (docs: a job on the wire).
Knows the core's values and JSON's types; nothing of who asks. Times are UTC, sizes bytes.
"""

from __future__ import annotations

from datetime import UTC, datetime

from reprieve.core.errors import Problem
from reprieve.core.job import AssetVersion, Backup, Job, UndoCopy

Members = dict[str, object]


def moment(at: datetime) -> str:
    """A moment as `2026-05-01T10:20:30.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def job_on_wire(job: Job) -> Members:
    """A job. `backup` and `undo` are ids; what is not known (yet) is left out."""
    return _known(
        id=job.id,
        kind=job.kind.value,
        database=job.database,
        backup=job.backup_id or (job.backup.id if job.backup else None),
        undo=job.undo_id or (job.undo.id if job.undo else None),
        state=job.state.value,
        outcome=job.outcome.value if job.outcome else None,
        phase=job.progress.phase,
        done=job.progress.done,
        total=job.progress.total,
        unit=job.progress.unit,
        percentage=round(job.percentage, 1),
        cancellable=job.cancellable,
        attempt=job.attempt,
        createdAt=moment(job.created),
        startedAt=moment(job.started) if job.started else None,
        endedAt=moment(job.ended) if job.ended else None,
        error=problem_on_wire(job.error) if job.error else None,
    )


def problem_on_wire(problem: Problem) -> Members:
    """What went wrong."""
    return {"kind": problem.kind, "message": problem.message}


def backup_on_wire(backup: Backup) -> Members:
    """A backup."""
    return _known(
        id=backup.id,
        version=backup.version,
        timestamp=backup.timestamp,
        created=moment(backup.created),
        bytes=backup.bytes,
        database=backup.database,
        deviceName=backup.device_name,
        platform=backup.platform,
        added=backup.added,
        sourceDamaged=backup.source_damaged,
    )


def undo_on_wire(copy: UndoCopy) -> Members:
    """What a restoration replaced."""
    return {
        "id": copy.id,
        "database": copy.database,
        "created": moment(copy.created),
        "bytes": copy.bytes,
        "reason": copy.reason,
        "job": copy.job,
    }


def asset_on_wire(version: AssetVersion) -> Members:
    """One version of a kept document."""
    return _known(
        id=version.id,
        version=version.version,
        created=moment(version.created),
        bytes=version.bytes,
        name=version.name,
    )


def _known(**members: object) -> Members:
    return {name: value for name, value in members.items() if value is not None}
