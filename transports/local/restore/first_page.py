"""What a restore masks and sets in the first page of an image; database_header.py says what stands there.

Touches no live database.
"""

from __future__ import annotations

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


def say_rollback_mode(descriptor: int) -> None:
    """Make a file that is being written say that it is in rollback mode; the caller syncs."""
    write_at(descriptor, b"\x01\x01", 18)
