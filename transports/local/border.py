"""Where the errors of SQLite and of the operating system about a user's database become ours.

Put round what opens one, in a worker; nothing inside sees them turned. Knows which class says what, and
nothing of what was being done.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import apsw

from ...core.errors import BadSource, BadTarget, DatabaseLocked, ReprieveError, StorageError, StorageFull
from .files import is_full, is_out_of_room
from .sqlite_limits import memory_sentence

Refusal = type[BadSource] | type[BadTarget]


@contextmanager
def foreign_errors(doing: str, path: Path, refuse: Refusal) -> Iterator[None]:
    """Say that `doing` `path` failed, as a ReprieveError, whatever library the failure came from.

    `refuse` is what a file is that may not be used as it is.
    """
    try:
        yield
    except OSError as error:
        raise _of_system(error, doing, path, refuse) from error
    except apsw.Error as error:
        raise _of_sqlite(error, doing, path, refuse) from error


def met_a_link(error: apsw.Error) -> bool:
    """Whether SQLite did not open a file since there is a link in its path."""
    return bool(getattr(error, "extendedresult", 0) == apsw.SQLITE_CANTOPEN_SYMLINK)


def _of_system(error: OSError, doing: str, path: Path, refuse: Refusal) -> ReprieveError:
    if is_full(error):
        return StorageFull(
            f"There was no room left {doing} {path} ({error}); make room (or raise the limit) and try again."
        )
    if isinstance(error, PermissionError):
        return refuse(f"The system does not permit {doing} {path} ({error}); change its permissions.")
    if error.errno == errno.ENAMETOOLONG:
        return refuse(
            f"The name of {path} is so long that its -wal or -journal, which SQLite keeps beside it, cannot "
            "be opened; give it a shorter one."
        )
    return StorageError(f"The system failed {doing} {path} ({error}); look at the disk, then try again.")


def _of_sqlite(error: apsw.Error, doing: str, path: Path, refuse: Refusal) -> ReprieveError:
    lost_errno = isinstance(error, apsw.IOError | apsw.CantOpenError) and is_out_of_room(path)
    if isinstance(error, apsw.FullError) or lost_errno:
        return StorageFull(f"There was no room left {doing} {path}; make room, then try again.")
    match error:
        case apsw.BusyError() | apsw.LockedError() | apsw.ProtocolError():
            return DatabaseLocked(f"Another program has {path} locked; close it, then try again.")
        case apsw.ReadOnlyError() | apsw.PermissionsError() | apsw.CantOpenError():
            return refuse(
                f"{path} cannot be opened ({error}): SQLite must be able to write to the file and its "
                "folder, to recover what a crashed program left; change the permissions."
            )
        case apsw.NoMemError():
            return refuse(f"Failed {doing} {path}: it needs {memory_sentence()}. Allow more, and try again.")
    return StorageError(f"SQLite failed {doing} {path} ({error}); look at the disk and at the database.")
