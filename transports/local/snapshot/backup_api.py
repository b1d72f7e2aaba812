"""Algorithm B: the pages by SQLite's own backup, into a sink. Slower than A, and right wherever SQLite is.

In WAL mode the pages go to the sink as they come. In rollback-journal mode the backup keeps writers out for
as long as it takes, so the pages are drained to memory first; temporary_copy.py serves what is too large.
"""

from __future__ import annotations

import apsw
import attrs

from .. import database_header
from ..files import read_at
from ..image import Image
from ..sqlite_backup import read_pages
from . import fingerprint, source
from .page_gatherer import PageGatherer
from .raw_files import RawFiles
from .request import Method, Request
from .source import Shape


def read(request: Request) -> Image:
    """Send the image to the sink; unchecked."""
    drained: list[tuple[int, bytes]] = []
    with RawFiles(request.path, request.held) as files, source.connected(request) as connection:
        source.begin(connection)
        files.stop_if_replaced()
        shape = source.shape(connection)
        request.sink.begin(shape.page_size, shape.page_count)
        emit = request.sink.write if shape.wal else lambda first, data: drained.append((first, data))
        pages = PageGatherer(shape.page_size, shape.page_count, read_at(files.main, shape.page_size, 0), emit)
        read_pages(connection, pages.put, request.stop_if_cancelled)
        pages.finish(Counters.of(files.main, connection).put_into)
        mark = None if shape.wal else fingerprint.of_file(files.main)
    for first, data in drained:
        request.stop_if_cancelled()
        request.sink.write(first, data)
    return image(shape, Method.BACKUP, mark)


def image(shape: Shape, method: Method, mark: fingerprint.Fingerprint | None) -> Image:
    """The image of this shape, not checked."""
    return Image(
        page_size=shape.page_size,
        page_count=shape.page_count,
        encoding=shape.encoding,
        journal_mode=shape.journal_mode,
        method=method,
        fingerprint=mark,
    )


@attrs.frozen
class Counters:
    """What a backup changes in page 1, as it was in the source: the change counter and the schema cookie."""

    change_counter: bytes
    schema_cookie: bytes

    @classmethod
    def of(cls, main: int, connection: apsw.Connection) -> Counters:
        """Read them in the open transaction."""
        cookie: int = connection.pragma("schema_version")
        return cls(read_at(main, database_header.SIZE, 0)[24:28], (cookie & 0xFFFFFFFF).to_bytes(4, "big"))

    def put_into(self, page_one: bytes) -> bytes:
        """`page_one` with them; the version-valid-for number is the change counter's twin."""
        patched = bytearray(page_one)
        patched[24:28] = patched[92:96] = self.change_counter
        patched[40:44] = self.schema_cookie
        return bytes(patched)
