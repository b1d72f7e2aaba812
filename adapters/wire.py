"""Jobs, backups and whatever else the operations give, as JSON says them on every wire.

The command line's `--json`, the bridge and the service share these shapes (docs: a job on the wire). A class
here is one shape: its fields in order, in camel case on the wire; what is None is left out. Knows the core's
values and JSON's types; nothing of who asks. Times are UTC, sizes bytes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from typing import Any

import attrs

from reprieve.core import job as core
from reprieve.core.errors import Problem as CoreProblem
from reprieve.core.job import JobKind
from reprieve.core.lifecycle import JobState, Outcome

Members = dict[str, object]

# Without comparison, repr and slots: these classes are made at every start, and so in a third of the time.


class Shape:
    """What is in camel case on the wire."""


@attrs.frozen(eq=False, repr=False, slots=False)
class Problem(Shape):
    """What went wrong: `kind` for programs, `message` for people."""

    kind: str
    message: str


@attrs.frozen(eq=False, repr=False, slots=False)
class Job(Shape):
    """A job. `backup` and `undo` are ids; what is not known (yet) is left out.

    `warnings` are sentences that a person should read, though the job may have completed.
    """

    id: str
    kind: JobKind
    database: str
    backup: str | None
    undo: str | None
    state: JobState
    outcome: Outcome | None
    phase: str
    done: int
    total: int
    unit: str
    percentage: float
    cancellable: bool
    attempt: int
    created_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    error: Problem | None
    warnings: tuple[str, ...] | None


@attrs.frozen(eq=False, repr=False, slots=False)
class Backup(Shape):
    """A backup: `bytes` is the size of its database, `added` what the store grew by."""

    id: str
    version: str
    timestamp: str
    created: datetime
    bytes: int
    database: str
    device_name: str
    platform: str
    added: int | None
    source_damaged: bool


@attrs.frozen(eq=False, repr=False, slots=False)
class UndoCopy(Shape):
    """What a restoration replaced; `job` is the one that did."""

    id: str
    database: str
    created: datetime
    bytes: int
    reason: str
    job: str


@attrs.frozen(eq=False, repr=False, slots=False)
class AssetVersion(Shape):
    """One version of a kept document."""

    id: str
    version: int
    created: datetime
    bytes: int
    name: str | None


def on_wire(value: core.Job | core.Backup | core.UndoCopy | core.AssetVersion | CoreProblem) -> Members:
    """One of our values as a JSON object."""
    return members(shaped(value))


def shaped(value: core.Job | core.Backup | core.UndoCopy | core.AssetVersion | CoreProblem) -> Any:
    """One of our values in its Shape."""
    return _SHAPED[type(value)](value)


def members(shape: attrs.AttrsInstance) -> Members:
    """A Shape as a JSON object."""
    said = ((wire, getattr(shape, name)) for name, wire in _names(type(shape)))
    return {wire: _plain(value) for wire, value in said if value is not None}


def moment(at: datetime) -> str:
    """A moment as `2026-05-01T10:20:30.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def camel(name: str) -> str:
    """A field's name as the wire says it."""
    first, *others = name.split("_")
    return first + "".join(word.capitalize() for word in others)


@cache
def _names(shape: type[attrs.AttrsInstance]) -> tuple[tuple[str, str], ...]:
    return tuple((field.name, camel(field.name)) for field in attrs.fields(shape))


def _plain(value: Any) -> object:
    if isinstance(value, datetime):
        return moment(value)
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    if attrs.has(type(value)):
        return members(value)
    return value.value if isinstance(value, JobKind | JobState | Outcome) else value


def _job(job: core.Job) -> Job:
    return Job(
        id=job.id,
        kind=job.kind,
        database=job.database,
        backup=job.backup_id or (job.backup.id if job.backup else None),
        undo=job.undo_id or (job.undo.id if job.undo else None),
        state=job.state,
        outcome=job.outcome,
        phase=job.progress.phase,
        done=job.progress.done,
        total=job.progress.total,
        unit=job.progress.unit,
        percentage=round(job.percentage, 1),
        cancellable=job.cancellable,
        attempt=job.attempt,
        created_at=job.created,
        started_at=job.started,
        ended_at=job.ended,
        error=_problem(job.error) if job.error else None,
        warnings=job.warnings or None,
    )


def _problem(problem: CoreProblem) -> Problem:
    return Problem(problem.kind, problem.message)


def _same_fields(shape: type[Any]) -> Callable[[Any], Any]:
    """A shape whose fields are called as those of the core's value are."""
    return lambda value: shape(**{field.name: getattr(value, field.name) for field in attrs.fields(shape)})


_SHAPED: dict[type, Callable[[Any], Any]] = {
    core.Job: _job,
    core.Backup: _same_fields(Backup),
    core.UndoCopy: _same_fields(UndoCopy),
    core.AssetVersion: _same_fields(AssetVersion),
    CoreProblem: _problem,
}
