"""The first page of a database file: what the restore reads there, masks and sets.

Format: https://www.sqlite.org/fileformat2.html#the_database_header. Touches no live database.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path

import attrs

from .files import open_existing, write_at

SIZE = 100
_MAGIC = b"SQLite format 3\x00"
_FRACTIONS = b"\x40\x20\x20"
_ENCODINGS = {0: "UTF-8", 1: "UTF-8", 2: "UTF-16le", 3: "UTF-16be"}
_WAL, _ROLLBACK = b"\x02\x02", b"\x01\x01"
# What changes without a change of content: journal mode, change counter, schema cookie, and
# the counter and library version of the last writer.
_MASKED = ((18, 20), (24, 28), (40, 44), (92, 100))


@attrs.frozen
class Header:
    """What the first 100 bytes say."""

    page_size: int
    encoding: str
    schema_version: int
    wal: bool

    @classmethod
    def parse(cls, start: bytes) -> Header | None:
        """The header that `start` begins with; None if SQLite would call it 'not a database'."""
        if len(start) < SIZE or not start.startswith(_MAGIC) or start[21:24] != _FRACTIONS:
            return None
        (page_size,) = struct.unpack_from(">H", start, 16)
        page_size = 65536 if page_size == 1 else page_size
        (schema_version,) = struct.unpack_from(">I", start, 40)
        (encoding,) = struct.unpack_from(">I", start, 56)
        if page_size < 512 or page_size & (page_size - 1) or start[18] > 2 or encoding not in _ENCODINGS:
            return None
        return cls(page_size, _ENCODINGS[encoding], schema_version, start[19] == 2)


def masked(first_page: bytes) -> bytes:
    """The page without what changes when its content does not."""
    page = bytearray(first_page)
    for start, stop in _MASKED:
        page[start:stop] = bytes(stop - start)
    return bytes(page)


def set_mode(path: Path, *, wal: bool) -> None:
    """Make the file at `path`, which nobody has open, say WAL or rollback mode."""
    descriptor = open_existing(path)
    try:
        set_mode_of(descriptor, wal=wal)
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def set_mode_of(descriptor: int, *, wal: bool) -> None:
    """As set_mode, for a file that is being written; the caller syncs."""
    write_at(descriptor, _WAL if wal else _ROLLBACK, 18)
