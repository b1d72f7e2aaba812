"""Which of two images a database holds, if other programs may have written to it since.

The database's own pages are the witness. A page that is the same in both images says nothing; one
that equals only the new image, or only the old, says which it was. Contradicting pages, or none that
speak, leave the question open: then nobody may touch anything.
"""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path

import apsw
import attrs

from .. import database_header
from ..files import descriptor_of, read_at
from ..sqlite_backup import read_pages
from .first_page import masked


class Verdict(StrEnum):
    """What the database holds."""

    NEW = "new"
    OLD = "old"
    UNCLEAR = "unclear"


@attrs.frozen
class _Image:
    """An image's pages; of another page size than the database's it has none that could be equal."""

    descriptor: int
    page_size: int

    @classmethod
    def of(cls, descriptor: int, page_size: int) -> _Image:
        header = database_header.read(descriptor)
        return cls(descriptor, page_size if header is not None and header.page_size == page_size else 0)

    def page(self, offset: int) -> bytes | None:
        if not self.page_size:
            return None
        data = read_at(self.descriptor, self.page_size, offset)
        return (masked(data) if offset == 0 else data) or None


@attrs.define
class _Count:
    speaking: int = 0
    as_new: int = 0
    as_old: int = 0

    def add(self, page: bytes, new: bytes | None, old: bytes | None) -> None:
        if new == old:
            return
        self.speaking += 1
        self.as_new += page == new
        self.as_old += page == old

    def verdict(self) -> Verdict:
        if not self.speaking:
            return Verdict.NEW  # both images are the same, so the restored content is there
        if self.as_new and not self.as_old:
            return Verdict.NEW
        if self.as_old and not self.as_new:
            return Verdict.OLD
        return Verdict.UNCLEAR


_BLOCK = 4096


def weigh_files(descriptor: int, new: Path, old: Path) -> Verdict:
    """Whether the bytes of a file are (and have grown from) those of `new` or of `old`; nothing reads it."""
    count, offset = _Count(), 0
    with descriptor_of(new) as new_file, descriptor_of(old) as old_file:
        while data := read_at(descriptor, _BLOCK, offset):
            blocks = [data, *(read_at(file, _BLOCK, offset) for file in (new_file, old_file))]
            if offset == 0:
                blocks = [masked(block) if len(block) >= database_header.SIZE else block for block in blocks]
            count.add(*blocks)
            offset += _BLOCK
        sizes = [os.fstat(file).st_size for file in (descriptor, new_file, old_file)]
    if not count.speaking and sizes[1] != sizes[2]:  # the one is the beginning of the other
        count.add(*(str(size).encode() for size in sizes))
    return count.verdict()


def weigh(connection: apsw.Connection, new: Path, old: Path) -> Verdict:
    """Whether the database of `connection` holds (and has grown from) `new` or `old`."""
    page_size = int(str(connection.pragma("page_size")))
    with descriptor_of(new) as new_file, descriptor_of(old) as old_file:
        new_image, old_image = _Image.of(new_file, page_size), _Image.of(old_file, page_size)
        count = _Count()
        first = b""

        def take(offset: int, data: bytes) -> None:
            nonlocal first
            if offset == 0:
                first = data
            else:
                count.add(data, new_image.page(offset), old_image.page(offset))

        read_pages(connection, take, lambda: None)
        if first:
            count.add(masked(first), new_image.page(0), old_image.page(0))
    return count.verdict()
