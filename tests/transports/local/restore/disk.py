"""A layer under the worker's SQLite that passes a failpoint at each write, sync and removal.

`io.NAME.WHAT` is reached when that is done: NAME is main, wal or journal, WHAT write, sync or remove. An
errno of the failpoint becomes SQLite's own error for it.
"""

from __future__ import annotations

import errno

import apsw

from reprieve.transports.local.failpoints import reach

BELOW = apsw.vfs_names()[0]


def install() -> None:
    """Put the layer under every connection that is opened from now on."""
    global _vfs
    _vfs = _Disk()


class _Disk(apsw.VFS):
    def __init__(self) -> None:
        super().__init__("test-disk", BELOW, makedefault=True)

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> apsw.VFSFile:
        return _File(name, flags)

    def xDelete(self, filename: str, syncdir: bool) -> None:
        super().xDelete(filename, syncdir)
        _reach(f"io.{_kind(filename)}.remove")


class _File(apsw.VFSFile):
    def __init__(self, name: str | apsw.URIFilename | None, flags: list[int]) -> None:
        super().__init__(BELOW, name, flags)
        self.kind = _kind(name.filename() if isinstance(name, apsw.URIFilename) else name or "")

    def xWrite(self, data: bytes, offset: int) -> None:
        super().xWrite(data, offset)
        _reach(f"io.{self.kind}.write")

    def xSync(self, flags: int) -> None:
        super().xSync(flags)
        _reach(f"io.{self.kind}.sync")


def _kind(name: str) -> str:
    _, _, suffix = name.rpartition("-")
    return suffix if suffix in ("wal", "journal") else "main"


def _reach(point: str) -> None:
    try:
        reach(point)
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise apsw.FullError(str(error)) from error
        raise apsw.IOError(str(error)) from error


_vfs: _Disk | None = None
