"""SQLite's own backup: into another database, or into a file that exists only here and hands the pages on.

The pages are of one state. SQLite writes pages 2..N ascending and page 1 with the last (measured); the change
counter and the schema cookie in page 1 are not the database's own. Knows nothing of snapshots and restores.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import apsw

from .single_file_vfs import SingleFile, registered

Take = Callable[[int, bytes], None]
"""Gets an offset and the bytes there. A page may come twice; the later one counts."""

_PAGES_A_STEP = 256


def back_up(source: apsw.Connection, target: apsw.Connection, each_step: Callable[[], None]) -> None:
    """Copy what `source` holds into `target`, which nobody else uses; `each_step` may raise to end it."""
    for setting in ("journal_mode=OFF", "synchronous=OFF", "cache_size=64"):
        target.execute(f"PRAGMA {setting}")
    with target.backup("main", source, "main") as backup:
        while not backup.done:
            each_step()
            backup.step(_PAGES_A_STEP)


def read_pages(source: apsw.Connection, take: Take, each_step: Callable[[], None]) -> None:
    """Give every page of the database of `source` to `take`, without a copy on the disk."""
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_CREATE
    with (
        registered(lambda: _SinkFile(take)) as vfs,
        closing(apsw.Connection("sink", flags=flags, vfs=vfs)) as target,
    ):
        back_up(source, target, each_step)


class _SinkFile(SingleFile):
    """Only page 1 is kept, which SQLite may look at; the others cannot be read again."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._size = 0
        self._page_one = b""

    def xRead(self, amount: int, offset: int) -> bytes:
        if offset >= self._size:
            return b""
        if offset + amount > len(self._page_one):
            raise apsw.IOError("A page that was handed on cannot be read again.")
        return self._page_one[offset : offset + amount]

    def xWrite(self, data: bytes, offset: int) -> None:
        data = bytes(data)
        if offset == 0:
            self._page_one = data
        self._size = max(self._size, offset + len(data))
        self._take(offset, data)

    def xFileSize(self) -> int:
        return self._size
