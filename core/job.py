"""What a job is, and what it makes: plain frozen values that every layer speaks.

A Job is the fold of its journal (reducer.py); nothing else builds a changed one. Sizes are bytes,
times are UTC, percentages go from 0 to 100.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs

from .errors import Problem
from .lifecycle import JobState, Outcome

OPEN_WITH = "open_with"
"""Under which of a job's options stands what another process needs to open its transport."""

WARNINGS = "warnings"
"""Under which of a job's notes stand sentences for people, whatever its end."""


class JobKind(StrEnum):
    """The two kinds of job. A revert is a restoration whose source is an undo copy."""

    CREATION = "creation"
    RESTORATION = "restoration"


@attrs.frozen
class Backup:
    """One finished backup of a database (a provisional one while it is being made).

    `id` is `{version}_{timestamp}`, in characters that need no encoding in a URL; `timestamp` is UTC
    as `20261122T143005123Z` and unique in its repository. `bytes` is the size of the database,
    `added` what the backup made the store grow by. `source_damaged` marks a backup that was forced
    from a database that failed its check.
    """

    id: str
    version: str
    timestamp: str
    created: datetime
    bytes: int
    database: str
    device_name: str
    platform: str
    added: int | None = None
    source_damaged: bool = False


@attrs.frozen
class UndoCopy:
    """What a database held before a restoration (or a revert) replaced it.

    `reason` says what replaced it, in a few words; `job` is the job that did.
    """

    id: str
    database: str
    created: datetime
    bytes: int
    reason: str
    job: str


@attrs.frozen
class AssetVersion:
    """One kept version of a JSON document; `version` counts from 1 for each asset id."""

    id: str
    version: int
    created: datetime
    bytes: int
    name: str | None = None


@attrs.frozen
class Progress:
    """How far the work is: `done` of `total` `unit`s in this `phase` (`total` 0: not known yet)."""

    phase: str = ""
    done: int = 0
    total: int = 0
    unit: str = "bytes"


@attrs.frozen(slots=False)  # a dict is copied whole: eight times as fast as attrs.evolve (reducer.py)
class Job:
    """One creation or restoration, from being asked for to its end.

    `database` is the target's canonical name. A restoration was asked for by `backup_id`, a revert
    by `undo_id`; `source` is the Backup of that id, as the catalogue had it then. `backup` is the Backup
    being made (provisional until the job has completed) or restored, and `former_ids` are those that a
    creation's Backup had before: another attempt, or a conflict where it is published, gives it another.
    `undo` is the copy that a restoration left behind, so that it can be reverted.
    `percentage` never falls, across attempts too. `step` and `notes` are what recovery needs to
    know (only the transport reads them, but for its `warnings`). `options` are the transport's own. `version`
    counts the changes that the journal holds: of two snapshots of one job, the greater is the later.
    """

    id: str
    kind: JobKind
    database: str
    created: datetime
    state: JobState = JobState.IDLE
    outcome: Outcome | None = None
    progress: Progress = Progress()
    percentage: float = 0.0
    attempt: int = 1
    backup_id: str | None = None
    undo_id: str | None = None
    source: Backup | None = None
    backup: Backup | None = None
    former_ids: tuple[str, ...] = ()
    undo: UndoCopy | None = None
    error: Problem | None = None
    started: datetime | None = None
    ended: datetime | None = None
    detached: bool = False
    idempotency_key: str | None = None
    options: Mapping[str, object] = attrs.field(factory=dict)
    step: str = ""
    notes: Mapping[str, object] = attrs.field(factory=dict)
    version: int = 0

    @property
    def final(self) -> bool:
        """Whether the job has ended."""
        return self.state.final

    def is_of(self, backup: str) -> bool:
        """Whether it makes or restores the Backup that has this id, or had it."""
        return backup in (self.backup_id, self.backup and self.backup.id, *self.former_ids)

    @property
    def cancellable(self) -> bool:
        """Whether asking to cancel can still do something."""
        return not self.final

    @property
    def warnings(self) -> tuple[str, ...]:
        """Sentences that a person should read, though the job may have completed."""
        noted = self.notes.get(WARNINGS, ())
        return tuple(map(str, noted)) if isinstance(noted, list | tuple) else ()

    @property
    def reverts(self) -> bool:
        """Whether this restoration goes back to an undo copy instead of to a backup."""
        return self.undo_id is not None

    @property
    def outlives_its_process(self) -> bool:
        """Whether it may be taken up again when the process that was to run it is gone."""
        return self.detached and self.kind is JobKind.CREATION
