"""Locks on ranges of bytes, as SQLite takes them on a database and on its wal-index, and who holds one.

The one place where fcntl and LockFileEx differ for ranges. Knows descriptors and offsets; must not know what
the files are for. On POSIX systems a lock belongs to the process: closing any descriptor on the file drops
all of them.
"""

from __future__ import annotations

import os
import struct
import sys
from pathlib import Path

import attrs


@attrs.frozen
class ByteRange:
    """`length` bytes from `start`."""

    start: int
    length: int = 1


# https://www.sqlite.org/lockingv3.html
PENDING = ByteRange(0x40000000)
RESERVED = ByteRange(0x40000001)
SHARED = ByteRange(0x40000002, 510)

# https://www.sqlite.org/walformat.html#wal_locks
WAL_INDEX = ByteRange(120, 8)
WAL_INDEX_IN_USE = ByteRange(128)
"""Every connection that has the wal-index open holds this byte, shared ('the dead man's switch')."""


def program(pid: int) -> str:
    """A process as a person knows it: its id, and its name where the system gives it."""
    try:
        name = "".join(filter(str.isprintable, Path(f"/proc/{pid}/comm").read_text(errors="replace")))
    except OSError:
        name = ""
    return f"process {pid} ({name})" if name else f"process {pid}" if pid > 0 else "another process"


if sys.platform == "win32":
    import ctypes
    import msvcrt
    from ctypes import wintypes

    _EXCLUSIVE_NOW, _SHARED_NOW = 3, 1

    class _Overlapped(ctypes.Structure):
        _fields_ = (
            ("Internal", ctypes.c_void_p),
            ("InternalHigh", ctypes.c_void_p),
            ("Offset", wintypes.DWORD),
            ("OffsetHigh", wintypes.DWORD),
            ("hEvent", wintypes.HANDLE),
        )

    def try_lock(descriptor: int, span: ByteRange, *, shared: bool = False) -> bool:
        """Take the lock on `span` if no other process holds one that excludes it."""
        where = _Overlapped(Offset=span.start)
        how = _SHARED_NOW if shared else _EXCLUSIVE_NOW
        handle = msvcrt.get_osfhandle(descriptor)
        taken = ctypes.windll.kernel32.LockFileEx(handle, how, 0, span.length, 0, ctypes.byref(where))
        return bool(taken)

    def unlock(descriptor: int, span: ByteRange) -> None:
        """Release the lock on `span`, if this process holds it."""
        where = _Overlapped(Offset=span.start)
        handle = msvcrt.get_osfhandle(descriptor)
        ctypes.windll.kernel32.UnlockFileEx(handle, 0, span.length, 0, ctypes.byref(where))

    def holder(descriptor: int, span: ByteRange, *, writers_only: bool = False) -> int | None:
        """0 if another process holds a lock in `span` (Windows does not say which), None if none does."""
        if not try_lock(descriptor, span, shared=writers_only):
            return 0
        unlock(descriptor, span)
        return None

else:
    import fcntl

    _BSD_LAYOUT = sys.platform == "darwin" or "bsd" in sys.platform
    _FLOCK = struct.Struct("qqihhi" if _BSD_LAYOUT else "hhqqi4x")

    def try_lock(descriptor: int, span: ByteRange, *, shared: bool = False) -> bool:
        """Take the lock on `span` if no other process holds one that excludes it."""
        how = (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB
        try:
            fcntl.lockf(descriptor, how, span.length, span.start, os.SEEK_SET)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def unlock(descriptor: int, span: ByteRange) -> None:
        """Release the lock on `span`, if this process holds it."""
        fcntl.lockf(descriptor, fcntl.LOCK_UN, span.length, span.start, os.SEEK_SET)

    def holder(descriptor: int, span: ByteRange, *, writers_only: bool = False) -> int | None:
        """The id of another process that holds a lock in `span`; None if none does.

        With `writers_only`, only exclusive locks count. 0 is a process that this one cannot see.
        """
        kind = fcntl.F_RDLCK if writers_only else fcntl.F_WRLCK
        if _BSD_LAYOUT:
            query = _FLOCK.pack(span.start, span.length, 0, kind, os.SEEK_SET, 0)
            _start, _length, pid, found, _whence, _system = _FLOCK.unpack(
                fcntl.fcntl(descriptor, fcntl.F_GETLK, query)
            )
        else:
            query = _FLOCK.pack(kind, os.SEEK_SET, span.start, span.length, 0)
            found, _whence, _start, _length, pid = _FLOCK.unpack(
                fcntl.fcntl(descriptor, fcntl.F_GETLK, query)
            )
        return None if found == fcntl.F_UNLCK else max(pid, 0)
