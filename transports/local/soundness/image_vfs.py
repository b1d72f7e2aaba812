"""A file system with one file in it: a database image that SQLite reads through a function.

Nothing is ever written to it. What a transaction changes stays in SQLite's page cache until it is rolled
back, so the schema of an image can be replaced for a check, and the image itself is as it was.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager

import apsw

from ..single_file_vfs import SingleFile, registered
from ..sqlite_limits import limit_memory

Read = Callable[[int, int], bytes]
"""Gives `amount` bytes at `offset` of the image: (offset, amount). What it raises leaves SQLite as it is."""

NEWEST_FORMAT = 4
"""The newest schema format that SQLite had when this was written."""

_LIMITS = {
    apsw.SQLITE_LIMIT_ATTACHED: 0,
    apsw.SQLITE_LIMIT_LENGTH: 16 << 20,
    apsw.SQLITE_LIMIT_SQL_LENGTH: 16 << 20,
    apsw.SQLITE_LIMIT_WORKER_THREADS: 0,
}
"""No row of the image is read, only its schema, in which no statement is as long as this."""

_STEPS_BETWEEN_LOOKS = 1000

_HEADER = 100


def _as_readable(start: bytes) -> bytes:
    """The beginning of an image that this SQLite opens: in rollback mode, and of no newer schema format."""
    data = bytearray(start)
    data[18:20] = b"\x01\x01"
    data[47] = min(data[47], NEWEST_FORMAT)
    return bytes(data)


def limit_check(connection: apsw.Connection) -> None:
    """Let a check on `connection` take no more than any sound schema needs, on either way to the rule."""
    for limit, most in _LIMITS.items():
        connection.limit(limit, most)


@contextmanager
def opened(read: Read, size: int) -> Iterator[apsw.Connection]:
    """A connection to the image of `size` bytes, as one that nobody else can have open.

    The image may say that it is in WAL mode: it is whole without one.
    """
    limit_memory()
    with (
        registered(lambda: _ImageFile(read, size)) as vfs,
        closing(apsw.Connection("image", flags=apsw.SQLITE_OPEN_READWRITE, vfs=vfs)) as connection,
    ):
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.drop_modules(None)
        limit_check(connection)
        connection.set_progress_handler(lambda: bool(read(0, 0)), _STEPS_BETWEEN_LOOKS)
        connection.execute("PRAGMA writable_schema=ON")  # the settings shall not fail on what is in it
        for setting in ("journal_mode=MEMORY", "temp_store=MEMORY", "cache_spill=OFF", "synchronous=OFF"):
            connection.execute(f"PRAGMA {setting}").fetchall()
        yield connection


class _ImageFile(SingleFile):
    """The image as the one file of its file system."""

    def __init__(self, read: Read, size: int) -> None:
        self._read = read
        self._size = size

    def xRead(self, amount: int, offset: int) -> bytes:
        data = self._read(offset, min(amount, max(0, self._size - offset)))
        return _as_readable(data) if offset == 0 and len(data) >= _HEADER else data

    def xWrite(self, data: bytes, offset: int) -> None:
        raise apsw.IOError("An image is never written.")

    def xTruncate(self, newsize: int) -> None:
        raise apsw.IOError("An image is never cut off.")

    def xFileSize(self) -> int:
        return self._size
