"""A WAL that was deleted while a program has the database open in WAL mode.

What the program has committed, and goes on committing, is in a file without a name then. One that opened the
database now would see the content of the last checkpoint, and begin another WAL beside. Opens no database.
"""

from __future__ import annotations

import time
from pathlib import Path

from ...core.errors import BadSource, BadTarget
from .byte_locks import SHARED, holder, program
from .database_file import beside
from .database_header import Header
from .held_file import Refusal

_LOOKS = 5
_BETWEEN_LOOKS = 0.02  # a program that is just opening the database locks it first, and makes its WAL then


def require_wal(path: Path, descriptor: int, header: Header | None, refuse: Refusal) -> None:
    """Raise `refuse` if a program has the database at `path` open in WAL mode, and its WAL is gone."""
    if header is None or not header.wal:
        return
    pid: int | None = None
    for _ in range(_LOOKS):
        # Every user of a WAL holds this lock for as long as it has the database open.
        pid = None if beside(path, "-wal").exists() else holder(descriptor, SHARED)
        if pid is None:
            return
        time.sleep(_BETWEEN_LOOKS)
    raise lost_wal(path, pid, refuse)


def lost_wal(path: Path, pid: int | None, refuse: Refusal) -> BadSource | BadTarget:
    """What is raised where the WAL is gone that process `pid` uses (0 or None: one that cannot be seen)."""
    return refuse(
        f"{beside(path, '-wal')} was deleted while {program(pid or 0)} has the database open: what that "
        "program has written is in no file that another can read. Close it in its ordinary way, so that it "
        "writes that into the database; then try again."
    )
