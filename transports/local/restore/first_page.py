"""What a restore masks and sets in the first page of an image; database_header.py says what stands there.

Touches no live database.
"""

from __future__ import annotations

import os

from ..files import write_at

# What changes without a change of content: journal mode, change counter, schema cookie, and
# the counter and library version of the last writer.
_MASKED = ((18, 20), (24, 28), (40, 44), (92, 100))


def masked(first_page: bytes) -> bytes:
    """The page without what changes when its content does not."""
    page = bytearray(first_page)
    for start, stop in _MASKED:
        page[start:stop] = bytes(stop - start)
    return bytes(page)


def say_mode(descriptor: int, *, wal: bool) -> None:
    """Make a file that is being written say in which journal mode it is; the caller syncs."""
    write_at(descriptor, _mode(wal), 18)


def stamped(header: bytes, *, wal: bool) -> bytes:
    """The header with a journal mode, and with counters that no program can have seen.

    A program that has the file open compares the change counter before it believes the pages that it keeps in
    memory, and the schema cookie before it believes a statement that it has prepared.
    """
    page = bytearray(header)
    page[18:20] = _mode(wal)
    page[24:28] = page[92:96] = os.urandom(4)
    page[40:44] = (int.from_bytes(os.urandom(4), "big") >> 1).to_bytes(4, "big")
    return bytes(page)


def _mode(wal: bool) -> bytes:
    return b"\x02\x02" if wal else b"\x01\x01"
