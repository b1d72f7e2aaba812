"""Checking what was stored, where the source could not be checked without making somebody wait."""

from __future__ import annotations

import os

from ..files import BINARY, read_at, write_at
from ..repository.reader import BackupReader
from ..snapshot.request import SnapshotCancelled
from ..soundness import find_damage
from ..soundness.image_vfs import Read
from .task import Task


def check_stored(reader: BackupReader, task: Task) -> tuple[str, ...]:
    """What is wrong with the stored image: it is written to a private file, and checked there.

    Raises SnapshotCancelled if a cancel comes first.
    """
    path = task.home.stages / f"{task.job.id}.check.db"
    try:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_TRUNC | BINARY, 0o600)
        with open(descriptor, "r+b", buffering=0) as file:
            for offset, data in reader.spans():
                write_at(file.fileno(), data, offset)
            return find_damage(
                _reading(file.fileno(), task), reader.page_size, reader.size // reader.page_size
            )
    finally:
        path.unlink(missing_ok=True)


def _reading(descriptor: int, task: Task) -> Read:
    def read(offset: int, amount: int) -> bytes:
        if task.channel.cancelled():
            raise SnapshotCancelled(f"The check of {task.job.database} was cancelled.")
        return read_at(descriptor, amount, offset)

    return read
