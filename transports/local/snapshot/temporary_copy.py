"""Algorithm D: a temporary copy by SQLite's own backup, then its pages.

Needs as much room in the temporary folder as the database has. For databases in rollback-journal mode that
are too large to be drained to memory: their writers wait only while the copy is made.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

import apsw

from ....core.errors import BadSource, StorageFull
from ..border import foreign_errors
from ..image import Image
from ..sqlite_backup import back_up
from . import fingerprint, source, spans
from .backup_api import Counters, image
from .fingerprint import Fingerprint
from .raw_files import RawFiles
from .request import Method, Request
from .source import Shape
from .spans import Span


def read(request: Request) -> Image:
    """Send the image to the sink; unchecked. Raises StorageFull where there is no room for the copy."""
    made = foreign_errors("copying", request.path, BadSource)
    with made, tempfile.TemporaryDirectory(prefix="reprieve-") as folder:
        copy = Path(folder) / "copy.db"
        shape, counters, mark = _make(copy, request)
        request.sink.begin(shape.page_size, shape.page_count)
        with RawFiles(copy) as files:
            for span in spans.cut(shape.page_size, shape.page_count):
                request.stop_if_cancelled()
                request.sink.write(span.first, _read(files.main, span, counters))
    return image(shape, Method.COPY, mark)


def _make(copy: Path, request: Request) -> tuple[Shape, Counters, Fingerprint | None]:
    with RawFiles(request.path) as files, source.connected(request) as connection:
        source.begin(connection)
        files.stop_if_replaced()
        shape = source.shape(connection)
        target = apsw.Connection(str(copy))
        try:
            back_up(connection, target, request.stop_if_cancelled)
        except apsw.FullError as error:
            raise StorageFull(
                f"There is no room for a copy of {request.path} in {copy.parent.parent}; "
                f"make room there, or name a larger folder in TMPDIR."
            ) from error
        finally:
            target.close()
        mark = None if shape.wal else fingerprint.of_file(files.main)
        return shape, Counters.of(files.main, connection), mark


def _read(main: int, span: Span, counters: Counters) -> bytes:
    data = spans.read(main, span)
    if span.first > 1:
        return data
    return counters.put_into(data[: span.page_size]) + data[span.page_size :]
