"""What the methods take and give, as far as the wire has no shape for it yet.

The same classes read the params, and are what OpenRPC and the plugins' types are made of. A field without a
default must be there; what is None is left out. Knows no method.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import attrs

from ..wire import AssetVersion, Backup, Job, Shape, UndoCopy
from .greeting import Document, Token, bounded

MANY = 1000
"""The most that a list gives at once."""


# -- taken ---------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False, slots=False)
class Nothing(Shape):
    """No params."""


@attrs.frozen(eq=False, repr=False, slots=False)
class WhichBackups(Shape):
    """Which page of the backups: after `cursor`, at most `limit`."""

    cursor: str | None = None
    limit: int = bounded(MANY, minimum=1, maximum=MANY)


@attrs.frozen(eq=False, repr=False, slots=False)
class OneBackup(Shape):
    """A backup, by its id."""

    backup: str


@attrs.frozen(eq=False, repr=False, slots=False)
class CreateBackup(Shape):
    """How a backup is made. The same key gives the same job; a detached one is answered at once."""

    work_done_token: Token | None = None
    detach: bool = False
    idempotency_key: str | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class DeleteBackup(Shape):
    """Which backup is hidden; it must be confirmed."""

    backup: str
    confirm: bool = False


@attrs.frozen(eq=False, repr=False, slots=False)
class Restore(Shape):
    """Which backup is put back. Either it is confirmed, or a plan is shown that is still true."""

    backup: str
    confirm: bool = False
    plan_token: str | None = None
    work_done_token: Token | None = None
    detach: bool = False
    idempotency_key: str | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class Revert(Shape):
    """The restoration that is undone: the one that left `undo`, or the last. It must be confirmed."""

    confirm: bool = False
    undo: str | None = None
    work_done_token: Token | None = None
    detach: bool = False
    idempotency_key: str | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class ForgetUndo(Shape):
    """Which undo copy is dropped for good; it must be confirmed."""

    undo: str
    confirm: bool = False


@attrs.frozen(eq=False, repr=False, slots=False)
class OneJob(Shape):
    """A job, by its id."""

    job: str


@attrs.frozen(eq=False, repr=False, slots=False)
class WhichJobs(Shape):
    """Which jobs: the newest `limit`, of all or of those that have not ended."""

    unsettled: bool = False
    limit: int = bounded(100, minimum=1, maximum=MANY)


@attrs.frozen(eq=False, repr=False, slots=False)
class Subscribe(Shape):
    """From which change on the client wants to hear: those after `since`, or from now on."""

    since: int | None = bounded(None, minimum=0)


@attrs.frozen(eq=False, repr=False, slots=False)
class KeepDocuments(Shape):
    """Documents to keep; each must have a string `id`. Without any, the database is backed up."""

    assets: tuple[Document, ...] | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class KeepDocument(Shape):
    """A document to keep; it must have a string `id`. Without one, the database is backed up."""

    asset: Document | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class OneDocument(Shape):
    """A kept document, by its id; its newest version, or a named one."""

    id: str
    version: int | None = bounded(None, minimum=1)


@attrs.frozen(eq=False, repr=False, slots=False)
class DocumentHistory(Shape):
    """A kept document, by its id."""

    id: str


@attrs.frozen(eq=False, repr=False, slots=False)
class Cancelled(Shape):
    """`$/cancelRequest`: the request that is no longer wanted."""

    id: Token


@attrs.frozen(eq=False, repr=False, slots=False)
class ProgressToken(Shape):
    """The progress that is meant: to be shown, or to be cancelled with its job."""

    token: Token


# -- given ---------------------------------------------------------------------------------------


@attrs.frozen(eq=False, repr=False, slots=False)
class Backups(Shape):
    """Backups of the database, oldest first; `next_cursor` where there are more.

    The first page tells how many of other databases its store holds, if any.
    """

    items: tuple[Backup, ...]
    next_cursor: str | None = None
    other_backups: int | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class Started(Shape):
    """A job that was detached, as it stands."""

    job: Job


@attrs.frozen(eq=False, repr=False, slots=False)
class CancelAnswer(Shape):
    """Whether the cancel came in time, and the job as it ended."""

    accepted: bool
    job: Job


@attrs.frozen(eq=False, repr=False, slots=False)
class Jobs(Shape):
    """Jobs, newest first."""

    items: tuple[Job, ...]


@attrs.frozen(eq=False, repr=False, slots=False)
class Subscribed(Shape):
    """How the unsettled jobs stand, and the change after which `jobs/didChange` goes on.

    `afresh` says that whatever the client knew before is to be forgotten; otherwise what it missed follows.
    """

    snapshot: tuple[Job, ...]
    seq: int
    afresh: bool


@attrs.frozen(eq=False, repr=False, slots=False)
class Plan(Shape):
    """What a restoration would do. `bytes` and `changed_at` are those of the database that is there now.

    `message` is the sentence to be confirmed; `plan_token` holds as long as neither changes.
    """

    plan_token: str
    backup: Backup
    database: str
    message: str
    bytes: int | None = None
    changed_at: datetime | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class Database(Shape):
    """A database that its owner has registered, and where its backups are."""

    database: str
    store: str


@attrs.frozen(eq=False, repr=False, slots=False)
class Databases(Shape):
    """The registered databases."""

    items: tuple[Database, ...]


@attrs.frozen(eq=False, repr=False, slots=False)
class UndoCopies(Shape):
    """What a revert can go back to, newest first."""

    items: tuple[UndoCopy, ...]


@attrs.frozen(eq=False, repr=False, slots=False)
class AssetVersions(Shape):
    """Versions of kept documents."""

    items: tuple[AssetVersion, ...]


@attrs.frozen(eq=False, repr=False, slots=False)
class DidChange(Shape):
    """A job's state has changed; `seq` rises with every change, and holds across bridges."""

    seq: int
    job: Job


@attrs.frozen(eq=False, repr=False, slots=False)
class LogMessage(Shape):
    """A sentence for the client's log; `type` is 1 for an error, 2 for a warning."""

    type: int
    message: str


class Step(StrEnum):
    """What is told of a job's progress: one begin, any number of reports, one end."""

    BEGIN = "begin"
    REPORT = "report"
    END = "end"


@attrs.frozen(eq=False, repr=False, slots=False)
class WorkDone(Shape):
    """How far a job is; `percentage` is whole, and never falls."""

    kind: Step
    job: str
    message: str | None = None
    percentage: int | None = None
    title: str | None = None
    cancellable: bool | None = None


@attrs.frozen(eq=False, repr=False, slots=False)
class Progress(Shape):
    """`$/progress` for the token of a request."""

    token: Token
    value: WorkDone
