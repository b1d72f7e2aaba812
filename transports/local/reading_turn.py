"""Whose turn it is to be read, of the packs that the backups of one database share.

A number for each repository and database that counts its backups, in a small file in the home. It is written
without a sync: where it is lost, or makes no sense, a turn is drawn by lot, and the count goes on from there.
Knows nothing of packs.
"""

from __future__ import annotations

import logging
import secrets
from pathlib import Path

import attrs
from blake3 import blake3

from .home import Home

_MANY = 1 << 30
_log = logging.getLogger(__name__)


@attrs.frozen
class ReadingTurn:
    """The turn of the backup that is being made now. Of two that are made at once both may have the same."""

    path: Path
    number: int

    @classmethod
    def of(cls, home: Home, repository_id: str, database: str) -> ReadingTurn:
        """The turn of the next backup of this database."""
        name = blake3(database.encode("utf-8", "surrogatepass")).hexdigest(length=16)
        path = home.turns / f"{repository_id}.{name}"
        return cls(path, _read(path))

    def pass_on(self) -> None:
        """The backup was made: it is the turn of the next."""
        try:
            self.path.write_text(str((self.number + 1) % _MANY), "ascii")
        except OSError as error:
            _log.warning("%s cannot be written, so that the next turn is drawn by lot: %s", self.path, error)


def _read(path: Path) -> int:
    try:
        with path.open("rb") as file:
            return int(file.read(20)) % _MANY
    except (OSError, ValueError):  # it is missing or damaged: any number will do
        return secrets.randbelow(_MANY)
