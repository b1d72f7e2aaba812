"""Copying a database file as bytes, where nobody may ask SQLite for its pages.

Knows of databases only where their locks lie.
"""

from __future__ import annotations

import os
from collections.abc import Callable

from ..files import read_at, write_at

SPAN = 4 << 20
"""Bytes that are read or written between two looks at the cancel flag."""

_RUN = 1 << 20

LOCK_BYTES = (0x40000000, 0x40000200)
"""Where SQLite's locks lie. Windows refuses to read them under a lock; no page ever uses them."""


class Runs:
    """Writes pieces that mostly come one behind the other, in runs of a megabyte; `flush` writes the last."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._start = 0
        self._run = bytearray()

    def write(self, offset: int, data: bytes) -> None:
        """Put `data` at `offset`, at the latest with the `flush`."""
        if offset != self._start + len(self._run) or len(self._run) >= _RUN:
            self.flush()
            self._start = offset
        self._run += data

    def flush(self) -> None:
        """Write what has come."""
        write_at(self._descriptor, self._run, self._start)
        self._run = bytearray()


def copy_bytes(
    source: int, destination: int, size: int, told: Callable[[int], None], *, start: int = 0
) -> None:
    """Copy the bytes from `start` to `size`, but for SQLite's lock bytes; `told` hears each new offset."""
    offset = start
    while offset < size:
        data = read_at(source, _span(offset, size), offset)
        if not data:
            return
        write_at(destination, data, offset)
        offset += len(data)
        if offset == LOCK_BYTES[0]:
            offset = min(LOCK_BYTES[1], size)
            os.ftruncate(destination, offset)
        told(offset)


def _span(offset: int, size: int) -> int:
    stop = LOCK_BYTES[0] if offset < LOCK_BYTES[0] else size
    return min(SPAN, stop - offset, size - offset)
