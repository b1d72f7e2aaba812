"""Asking who holds a lock, without taking one. Only imported where there is fcntl."""

from __future__ import annotations

import fcntl
import struct
import sys

PENDING = 0x40000000  # held by a writer that waits for readers: https://www.sqlite.org/lockingv3.html

_BSD_LAYOUT = sys.platform == "darwin" or "bsd" in sys.platform
_FLOCK = struct.Struct("qqihhi" if _BSD_LAYOUT else "hhqqi4x")


def writer_waits(main: int) -> bool:
    """Whether another process waits for the readers of the database to let go of it."""
    if _BSD_LAYOUT:
        asked = _FLOCK.pack(PENDING, 1, 0, fcntl.F_RDLCK, 0, 0)
        kind = _FLOCK.unpack(fcntl.fcntl(main, fcntl.F_GETLK, asked))[3]
    else:
        asked = _FLOCK.pack(fcntl.F_RDLCK, 0, PENDING, 1, 0)
        kind = _FLOCK.unpack(fcntl.fcntl(main, fcntl.F_GETLK, asked))[0]
    return bool(kind == fcntl.F_WRLCK)
