"""Every page of a live database as one transaction of SQLite sees it, without a copy on the disk.

SQLite's own backup runs into a file that exists only here (a VFS of apsw) and hands on what is
written to it. It knows nothing of restores.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

import apsw

Take = Callable[[int, bytes], None]
"""Gets an offset and the bytes there. Page 1 may come twice; the later one counts."""

_NAME = "reprieve-sink"
_STEP = 256


def read_pages(connection: apsw.Connection, take: Take) -> None:
    """Give every page of `connection`'s database to `take`, all of them of one state.

    The pages come in order but for page 1, which comes with the last ones. Its change counter and schema
    cookie are not the database's own.
    """
    vfs = _SinkVfs(take)
    try:
        with closing(apsw.Connection("sink", vfs=_NAME)) as sink:
            sink.pragma("journal_mode", "off")
            sink.pragma("synchronous", "off")
            sink.pragma("cache_size", 64)
            with sink.backup("main", connection, "main") as backup:
                while not backup.done:
                    backup.step(_STEP)
    finally:
        vfs.unregister()


class _SinkVfs(apsw.VFS):
    def __init__(self, take: Take) -> None:
        super().__init__(_NAME, "")
        self.take = take

    def xOpen(self, name: object, flags: list[int]) -> apsw.VFSFile:
        return _SinkFile(self.take)  # type: ignore[return-value]

    def xFullPathname(self, name: str) -> str:
        return name

    def xAccess(self, pathname: str, flags: int) -> bool:
        return False

    def xDelete(self, filename: str, syncdir: bool) -> None:
        return None


class _SinkFile:
    """The methods of apsw.VFSFile, over nothing: it takes locks of nobody and keeps no bytes."""

    def __init__(self, take: Take) -> None:
        self.take = take
        self.size = 0

    def xWrite(self, data: bytes, offset: int) -> None:
        self.take(offset, bytes(data))
        self.size = max(self.size, offset + len(data))

    def xRead(self, amount: int, offset: int) -> bytes:
        return bytes(amount) if offset + amount <= self.size else b""

    def xFileSize(self) -> int:
        return self.size

    def xTruncate(self, newsize: int) -> None:
        self.size = newsize

    def xSync(self, flags: int) -> None:
        return None

    def xLock(self, level: int) -> None:
        return None

    def xUnlock(self, level: int) -> None:
        return None

    def xCheckReservedLock(self) -> bool:
        return False

    def xFileControl(self, op: int, pointer: int) -> bool:
        return False

    def xSectorSize(self) -> int:
        return 4096

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xClose(self) -> None:
        return None
