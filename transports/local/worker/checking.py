"""Checking what was stored, where the source could not be checked without making somebody wait."""

from __future__ import annotations

import os

from ..files import BINARY
from ..repository.reader import BackupReader
from ..restore.connections import image
from .task import Task

_FINDINGS = 5


def check_stored(reader: BackupReader, task: Task) -> tuple[str, ...]:
    """What SQLite finds wrong with the stored image: it is written to a private file, and checked there."""
    path = task.home.stages / f"{task.job.id}.check.db"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | BINARY, 0o600)
        with open(descriptor, "r+b") as file:
            for offset, data in reader.spans():
                file.seek(offset)
                file.write(data)
        with image(path) as connection:
            found = [str(row[0]) for row in connection.execute(f"PRAGMA quick_check({_FINDINGS})")]
    finally:
        path.unlink(missing_ok=True)
    return () if found == ["ok"] else tuple(found)
