"""The file to restore into: where it really is, what it is, and whether there is room.

Each way in which it can be unfit has its own sentence, and is found before anything is touched. What is
inside is asked of SQLite, never guessed from bytes: only SQLite knows of a hot journal.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw
import attrs

from ....core.errors import BadTarget, NotFound, StorageFull
from .. import database_header
from ..byte_locks import RESERVED, SHARED, holder
from ..database_file import SIDE_FILES, beside, require_local
from ..database_file import examine as examine_file
from ..database_header import Header
from ..files import descriptor_of, read_at
from ..held_file import HeldFile, Identity, hold, link_appeared
from ..lost_wal import require_wal
from ..side_files import none_left_behind
from .connections import Patience, live
from .copying import SPAN

_SPARE_PERCENT = 10
_LOOKS = 5
_BETWEEN_LOOKS = 0.02  # a checkpoint that is under way may just be about to make the file as long as it says


@attrs.frozen
class Target:
    """A database file, and a descriptor on it that stays open until every connection is closed.

    (Closing any descriptor on a file drops the locks that this process has on it.)
    """

    file: HeldFile

    @property
    def path(self) -> Path:
        """Where it is, without a link."""
        return self.file.path

    @property
    def descriptor(self) -> int:
        """A descriptor for reading and writing."""
        return self.file.descriptor

    @property
    def identity(self) -> Identity:
        """Device and inode of the file that the descriptor is on."""
        return self.file.identity

    @property
    def bytes(self) -> int:
        """The size of the main file."""
        return os.fstat(self.descriptor).st_size

    def header(self) -> Header | None:
        """The header in the main file; current only under a lock, and never for a WAL's newest."""
        return database_header.read(self.descriptor)

    def require_in_place(self) -> None:
        """Raise BadTarget if another file or folder has taken the place of the one that was opened."""
        self.file.require_in_place()


@attrs.frozen
class Shape:
    """What SQLite says of a database. `empty`: no page yet, so any shape can come."""

    page_size: int
    encoding: str
    wal: bool
    empty: bool


def locate(target: Path, *, force: bool, resolved: bool = False) -> Path:
    """The real path of the file to restore into; links are followed once, here, unless that was done before.

    Raises BadTarget for whatever `database_file.examine` refuses (`force` allows a network file system), a
    link to nothing, or a folder that may not be written; NotFound if that folder does not exist.
    """
    path = Path(os.path.realpath(target))
    if resolved and path != target:
        raise link_appeared(target, BadTarget)
    if os.path.exists(path):
        path = examine_file(path, as_source=False, force=force, resolved=True).path
    elif target.is_symlink():
        raise BadTarget(f"{target} is a link to {path}, which does not exist; name the database itself.")
    elif not os.path.isdir(path.parent):
        raise NotFound(f"The folder {path.parent} does not exist; make it, then restore {path.name} into it.")
    if not os.access(path.parent, os.W_OK | os.X_OK):
        raise BadTarget(f"You may not write into the folder {path.parent}; change its permissions.")
    if not path.exists():
        require_local(path.parent, path, BadTarget, force)
        _require_no_remains(path)
    return path


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
    with hold(path, BadTarget, os.O_RDWR) as file:
        yield Target(file)


def examine(target: Target, patience: Patience) -> Shape | None:
    """What SQLite makes of the target; None if only its bytes can be kept and replaced.

    So it is with a file that is no database (or an encrypted one), whose schema SQLite cannot read, which
    lacks pages, or has content behind its last one, or beside which something lies that SQLite would merge
    into it. Raises DatabaseLocked if it cannot be read before the patience ends.
    """
    require_wal(target.path, target.descriptor, target.header(), BadTarget)
    if _left_by_a_crash(target) or _lacks_pages(target):
        return None
    try:
        with (
            none_left_behind(target.path),
            live(target.file, patience) as connection,
            patience.explained(target.path),
        ):
            connection.execute("BEGIN")
            connection.pragma("schema_version")
            shape = Shape(
                page_size=int(str(connection.pragma("page_size"))),
                encoding=str(connection.pragma("encoding")),
                wal=connection.pragma("journal_mode") == "wal",
                empty=connection.pragma("page_count") == 0,
            )
            connection.pragma("cache_size")  # which reads the schema
            pages = int(str(connection.pragma("page_count")))
            tail = not shape.empty and _has_tail(target, pages * shape.page_size)
            connection.execute("ROLLBACK")
            return None if tail else shape
    except (apsw.NotADBError, apsw.CorruptError, apsw.SQLError, apsw.FormatError):
        return None


def _left_by_a_crash(target: Target) -> bool:
    """Whether a hot journal, or a WAL that no program uses, lies beside it.

    It may be another database's. SQLite would merge it in, and then no copy could tell what was there.
    """
    if _starts_with_content(beside(target.path, "-journal")):
        return holder(target.descriptor, RESERVED) is None
    return _size_of(beside(target.path, "-wal")) > 0 and holder(target.descriptor, SHARED) is None


def _lacks_pages(target: Target) -> bool:
    """Whether the main file was emptied or cut off, which SQLite does not see where there is a WAL.

    It deletes the WAL of an emptied one, and takes from that of another how many pages there are.
    """
    wal = beside(target.path, "-wal")
    for _ in range(_LOOKS):
        header = target.header()  # before the size: a checkpoint writes that last
        needed = header.page_count * header.page_size if header is not None and header.counts_pages else 1
        if target.bytes >= needed or not os.path.lexists(wal):
            return False
        time.sleep(_BETWEEN_LOOKS)
    return True


def _size_of(path: Path) -> int:
    try:
        return os.lstat(path).st_size
    except FileNotFoundError:
        return 0


def _starts_with_content(path: Path) -> bool:
    """Whether a file is there whose first byte says something (a journal that is over may be all zeros)."""
    try:
        with descriptor_of(path) as descriptor:
            return read_at(descriptor, 1, 0) not in (b"", b"\0")
    except FileNotFoundError:
        return False


def _has_tail(target: Target, end: int) -> bool:
    """Whether anything but zeros lies behind the last page, the one that SQLite sees or the file names."""
    size = target.bytes  # before the header: a checkpoint writes that first
    header = target.header()
    if header is not None:
        end = max(end, header.page_count * header.page_size)
    while end < size:
        data = read_at(target.descriptor, SPAN, end)
        if any(data):
            return True
        end += len(data) or size
    return False


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
