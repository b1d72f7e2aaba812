"""The record of one Backup: the small object that makes it exist.

A record is JSON, sealed. Knows how a record reads (docs/repository-format.md); must not know packs.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import attrs

from ....core.errors import RepositoryCorrupt
from ....core.job import Backup
from ..image import Image

PREFIX = "backups/"
HIDDEN = "hidden/"
MAX_SIZE = 1 << 20
"""Bytes that a record is read of."""


@attrs.frozen
class ManifestRef:
    """A manifest as a record names it: its object, its size in bytes and the BLAKE3 of all of them."""

    name: str
    size: int
    digest: str


@attrs.frozen
class BackupRecord:
    """A Backup, what was learnt of its database while it was made, and where its pages are listed."""

    backup: Backup
    image: Image
    manifest: ManifestRef

    @property
    def name(self) -> str:
        """The object that it is."""
        return PREFIX + self.backup.id

    def encode(self) -> bytes:
        """The record as JSON."""
        backup = attrs.asdict(self.backup) | {"created": self.backup.created.isoformat()}
        image = attrs.asdict(self.image, recurse=False)
        said = {"backup": backup, "image": image, "manifest": attrs.asdict(self.manifest)}
        return json.dumps(said, default=_mapping).encode()

    @classmethod
    def decode(cls, data: bytes) -> BackupRecord:
        """The record that `encode` gave. Raises RepositoryCorrupt for anything else."""
        try:
            said = json.loads(data)
            return cls(_backup(said["backup"]), _image(said["image"]), ManifestRef(**said["manifest"]))
        except (ValueError, KeyError, TypeError) as error:
            raise RepositoryCorrupt(
                "The record of a backup makes no sense to this version. Update reprieve."
            ) from error


def stamp(moment: datetime) -> str:
    """A moment as a Backup's timestamp, to the millisecond: `20261122T143005123Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y%m%dT%H%M%S}{utc.microsecond // 1000:03}Z"


def moment_of(timestamp: str) -> datetime | None:
    """The moment that `stamp` wrote so; None for what is no date."""
    try:
        return datetime.fromisoformat(f"{timestamp[:-4]}.{timestamp[-4:]}")
    except ValueError:
        return None


def timestamp_of(name: str) -> str:
    """The timestamp in a record's name; names sort by it, oldest first."""
    return name.rpartition("_")[2]


def _backup(said: dict[str, Any]) -> Backup:
    said["created"] = datetime.fromisoformat(said["created"])
    return Backup(**said)


def _image(said: dict[str, Any]) -> Image:
    if said["problems"] is not None:
        said["problems"] = tuple(said["problems"])
    return Image(**said)


def _mapping(value: object) -> dict[str, object]:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{value!r} cannot be kept in a backup's record.")
