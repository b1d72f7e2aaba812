"""The registered databases: those that their owner has named, and where the backups of each go.

One JSON file, replaced whole under a lock. A database is known by its canonical path, and by device and
inode, so that a service can hold a path to the file that was meant. Opens no database.
"""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path
from stat import S_ISREG
from typing import Any

import attrs

from ...core.errors import InvalidRequest, NotFound, StorageError
from .files import write_at, written
from .home import Home, unusable
from .names import canonical_database, canonical_store, without_secret
from .os_lock import OsLock

FORMAT = 1
PATIENCE = 10.0
"""Seconds to wait for another process that changes the list."""


@attrs.frozen
class RegisteredDatabase:
    """One database that its owner has named. `device` and `inode` are those of its file at that time."""

    path: str
    store: str
    device: int
    inode: int
    registered: datetime

    def is_the_file(self, status: os.stat_result) -> bool:
        """Whether this is still the file that was registered."""
        return (self.device, self.inode) == (status.st_dev, status.st_ino)


@attrs.frozen
class RegisteredDatabases:
    """The list of one user. Several processes may change it at once."""

    home: Home

    def all(self) -> tuple[RegisteredDatabase, ...]:
        """Every registered database, by path. Raises StorageError if the list cannot be read."""
        path = self.home.databases
        try:
            said = json.loads(path.read_text("utf-8"))
            if said["format"] != FORMAT:
                raise ValueError(said["format"])
            return tuple(_database_of(record) for record in said["databases"])
        except FileNotFoundError:
            return ()
        except OSError as error:
            raise unusable(f"The list of databases {path}", error) from error
        except (ValueError, KeyError, TypeError) as error:
            raise StorageError(
                f"The list of databases {path} makes no sense. Remove it, then register them again."
            ) from error

    def find(self, database: str) -> RegisteredDatabase | None:
        """The database at this path, if it is registered."""
        path = canonical_database(database)
        return next((known for known in self.all() if known.path == path), None)

    def register(self, database: str, store: str | None = None) -> RegisteredDatabase:
        """Put a database on the list, or give one on it another store or file; None keeps its store.

        Writes nothing where nothing changes. Raises NotFound where there is no file, InvalidRequest where
        it is none, StorageError.
        """
        path = canonical_database(database)
        status = _regular_file(path)
        known = self.find(path)
        where = known.store if known and store is None else canonical_store(store)
        if known and known.store == where and known.is_the_file(status):
            return known
        fresh = RegisteredDatabase(path, where, status.st_dev, status.st_ino, datetime.now(UTC))
        with self._locked():
            others = (other for other in self.all() if other.path != path)
            self._write((*others, fresh))
        return fresh

    def require_no_link(self, database: str) -> None:
        """Raise InvalidRequest if a link has appeared in the path of a database since it was registered.

        That path was resolved then, and shown; what it leads to now is not what its owner registered.
        """
        named = os.path.abspath(os.path.expanduser(database))
        if named == canonical_database(database):
            return
        if any(known.path == named for known in self.all()):
            raise InvalidRequest(
                f"A link has appeared in the path {named} since it was registered, and is not followed. Look "
                "at who made it; then remove it, or register the database that it leads to."
            )

    def unregister(self, database: str) -> RegisteredDatabase:
        """Take a database off the list; its file and its backups stay. Raises NotFound."""
        path = canonical_database(database)
        with self._locked():
            listed = self.all()
            found = next((known for known in listed if known.path == path), None)
            if found is None:
                raise NotFound(f"{path} is not registered; `reprieve databases` lists those that are.")
            self._write(tuple(known for known in listed if known is not found))
        return found

    def _locked(self) -> OsLock:
        lock = OsLock(self.home.databases.with_suffix(".lock"))
        lock.acquire(PATIENCE)
        return lock

    def _write(self, databases: tuple[RegisteredDatabase, ...]) -> None:
        path = self.home.databases
        listed = [_record_of(database) for database in sorted(databases, key=lambda one: one.path)]
        text = json.dumps({"format": FORMAT, "databases": listed}, indent=2)
        try:
            with written(path, "databases") as descriptor:
                write_at(descriptor, text.encode(), 0)
        except OSError as error:
            raise unusable(f"The list of databases {path}", error) from error


def _regular_file(path: str) -> os.stat_result:
    try:
        status = Path(path).stat()
    except FileNotFoundError as error:
        raise NotFound(f"There is no file {path}; check the path.") from error
    except OSError as error:
        raise InvalidRequest(f"{path} cannot be looked at: {error.strerror}.") from error
    if not S_ISREG(status.st_mode):
        raise InvalidRequest(f"{path} is no file; name a database file.")
    return status


def _record_of(database: RegisteredDatabase) -> dict[str, object]:
    return {**attrs.asdict(database), "registered": database.registered.isoformat()}


def _database_of(record: dict[str, Any]) -> RegisteredDatabase:
    """A store's URL with a secret, which earlier versions kept, is not shown, and cannot be used."""
    known = {
        "store": without_secret(record["store"]),
        "registered": datetime.fromisoformat(record["registered"]),
    }
    return RegisteredDatabase(**{**record, **known})
