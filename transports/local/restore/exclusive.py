"""Every lock that SQLite knows on a database, held at once, so that no program reads or writes it meanwhile.

In rollback mode those are PENDING, RESERVED and all SHARED bytes of the main file. A program that has the
database open in WAL mode holds SHARED bytes for as long as it lives; it reads and writes only under the
locks of the wal-index, so all of those are taken instead, while PENDING keeps newcomers out. The order is
SQLite's own: RESERVED before PENDING, or a writer that is about to commit would wait for us and we for it.

The files beside the database belong to the same locks: they are emptied and removed here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager

import attrs

from ....core.errors import BadTarget, DatabaseLocked
from .. import wal_index_header
from ..byte_locks import (
    PENDING,
    RESERVED,
    SHARED,
    WAL_INDEX,
    WAL_INDEX_IN_USE,
    ByteRange,
    holder,
    program,
    try_lock,
    unlock,
)
from ..database_file import beside
from ..failpoints import reach
from ..files import sync, sync_folder, write_at
from ..lost_wal import lost_wal
from .port import Steps, check_cancel
from .target import Target

_TRIED_EVERY = 0.01


@attrs.frozen
class Exclusive:
    """All locks of `target`. `index` is a descriptor of the -shm if programs have it open in WAL mode."""

    target: Target
    index: int | None

    @property
    def in_wal_use(self) -> bool:
        """Whether programs that are waiting have the database open in WAL mode."""
        return self.index is not None

    def user(self) -> int | None:
        """A process that has the database open in WAL mode."""
        return None if self.index is None else holder(self.index, WAL_INDEX_IN_USE)

    def require_wal(self) -> None:
        """Raise BadTarget if the WAL is gone that programs use; the header may be too damaged to say so."""
        if self.in_wal_use and not beside(self.target.path, "-wal").exists():
            raise lost_wal(self.target.path, self.user(), BadTarget)

    def invalidate_index(self) -> None:
        """Make the next program, should this process die, learn from the -wal file what is committed."""
        if self.index is not None:
            write_at(self.index, bytes(wal_index_header.SIZE), 0)

    def remove_side_files(self) -> None:
        """Remove the journal and the WAL, the WAL last; one that programs have open is emptied instead."""
        file = self.target.file
        file.remove_beside("-journal")
        reach("overwrite.side_removed")
        if self.in_wal_use:
            descriptor = file.open_beside("-wal", os.O_RDWR)
            try:
                os.ftruncate(descriptor, 0)
                sync(descriptor)
            finally:
                os.close(descriptor)
        else:
            file.remove_beside("-shm")
            file.remove_beside("-wal")
        sync_folder(file.path.parent)
        reach("overwrite.side_removed")

    def publish_empty_index(self) -> None:
        """Say in the wal-index that the WAL is empty, so that programs read the main file anew."""
        if self.index is not None:
            write_at(self.index, wal_index_header.empty(), 0)


@contextmanager
def exclusive(target: Target, deadline: float, steps: Steps) -> Iterator[Exclusive]:
    """Hold every lock of the target for the block.

    Raises DatabaseLocked, naming who holds one, if they are not to be had within `deadline` seconds;
    CancelAsked if that comes first. No connection of this process may have the target open.
    """
    index = _open_index(target)
    held = _Locks(target.descriptor, index)
    until = time.monotonic() + deadline
    try:
        while (in_wal_use := held.try_all()) is None:
            check_cancel(steps)
            if time.monotonic() >= until:
                raise _refusal(target, held, deadline)
            time.sleep(_TRIED_EVERY)
        yield Exclusive(target, index if in_wal_use else None)
    finally:
        held.release()
        if index is not None:
            os.close(index)


def _open_index(target: Target) -> int | None:
    try:
        return target.file.open_beside("-shm", os.O_RDWR)
    except FileNotFoundError:
        return None
    except OSError as error:
        raise BadTarget(
            f"{beside(target.path, '-shm')} cannot be opened ({error.strerror}); it must be an ordinary file "
            "that this user may write. Look at it, then try again."
        ) from error


def _refusal(target: Target, held: _Locks, deadline: float) -> DatabaseLocked:
    who = program(held.holder() or 0)
    return DatabaseLocked(
        f"{who[0].upper()}{who[1:]} has kept {target.path} locked for {deadline:g} s; close its transaction "
        "(or the program), then try again."
    )


@attrs.define
class _Locks:
    main: int
    index: int | None
    _missing: tuple[int, ByteRange] | None = None

    def try_all(self) -> bool | None:
        """Take what is missing. None: not all could be had; True: programs have it open in WAL mode."""
        if not (self._take(self.main, RESERVED) and self._take(self.main, PENDING)):
            return None
        if not self._take(self.main, SHARED):
            return self._take_index()
        whole = self.index is None or (
            self._take(self.index, WAL_INDEX_IN_USE) and self._take(self.index, WAL_INDEX)
        )
        return False if whole else None

    def _take_index(self) -> bool | None:
        """A program that holds SHARED bytes has the wal-index open, and uses nothing without its locks."""
        if self.index is None or holder(self.index, WAL_INDEX_IN_USE) is None:
            return None
        shared = try_lock(self.index, WAL_INDEX_IN_USE, shared=True)
        return True if shared and self._take(self.index, WAL_INDEX) else None

    def _take(self, descriptor: int, span: ByteRange) -> bool:
        taken = try_lock(descriptor, span)
        if not taken:
            self._missing = descriptor, span
        return taken

    def holder(self) -> int | None:
        """The process that holds the lock that could not be taken last."""
        return None if self._missing is None else holder(*self._missing)

    def release(self) -> None:
        for span in (SHARED, PENDING, RESERVED):
            unlock(self.main, span)
        if self.index is not None:
            for span in (WAL_INDEX, WAL_INDEX_IN_USE):
                unlock(self.index, span)
