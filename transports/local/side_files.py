"""What SQLite makes beside a database for a connection of ours, and leaves there when that is closed.

A -shm that another user made, or root, may keep the database's own programs out. It is removed if it was not
there before and no program uses it: every lock that SQLite knows is taken first, so none is just opening it.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from .byte_locks import PENDING, RESERVED, SHARED, try_lock
from .database_file import beside
from .files import BINARY, NO_FOLLOW

_MADE_BY_READERS = ("-shm", "-wal")


@contextmanager
def none_left_behind(path: Path) -> Iterator[None]:
    """Remove what the block's connection has left beside the database at `path`, unless somebody uses it."""
    before = _present(path)
    try:
        yield
    finally:
        made = [suffix for suffix in _MADE_BY_READERS if suffix in _present(path) - before]
        if made:
            _remove_unused(path, made)


def _present(path: Path) -> set[str]:
    return {suffix for suffix in _MADE_BY_READERS if os.path.lexists(beside(path, suffix))}


def _remove_unused(path: Path, made: list[str]) -> None:
    try:
        descriptor = os.open(path, os.O_RDWR | BINARY | NO_FOLLOW)
    except OSError:
        return  # a user who may only read cannot lock, and made nothing
    try:
        if all(try_lock(descriptor, span) for span in (RESERVED, PENDING, SHARED)):
            for suffix in made:
                if suffix != "-wal" or beside(path, suffix).stat().st_size == 0:
                    beside(path, suffix).unlink(missing_ok=True)
    finally:
        os.close(descriptor)
