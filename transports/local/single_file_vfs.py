"""A file system for SQLite with one file in it, which is no file on the disk: what its uses have in common.

A subclass of `SingleFile` says what is read and written. There is no other user of the file, so its locks
always succeed, and nothing to make durable. Knows nothing of what is in it.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import apsw

_names = (f"reprieve-single-file-{number}" for number in itertools.count(1))


class SingleFile(apsw.VFSFile):
    """What SQLite takes for a file. The base class is not initialised: there is no file below this one."""

    def xTruncate(self, newsize: int) -> None:
        """The file has its size already."""

    def xSync(self, flags: int) -> None:
        """There is nothing to make durable."""

    def xLock(self, level: int) -> None:
        """No other connection has it, here and below."""

    def xUnlock(self, level: int) -> None: ...

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xClose(self) -> None:
        """There is nothing to close."""


@contextmanager
def registered(open_file: Callable[[], SingleFile]) -> Iterator[str]:
    """The name of a VFS whose one database is what `open_file` gives; it is unregistered at the end."""
    vfs = _SingleFileVFS(open_file)
    try:
        yield vfs.name
    finally:
        vfs.unregister()


class _SingleFileVFS(apsw.VFS):
    def __init__(self, open_file: Callable[[], SingleFile]) -> None:
        self.name = next(_names)
        self._open_file = open_file
        super().__init__(self.name, "")

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:
        return False

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        if not flags[0] & apsw.SQLITE_OPEN_MAIN_DB:
            raise apsw.CantOpenError("This file system has one file, the database.")
        return self._open_file()
