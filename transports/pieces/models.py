"""The documents of the Pieces Backup API, as they must be sent, in the API's own words.

Facts of the published API and of what its client libraries really accept (docs: the HTTP contract): a field
without a default must be sent and must not be null, or some client library refuses the document. Nothing
here knows jobs or HTTP; conversion.py reads and writes these, translation.py makes them of our own values.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum

import attrs

Document = dict[str, object]
"""A JSON object that is kept whole, unknown parts included."""


class Status(StrEnum):
    """How a creation or a restoration stands; no other value may be sent."""

    INITIALIZED = "INITIALIZED"
    IN_PROGRESS = "IN-PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELED = "CANCELED"
    RESET = "RESET"
    UNKNOWN = "UNKNOWN"

    @property
    def final(self) -> bool:
        """Whether a job with this status has ended."""
        return self in (Status.COMPLETED, Status.FAILED, Status.CANCELED)


class Platform(StrEnum):
    """What kind of device made a backup; no other value may be sent."""

    MACOS = "MACOS"
    LINUX = "LINUX"
    WINDOWS = "WINDOWS"
    WEB = "WEB"
    ANDROID = "ANDROID"
    IOS = "IOS"
    FUCHSIA = "FUCHSIA"
    UNKNOWN = "UNKNOWN"


class Semantic(StrEnum):
    """The one version of the models that there is; what is read as another is read as this one."""

    MAJOR_0_MINOR_0_PATCH_1 = "MAJOR_0_MINOR_0_PATCH_1"


@attrs.frozen
class Schema:
    """Which version of the models a document follows."""

    migration: int = 0
    semantic: Semantic = Semantic.MAJOR_0_MINOR_0_PATCH_1


@attrs.frozen
class GroupedTimestamp:
    """A moment (`2026-05-01T10:20:30.123Z`: three digits, UTC) and, perhaps, its words for people."""

    value: datetime
    readable: str | None = None


@attrs.frozen(cache_hash=True)
class Backup:
    """A backup of the service. `id` is `{version}_{timestamp}`, in `[A-Za-z0-9._~-]`; `bytes` its size."""

    id: str
    version: str
    timestamp: str
    bytes: int
    created: GroupedTimestamp
    device_name: str
    platform: Platform
    schema: Schema | None = None


@attrs.frozen
class Backups:
    """The catalogue; `indices` is each id's place in `iterable`."""

    iterable: tuple[Backup, ...]
    indices: Mapping[str, int] | None = None


@attrs.frozen(cache_hash=True)
class BackupStatus:
    """How a job stands. The API's document wants `status`, the client libraries read `value`: both, equal."""

    backup: Backup
    value: Status = Status.UNKNOWN
    status: Status = Status.UNKNOWN
    percentage: float = 0.0


@attrs.frozen
class BackupStreamedProgress:
    """One step of a job. A creation that has not begun has no Backup yet. `percentage` is 0 to 100."""

    backup: Backup | None = None
    status: Status = Status.UNKNOWN
    percentage: float = 0.0


@attrs.frozen
class BackupsStreamedProgress:
    """Every job in progress: the creations (`backups`) and the restorations."""

    backups: tuple[BackupStreamedProgress, ...] = ()
    restorations: tuple[BackupStreamedProgress, ...] = ()


@attrs.frozen
class SeededBackup:
    """What a creation is asked for with."""

    schema: Schema | None = None


@attrs.frozen
class Assets:
    """Documents to keep; each must have a string `id`."""

    iterable: tuple[Document, ...]
