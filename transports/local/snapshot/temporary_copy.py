"""Algorithm D: a temporary copy by SQLite's own backup, then its pages.

Needs as much room in the work folder as the database has. For databases in rollback-journal mode that are
too large to be drained to memory: their writers wait only while the copy is made. The copy is plain: it is
private to this user, under a name by which it is found again if this process is killed.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ....core.errors import BadSource, StorageFull
from ..border import foreign_errors
from ..files import BINARY, NO_FOLLOW
from ..image import Image
from ..sqlite_backup import back_up
from . import fingerprint, source, spans
from .backup_api import Counters, image
from .fingerprint import Fingerprint
from .raw_files import RawFiles
from .request import Method, Request, Unusable
from .source import Shape
from .spans import Span


def read(request: Request) -> Image:
    """Send the image to the sink; unchecked. Raises StorageFull where there is no room for the copy."""
    if request.copy is None:
        raise Unusable("There is no folder for a copy of it.")
    copy = request.copy()
    with foreign_errors("copying", request.path, BadSource), _private(copy):
        shape, counters, mark = _make(copy, request)
        request.sink.begin(shape.page_size, shape.page_count)
        with RawFiles(copy) as files:
            for span in spans.cut(shape.page_size, shape.page_count):
                request.stop_if_cancelled()
                request.sink.write(span.first, _read(files.main, span, counters))
    return image(shape, Method.COPY, mark)


@contextmanager
def _private(copy: Path) -> Iterator[None]:
    """An empty file for this user alone, which is removed at the end."""
    copy.unlink(missing_ok=True)
    os.close(os.open(copy, os.O_WRONLY | os.O_CREAT | os.O_EXCL | BINARY | NO_FOLLOW, 0o600))
    try:
        yield
    finally:
        copy.unlink(missing_ok=True)


def _make(copy: Path, request: Request) -> tuple[Shape, Counters, Fingerprint | None]:
    with RawFiles(request.path) as files, source.connected(request) as connection:
        source.begin(connection)
        files.stop_if_replaced()
        shape = source.shape(connection)
        _require_space(copy.parent, shape, request.path)
        target = apsw.Connection(str(copy))
        try:
            back_up(connection, target, request.stop_if_cancelled)
        except apsw.FullError as error:
            raise _no_room(copy.parent, request.path) from error
        finally:
            target.close()
        mark = None if shape.wal else fingerprint.of_file(files.main)
        return shape, Counters.of(files.main, connection), mark


def _require_space(folder: Path, shape: Shape, path: Path) -> None:
    """Raise StorageFull where the copy has no room: sooner than after half of it has been written."""
    if shutil.disk_usage(folder).free < shape.page_size * shape.page_count:
        raise _no_room(folder, path)


def _no_room(folder: Path, path: Path) -> StorageFull:
    return StorageFull(
        f"There is no room for a copy of {path} in {folder}; make room there, or name another private folder "
        "by --work-dir."
    )


def _read(main: int, span: Span, counters: Counters) -> bytes:
    data = spans.read(main, span)
    if span.first > 1:
        return data
    return counters.put_into(data[: span.page_size]) + data[span.page_size :]
