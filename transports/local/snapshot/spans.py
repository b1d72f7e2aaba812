"""Cutting an image into spans of 1 MiB and reading them from the main file.

A span holds whole pages and begins at a multiple of 1 MiB, so that the units of the repository
never straddle two. Knows no lock and no WAL.
"""

from __future__ import annotations

from collections.abc import Iterator

import attrs

from ..files import read_at

SIZE = 1 << 20
LOCK_BYTE = 0x40000000  # the page that holds it is never used: https://www.sqlite.org/fileformat2.html


@attrs.frozen
class Span:
    """`count` pages of `page_size` bytes from page `first` (counted from 1)."""

    first: int
    count: int
    page_size: int

    @property
    def offset(self) -> int:
        """Where it begins in the file."""
        return (self.first - 1) * self.page_size

    @property
    def size(self) -> int:
        """How many bytes it has."""
        return self.count * self.page_size


def cut(page_size: int, page_count: int) -> Iterator[Span]:
    """The spans of an image, ascending."""
    pages = SIZE // page_size
    for first in range(1, page_count + 1, pages):
        yield Span(first, min(pages, page_count + 1 - first), page_size)


def read(descriptor: int, span: Span) -> bytes:
    """The bytes of `span`: zeros past the end of the file and for the lock-byte page."""
    data = read_at(descriptor, span.size, span.offset)
    if len(data) < span.size:
        data += bytes(span.size - len(data))
    if span.offset <= LOCK_BYTE < span.offset + span.size:
        at = LOCK_BYTE - span.offset
        data = data[:at] + bytes(span.page_size) + data[at + span.page_size :]
    return data
