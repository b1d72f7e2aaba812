"""Algorithm A in WAL mode: raw pages under a read transaction, with the live frames laid over.

Why it is right (wal.c): a checkpoint overwrites pages of the main file only with frames at or below every
read mark in use, and with READ_LOCK(0) held exclusively; the WAL begins again only with READ_LOCK(1..4) held
exclusively. So frames 1..M and every page without a frame hold still while we read. With mark 0 the main file
alone is the snapshot, and the WAL may be overwritten under us: then it is not looked at.
"""

from __future__ import annotations

import os

import apsw
import attrs

from .. import database_header
from ..image import Image
from . import fingerprint, source, spans, wal_index
from .fingerprint import Fingerprint
from .raw_files import RawFiles
from .request import Method, Moved, Request
from .running_check import RunningCheck, by_offset
from .spans import Span
from .wal_index import WalIndexHeader
from .wal_overlay import Overlay

_SETTLE_TRIES = 4
_HEADER_TRIES = 100


def read(request: Request, files: RawFiles, connection: apsw.Connection) -> Image:
    """Send the image to the sink. Raises Moved if it may be torn, Unusable if -wal or -shm cannot be read.

    `connection` has a read transaction open, on the file that `files` has open.
    """
    wal, shm = files.open_wal()
    snapshot = _settle(connection, files.main, wal, shm)
    shape = source.shape(connection)
    request.sink.begin(shape.page_size, shape.page_count)
    read_any = by_offset(snapshot.read, shape.page_size)
    with RunningCheck(connection, shape, read_any, request.check, request.sound) as check:
        for span in spans.cut(shape.page_size, shape.page_count):
            request.stop_if_cancelled()
            data = snapshot.read(span)
            check.note(span.first, data)
            request.sink.write(span.first, data)
        while not check.ended(within=0.02):
            request.stop_if_cancelled()
    snapshot.verify()
    return Image(
        page_size=shape.page_size,
        page_count=shape.page_count,
        encoding=shape.encoding,
        journal_mode=shape.journal_mode,
        method=Method.PAGES,
        problems=check.problems,
        fingerprint=snapshot.fingerprint(shape.page_size),
    )


def _settle(connection: apsw.Connection, main: int, wal: int, shm: int) -> Snapshot:
    """Begin a transaction of which it is known which frame it sees last.

    It works as a seqlock: if the index is the same before and after the transaction began, that is what it
    saw. The read mark would not tell (it lagged behind in 8 images).
    """
    for _ in range(_SETTLE_TRIES):
        source.rollback(connection)
        before = wal_index.read_header(shm)
        source.begin(connection)
        during = wal_index.read_header(shm)
        backfill = wal_index.read_backfill(shm)
        after = wal_index.read_header(shm)
        if before is not None and before == during == after:
            return Snapshot.of(main, wal, shm, before, backfill.done)
    raise Moved("Commits came faster than a transaction could begin.")


@attrs.frozen
class Snapshot:
    """What the open transaction sees: the main file, and over it the live frames, if there are any."""

    header: WalIndexHeader
    overlay: Overlay | None
    written: tuple[int, int]
    main: int
    wal: int
    shm: int

    @classmethod
    def of(cls, main: int, wal: int, shm: int, header: WalIndexHeader, backfilled: int) -> Snapshot:
        """The snapshot of `header`, of which `backfilled` frames are surely in the main file."""
        written = _written(main)
        overlay = None
        if backfilled < header.frames:
            overlay = Overlay(wal, header, wal_index.read_pages(shm, header.frames))
        return cls(header, overlay, written, main, wal, shm)

    def read(self, span: Span) -> bytes:
        """The pages of `span` in this snapshot."""
        data = spans.read(self.main, span)
        return self.overlay.lay_over(span, data) if self.overlay else data

    def verify(self) -> None:
        """Raise Moved if the files may have changed under the reader; call it inside the transaction."""
        now = self._header_now()
        furthest = wal_index.read_backfill(self.shm).furthest
        same_generation = now.salts == self.header.salts
        if self.overlay:
            sound = same_generation and now.frames >= self.header.frames and furthest <= self.header.frames
        else:
            allowed = self.header.frames if same_generation else 0
            sound = furthest <= allowed and _written(self.main) == self.written
        if not sound:
            raise Moved("A checkpoint passed the snapshot.")

    def fingerprint(self, page_size: int) -> Fingerprint | None:
        """What lets the next backup see that nothing was committed since."""
        if self.header.frames == 0:
            return fingerprint.of_file(self.main, self.wal)
        page_one = self.read(Span(1, 1, page_size))
        return fingerprint.of_wal(
            self.main, self.wal, self.shm, self.header, page_one[: database_header.SIZE]
        )

    def _header_now(self) -> WalIndexHeader:
        for _ in range(_HEADER_TRIES):
            now = wal_index.read_header(self.shm)
            if now is not None:
                return now
        raise Moved("The wal-index is being written all the time.")


def _written(main: int) -> tuple[int, int]:
    status = os.fstat(main)
    return status.st_size, status.st_mtime_ns
