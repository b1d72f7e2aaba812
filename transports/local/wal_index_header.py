"""The header of the wal-index (-shm): how it is laid out, and one for a WAL that was emptied.

The format is that of https://www.sqlite.org/walformat.html#the_wal_index_file_format, in this machine's byte
order. Knows bytes only.
"""

from __future__ import annotations

import os
import struct

VERSION = 3007000
SIZE = 136
COPY = 48
"""The size of the header's first part, of which there are two copies."""

FIELDS = struct.Struct("=IIIBBHII8s8s8s")
"""Version, padding, change, initialised, byte order, page size, frames, pages, checksum, salts, its own."""

_CHECKPOINT = struct.Struct("=6I8sII")
_NO_MARK = 0xFFFFFFFF


def empty() -> bytes:
    """The header of an empty WAL, unlike any that a program has seen.

    A program drops the pages that it keeps in memory where the header differs from the one it knew.
    """
    change, salts = int.from_bytes(os.urandom(4), "little"), os.urandom(8)
    fields = FIELDS.pack(VERSION, 0, change, 1, 0, 0, 0, 0, bytes(8), salts, bytes(8))[:40]
    copy = fields + struct.pack("=2I", *checksum(fields))
    return copy + copy + _CHECKPOINT.pack(0, 0, 0, _NO_MARK, _NO_MARK, _NO_MARK, bytes(8), 0, 0)


def checksum(data: bytes) -> tuple[int, int]:
    """SQLite's running checksum of an even number of 32-bit words, in native byte order."""
    one = two = 0
    words = iter(memoryview(data).cast("I"))
    for word in words:
        one = (one + word + two) & 0xFFFFFFFF
        two = (two + next(words) + one) & 0xFFFFFFFF
    return one, two
