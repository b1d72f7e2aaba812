"""Whether a writer waits for the database, seen without taking a lock. Only imported where there is fcntl."""

from __future__ import annotations

from ..byte_locks import PENDING, holder


def writer_waits(main: int) -> bool:
    """Whether another process waits for the readers of the database to let go of it."""
    return holder(main, PENDING, writers_only=True) is not None
