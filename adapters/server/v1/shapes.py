"""What is asked of /v1 and what it gives, as far as the wire has no shape for it yet.

A field without a default must be there. Knows no request.
"""

from __future__ import annotations

import attrs

from reprieve.transports.pieces.models import Document

from ...wire import AssetVersion, Backup, Job, Shape, UndoCopy


@attrs.frozen
class Service(Shape):
    """Which service this is. `protocol` counts up when something here changes that clients rely on."""

    name: str
    version: str
    protocol: int
    instance: str
    database: str
    operations: tuple[str, ...]


@attrs.frozen
class Backups(Shape):
    """The backups of the database, oldest first, and how many of other databases are in its store."""

    backups: tuple[Backup, ...]
    other_backups: int | None = None


@attrs.frozen
class Jobs(Shape):
    """Jobs, newest first."""

    jobs: tuple[Job, ...]


@attrs.frozen
class UndoCopies(Shape):
    """What a revert can go back to, newest first."""

    undo_copies: tuple[UndoCopy, ...]


@attrs.frozen
class Assets(Shape):
    """Versions of kept documents."""

    assets: tuple[AssetVersion, ...]


@attrs.frozen
class WhichJobs(Shape):
    """Which jobs are listed: the newest `limit`, of all or of those that have not ended."""

    unsettled: bool = False
    limit: int = attrs.field(
        default=100,
        validator=[attrs.validators.ge(1), attrs.validators.le(1000)],
        metadata={"bounds": {"minimum": 1, "maximum": 1000}},
    )


@attrs.frozen
class Start(Shape):
    """How a job is started. The same key gives the same job; a detached creation outlives this service."""

    idempotency_key: str | None = None
    detach: bool = False


@attrs.frozen
class StartRevert(Shape):
    """How a revert is started: to the undo copy `undo`, or to the newest."""

    undo: str | None = None
    idempotency_key: str | None = None
    detach: bool = False


@attrs.frozen
class Documents(Shape):
    """Documents to keep; each must have a string `id`."""

    documents: tuple[Document, ...]


@attrs.frozen
class WhichVersion(Shape):
    """Which version of a document; the newest if it is left out."""

    version: int | None = attrs.field(
        default=None,
        validator=attrs.validators.optional(attrs.validators.ge(1)),
        metadata={"bounds": {"minimum": 1}},
    )
