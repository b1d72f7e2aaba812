"""Where the errors of SQLite and of the operating system become ours; nothing inside sees them turned.

One place for the whole package, put round its public functions.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ....core.errors import BadTarget, DatabaseLocked, ReprieveError, StorageError, StorageFull

_NO_ROOM = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def foreign_errors(doing: str, path: Path) -> Iterator[None]:
    """Say `doing` `path` failed, as a ReprieveError, whatever library the failure came from."""
    try:
        yield
    except OSError as error:
        raise _of_system(error, doing, path) from error
    except apsw.Error as error:
        raise _of_sqlite(error, doing, path) from error


def _of_system(error: OSError, doing: str, path: Path) -> ReprieveError:
    if error.errno in _NO_ROOM:
        return StorageFull(
            f"There was no room left {doing} {path} ({error}); make room (or raise the limit) and try again."
        )
    if isinstance(error, PermissionError):
        return BadTarget(f"The system does not permit {doing} {path} ({error}); change its permissions.")
    return StorageError(f"The system failed {doing} {path} ({error}); look at the disk, then try again.")


def _of_sqlite(error: apsw.Error, doing: str, path: Path) -> ReprieveError:
    if isinstance(error, apsw.FullError):
        return StorageFull(f"There was no room left {doing} {path}; make room, then try again.")
    if isinstance(error, apsw.BusyError | apsw.LockedError):
        return DatabaseLocked(f"Another program has {path} locked; close it, then try again.")
    if isinstance(error, apsw.ReadOnlyError | apsw.PermissionsError | apsw.CantOpenError):
        return BadTarget(
            f"SQLite cannot write {path} ({error}); look at its permissions and at those of its folder."
        )
    return StorageError(f"SQLite failed {doing} {path} ({error}); look at the disk and at the database.")
