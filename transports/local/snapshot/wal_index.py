"""The wal-index (-shm): which frames are committed, how many are checkpointed, which page each holds.

The format is that of https://www.sqlite.org/walformat.html#the_wal_index_file_format, in this machine's
byte order. This file only reads; when what it read may be trusted is wal_mode's business.
"""

from __future__ import annotations

import struct
from array import array

import attrs

from ..files import read_at
from ..wal_index_header import COPY, FIELDS, SIZE, VERSION, checksum
from .request import Unusable

_BLOCK = 32768
_PAGES_IN_BLOCK = 4096
_PAGES_IN_FIRST = _PAGES_IN_BLOCK - SIZE // 4


@attrs.frozen
class WalIndexHeader:
    """The committed state of the WAL, equal for two readers that see the same snapshot.

    `frames` is mxFrame, the last committed frame; `pages` the size of the database after it; `checksum`
    that frame's; `salts` name the generation: they change when the WAL begins again.
    """

    change: int
    page_size: int
    frames: int
    pages: int
    checksum: tuple[int, int]
    salts: bytes


@attrs.frozen
class Backfill:
    """Up to which frame the checkpoint has got: surely (`done`), perhaps (`attempted`)."""

    done: int
    attempted: int

    @property
    def furthest(self) -> int:
        """No frame after this one has been copied into the main file."""
        return max(self.done, self.attempted)


def read_header(shm: int) -> WalIndexHeader | None:
    """The header; None while it is being written (its two copies differ, or the checksum is wrong).

    Raises Unusable for a version that this file does not know.
    """
    data = read_at(shm, 2 * COPY, 0)
    first, second = data[:COPY], data[COPY:]
    if len(second) < COPY or first != second:
        return None
    version, _pad, change, initialised, _order, page_size, frames, pages, last, salts, own = FIELDS.unpack(
        first
    )
    if not initialised or struct.unpack("=2I", own) != checksum(first[:40]):
        return None
    if version != VERSION:
        raise Unusable(f"The wal-index has version {version}, not {VERSION}.")
    return WalIndexHeader(
        change=change,
        page_size=65536 if page_size == 1 else page_size,
        frames=frames,
        pages=pages,
        checksum=struct.unpack("=2I", last),
        salts=salts,
    )


def read_backfill(shm: int) -> Backfill:
    """How far the checkpoint is, now."""
    data = read_at(shm, SIZE, 0)
    return Backfill(*struct.unpack_from("=I", data, 96), *struct.unpack_from("=I", data, 128))


def read_pages(shm: int, frames: int) -> dict[int, int]:
    """Page number -> the last of the first `frames` frames that holds it."""
    numbers = array("I")
    block = 0
    while len(numbers) < frames:
        start = SIZE if block == 0 else block * _BLOCK
        wanted = min(frames - len(numbers), _PAGES_IN_FIRST if block == 0 else _PAGES_IN_BLOCK)
        data = read_at(shm, 4 * wanted, start)
        if len(data) < 4 * wanted:
            raise Unusable("The wal-index is shorter than its header says.")
        numbers.frombytes(data)
        block += 1
    return dict(zip(numbers, range(1, frames + 1), strict=True))
