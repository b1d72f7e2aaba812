"""Algorithm A in rollback-journal mode, adaptive: the shared lock is given up where a writer waits.

While the lock is held no page changes, but nobody can commit either. So after each span the lock table is
asked whether a writer waits. If so, the lock is released, the rest is read without it, and at last everything
is read again under a new lock (0.2 s for 1 GiB): what differs from what was sent is sent again.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from functools import partial

import apsw
import attrs
from blake3 import blake3

from .. import database_header
from ..files import read_at
from ..image import Image
from . import fingerprint, posix_locks, source, spans
from .fingerprint import Fingerprint
from .raw_files import RawFiles
from .request import Method, Moved, Request
from .running_check import RunningCheck, by_offset
from .source import Shape
from .spans import Span

HELD_BACK = 32 << 20
LARGE = 4 << 30

_log = logging.getLogger(__name__)


def read(request: Request, files: RawFiles, connection: apsw.Connection) -> Image:
    """Send the image to the sink. Raises Moved if it may be torn.

    `connection` has a read transaction open, on the file that `files` has open.
    """
    locked = Locked.of(files.main, source.shape(connection))
    request.sink.begin(locked.shape.page_size, locked.shape.page_count)
    sent = Sent(request, files.main)
    todo = spans.cut(locked.shape.page_size, locked.shape.page_count)
    read_any = by_offset(partial(spans.read, files.main), locked.shape.page_size)
    with RunningCheck(connection, locked.shape, read_any, request.check, request.sound) as check:
        whole = sent.send_until_writer_waits(todo, check)
        while whole and not check.ended(within=0.005) and not posix_locks.writer_waits(files.main):
            request.stop_if_cancelled()
    if whole:
        problems, mark = check.problems, locked.verify()
    else:
        source.rollback(connection)
        sent.send(todo)
        locked, mark = _catch_up(request, files, connection, locked.shape, sent)
        problems = None  # what was checked, if it was, is not what was sent at last
    return Image(
        page_size=locked.shape.page_size,
        page_count=locked.shape.page_count,
        encoding=locked.shape.encoding,
        journal_mode=locked.shape.journal_mode,
        method=Method.PAGES,
        problems=problems,
        fingerprint=mark,
    )


def _catch_up(
    request: Request, files: RawFiles, connection: apsw.Connection, before: Shape, sent: Sent
) -> tuple[Locked, Fingerprint | None]:
    """Read all of it again under a new lock, and send what is not as it was sent."""
    if before.page_size * before.page_count > LARGE:
        _log.warning(
            "%s is large and written meanwhile: WAL mode would be kinder to its writers", request.path
        )
    source.begin(connection)
    files.stop_if_replaced()
    locked = Locked.of(files.main, source.shape(connection))
    if attrs.evolve(locked.shape, page_count=before.page_count) != before:
        raise Moved("The page size, the encoding or the journal mode was changed.")
    if locked.shape.page_count != before.page_count:
        request.sink.resize(locked.shape.page_count)
    changed = sent.send_changed(spans.cut(before.page_size, locked.shape.page_count))
    mark = locked.verify()
    source.rollback(connection)
    for first_page, data in changed:
        request.sink.write(first_page, data)
    return locked, mark


@attrs.frozen
class Locked:
    """The database as it is while the shared lock is held; `state` would move if anybody wrote."""

    shape: Shape
    main: int
    state: tuple[bytes, int, int]

    @classmethod
    def of(cls, main: int, shape: Shape) -> Locked:
        """Remember the state of the file; the lock is held."""
        return cls(shape, main, _state(main))

    def verify(self) -> Fingerprint | None:
        """The fingerprint. Raises Moved if the file was changed in spite of the lock that is still held."""
        mark = fingerprint.of_file(self.main)
        if _state(self.main) != self.state:
            raise Moved("The file was written in spite of the lock.")
        return mark


class Sent:
    """What went into the sink, remembered as one digest for each span."""

    def __init__(self, request: Request, main: int) -> None:
        self._request = request
        self._main = main
        self._digests: list[bytes] = []

    def send_until_writer_waits(self, todo: Iterator[Span], check: RunningCheck) -> bool:
        """Whether all could be sent, and shown to `check`, before a writer had to wait."""
        for span in todo:
            check.note(span.first, self._send(span))
            if posix_locks.writer_waits(self._main):
                return False
        return True

    def send(self, todo: Iterator[Span]) -> None:
        """Send the rest, whatever happens to the file."""
        for span in todo:
            self._send(span)

    def send_changed(self, todo: Iterator[Span]) -> list[tuple[int, bytes]]:
        """The spans that differ from what was sent; what is over 32 MiB is sent here."""
        held: list[tuple[int, bytes]] = []
        room = HELD_BACK
        for number, span in enumerate(todo):
            data = self._read(span)
            if number < len(self._digests) and self._digests[number] == _digest(data):
                continue
            if room < len(data):
                self._request.sink.write(span.first, data)
            else:
                room -= len(data)
                held.append((span.first, data))
        return held

    def _send(self, span: Span) -> bytes:
        data = self._read(span)
        self._digests.append(_digest(data))
        self._request.sink.write(span.first, data)
        return data

    def _read(self, span: Span) -> bytes:
        self._request.stop_if_cancelled()
        return spans.read(self._main, span)


def _digest(data: bytes) -> bytes:
    return blake3(data).digest(16)


def _state(main: int) -> tuple[bytes, int, int]:
    status = os.fstat(main)
    return read_at(main, database_header.SIZE, 0), status.st_size, status.st_mtime_ns
