"""The pages that are still in the WAL, laid over those of the main file.

Knows the format of the -wal (https://www.sqlite.org/fileformat2.html#the_write_ahead_log), and checks
of every frame that it is the one that the index promised.
"""

from __future__ import annotations

import struct
from array import array
from bisect import bisect_left

import attrs

from ..files import read_at
from .request import Moved
from .spans import Span
from .wal_index import WalIndexHeader

HEADER_SIZE = 32
FRAME_HEADER_SIZE = 24
_FRAME = struct.Struct(">II8sII")


def frame_offset(frame: int, page_size: int) -> int:
    """Where frame `frame` (counted from 1) begins in the -wal."""
    return HEADER_SIZE + (frame - 1) * (FRAME_HEADER_SIZE + page_size)


def read_salts(wal: int) -> bytes:
    """The generation that the -wal itself is of; empty if it has no header."""
    return read_at(wal, HEADER_SIZE, 0)[16:24]


@attrs.frozen
class FrameHeader:
    """What precedes each page in the -wal. `commit` is the database's page count after a commit, else 0."""

    page: int
    commit: int
    salts: bytes
    checksum: tuple[int, int]


def read_frame_header(wal: int, frame: int, page_size: int) -> FrameHeader | None:
    """The header of `frame`; None past the end of the -wal."""
    data = read_at(wal, FRAME_HEADER_SIZE, frame_offset(frame, page_size))
    return _parse(data) if len(data) == FRAME_HEADER_SIZE else None


def _parse(data: bytes) -> FrameHeader:
    page, commit, salts, one, two = _FRAME.unpack_from(data)
    return FrameHeader(page, commit, salts, (one, two))


class Overlay:
    """The live frames of one snapshot; `frames` says which page each of them holds."""

    def __init__(self, wal: int, header: WalIndexHeader, frames: dict[int, int]) -> None:
        self._wal = wal
        self._header = header
        self._frames = frames
        self._pages = array("I", sorted(frames))
        self._check_last()

    def lay_over(self, span: Span, data: bytes) -> bytes:
        """`data`, the main file's bytes of `span`, with the pages that the WAL holds in their places."""
        start = bisect_left(self._pages, span.first)
        stop = bisect_left(self._pages, span.first + span.count)
        if start == stop:
            return data
        laid = bytearray(data)
        for page in self._pages[start:stop]:
            at = (page - span.first) * span.page_size
            laid[at : at + span.page_size] = self._page(page)
        return bytes(laid)

    def _page(self, page: int) -> bytes:
        size = self._header.page_size
        data = read_at(self._wal, FRAME_HEADER_SIZE + size, frame_offset(self._frames[page], size))
        if len(data) < FRAME_HEADER_SIZE + size:
            raise Moved("The WAL is shorter than its index says.")
        frame = _parse(data)
        if (frame.page, frame.salts) != (page, self._header.salts):
            raise Moved("A frame of the WAL was overwritten.")
        return data[FRAME_HEADER_SIZE:]

    def _check_last(self) -> None:
        """The -wal is of this generation, and its last frame is the commit that the index names."""
        header = self._header
        if read_salts(self._wal) != header.salts:
            raise Moved("The WAL began again.")
        last = read_frame_header(self._wal, header.frames, header.page_size)
        promised = (header.pages, header.salts, header.checksum)
        if last is None or (last.commit, last.salts, last.checksum) != promised:
            raise Moved("The last frame of the WAL is not the one that its index names.")
