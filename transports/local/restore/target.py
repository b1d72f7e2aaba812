"""The file to restore into: where it really is, what it is, and whether there is room.

Each way in which it can be unfit has its own sentence, and is found before anything is touched. What is
inside is asked of SQLite, never guessed from bytes: only SQLite knows of a hot journal.
"""

from __future__ import annotations

import os
import shutil
import stat
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import attrs

from ....core.errors import BadTarget, NotFound, StorageFull
from .connections import Patience, live
from .files import open_existing, read_at
from .header import SIZE, Header

SIDE_FILES = ("-wal", "-shm", "-journal")
_SPARE_PERCENT = 10


@attrs.frozen
class Target:
    """A database file, and a descriptor on it that stays open until every connection is closed.

    (Closing any descriptor on a file drops the locks that this process has on it.)
    """

    path: Path
    descriptor: int

    @property
    def identity(self) -> tuple[int, int]:
        """Device and inode of the file that the descriptor is on."""
        status = os.fstat(self.descriptor)
        return status.st_dev, status.st_ino

    @property
    def bytes(self) -> int:
        """The size of the main file."""
        return os.fstat(self.descriptor).st_size

    def header(self) -> Header | None:
        """The header in the main file; current only under a lock, and never for a WAL's newest."""
        return Header.parse(read_at(self.descriptor, SIZE, 0))

    def require_in_place(self) -> None:
        """Raise BadTarget if another file has taken the place of the one that was opened."""
        try:
            status = os.stat(self.path)
        except FileNotFoundError:
            status = None
        if status is None or (status.st_dev, status.st_ino) != self.identity:
            raise BadTarget(
                f"Another program replaced {self.path} meanwhile; nothing was restored. Try again "
                "once it is done."
            )


@attrs.frozen
class Shape:
    """What SQLite says of a database. `empty`: no page yet, so any shape can come."""

    page_size: int
    encoding: str
    wal: bool
    empty: bool


def beside(path: Path, suffix: str) -> Path:
    """The name of a file that SQLite keeps beside the database at `path`."""
    return path.with_name(path.name + suffix)


def locate(target: Path) -> Path:
    """The absolute path of the file to restore into, a link followed once.

    Raises BadTarget for a folder, a special file, a file with several names, a link to nothing, or missing
    permissions; NotFound if the folder of a missing target does not exist.
    """
    path = Path(os.path.realpath(target)) if target.is_symlink() else Path(os.path.abspath(target))
    if target.is_symlink() and not path.exists():
        raise BadTarget(f"{target} is a link to {path}, which does not exist; name the database itself.")
    if not path.parent.is_dir():
        raise NotFound(f"The folder {path.parent} does not exist; make it, then restore {path.name} into it.")
    if path.exists():
        _require_plain_file(path)
    else:
        _require_no_remains(path)
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadTarget(f"You may not write into the folder {path.parent}; change its permissions.")
    return path


def _require_plain_file(path: Path) -> None:
    status = path.stat()
    if stat.S_ISDIR(status.st_mode):
        raise BadTarget(f"{path} is a folder; name the database file in it.")
    if not stat.S_ISREG(status.st_mode):
        raise BadTarget(f"{path} is not an ordinary file (a device, pipe or socket); name a database file.")
    if status.st_nlink > 1:
        raise BadTarget(
            f"{path} has {status.st_nlink} names (hard links), and SQLite cannot keep them apart; "
            "remove the others first."
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise BadTarget(f"You may not read and write {path}; change its permissions.")


def _require_no_remains(path: Path) -> None:
    for suffix in SIDE_FILES:
        remains = beside(path, suffix)
        if remains.exists():
            raise BadTarget(
                f"{path} does not exist, but {remains.name} lies beside it and would be mixed into what is "
                f"restored; move {remains.name} away first."
            )


@contextmanager
def held(path: Path) -> Iterator[Target]:
    """The target, with its descriptor open for as long as the block lasts."""
    descriptor = open_existing(path)
    try:
        yield Target(path, descriptor)
    finally:
        os.close(descriptor)


def examine(target: Target, patience: Patience) -> Shape | None:
    """What SQLite makes of the target; None if it is no database (or an encrypted one).

    Raises DatabaseLocked if it cannot be read before the patience ends.
    """
    try:
        with live(target.path, patience) as connection, patience.explained(target.path):
            connection.pragma("schema_version")
            return Shape(
                page_size=int(str(connection.pragma("page_size"))),
                encoding=str(connection.pragma("encoding")),
                wal=connection.pragma("journal_mode") == "wal",
                empty=connection.pragma("page_count") == 0,
            )
    except apsw.NotADBError:
        return None


def require_space(needs: Iterable[tuple[Path, int]]) -> None:
    """Raise StorageFull unless each folder's file system has room for all its bytes and 10 % more."""
    asked: dict[int, tuple[Path, int]] = {}
    for folder, size in needs:
        device = os.stat(folder).st_dev
        first, already = asked.get(device, (folder, 0))
        asked[device] = (first, already + size)
    for folder, size in asked.values():
        wanted = size * (100 + _SPARE_PERCENT) // 100
        free = shutil.disk_usage(folder).free
        if free < wanted:
            raise StorageFull(
                f"The restoration needs {wanted} bytes on the file system of {folder} for the fetched "
                f"backup, the undo copy and the change itself, and {free} are free; make room and try again."
            )
