"""The journal's file: made, opened, checked and tidied; and what its errors mean to people.

Knows the schema and how SQLite is set up (WAL, synchronous FULL). Knows nothing of what the tables
are used for; that is ledger.py.
"""

from __future__ import annotations

import os
import sqlite3
import time
from pathlib import Path

from ....core.errors import (
    DatabaseLocked,
    InvalidRequest,
    ReprieveError,
    StorageError,
    StorageFull,
    UpdateRequired,
)
from .. import failpoints
from ..files import is_full, is_out_of_room, is_read_only, sync_folder

VERSION = 1
PATIENCE = 30.0
"""Seconds to wait for another process's transaction; one takes milliseconds."""

NOW = "(julianday('now') - 2440587.5) * 86400.0"
"""The journal's clock, in SQL: seconds since 1970. (`unixepoch('subsec')` needs SQLite 3.42.)"""

FAILPOINTS = ("journal.file.touched", "journal.file.prepared", "journal.file.switched")

KEPT_JOBS = 1000
KEPT_SECONDS = 90 * 86400

SCHEMA = f"""
CREATE TABLE job (
    number INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    database TEXT NOT NULL,
    idempotency_key TEXT UNIQUE,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    active INTEGER NOT NULL DEFAULT 0,
    cancel_asked INTEGER NOT NULL DEFAULT 0,
    settled_at REAL,
    record TEXT NOT NULL,
    progress TEXT
);
CREATE UNIQUE INDEX one_active_job ON job (database) WHERE active;
CREATE UNIQUE INDEX one_restoration ON job (database) WHERE kind = 'restoration' AND settled_at IS NULL;
CREATE INDEX waiting ON job (database) WHERE settled_at IS NULL;
CREATE INDEX owned ON job (owner) WHERE settled_at IS NULL;
CREATE INDEX asked ON job (owner) WHERE cancel_asked AND settled_at IS NULL;
CREATE INDEX of_database ON job (database);
CREATE INDEX settled ON job (settled_at);

CREATE TABLE event (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES job (id) ON DELETE CASCADE,
    what TEXT,
    message TEXT,
    state TEXT NOT NULL,
    owner TEXT NOT NULL,
    fence INTEGER NOT NULL,
    at REAL NOT NULL,
    record TEXT NOT NULL
);
CREATE INDEX of_job ON event (job, seq);

CREATE TABLE owner (id TEXT PRIMARY KEY, lease_until REAL NOT NULL) WITHOUT ROWID;

CREATE TABLE fence (last INTEGER NOT NULL);
INSERT INTO fence VALUES (0);

PRAGMA user_version = {VERSION};
"""


def open_file(path: Path) -> sqlite3.Connection:
    """A connection that writes; the file is made (0600) if it is missing, and old jobs are dropped.

    Dropped are jobs that were settled more than 90 days ago, beyond the newest 1,000. Raises
    UpdateRequired if a newer version of reprieve made the file, StorageError if it is no journal.
    """
    made = _touch(path)
    failpoints.reach("journal.file.touched")
    connection = _connect(path)
    try:
        _prepare(connection, path)
        failpoints.reach("journal.file.prepared")
        _use_wal(connection)
        failpoints.reach("journal.file.switched")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA fullfsync = ON")  # macOS: fsync alone does not reach the disk
        connection.execute("PRAGMA foreign_keys = ON")
        _tidy(connection)
    except BaseException:
        connection.close()
        raise
    if made:
        sync_folder(path.parent)
    return connection


def open_for_reading(path: Path) -> sqlite3.Connection:
    """A second connection, which sees what is committed and never waits for a commit."""
    connection = _connect(path)
    connection.execute("PRAGMA query_only = ON")
    return connection


def error_of(path: Path, error: sqlite3.Error | OSError) -> ReprieveError:
    """What went wrong with the journal's file, as a sentence that says what to do."""
    if isinstance(error, OSError):
        full, locked, damaged = is_full(error), False, False
    else:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF  # the low byte; the others only refine it
        lost_errno = code in (sqlite3.SQLITE_IOERR, sqlite3.SQLITE_CANTOPEN)
        full = code == sqlite3.SQLITE_FULL or (lost_errno and is_out_of_room(path))
        locked = code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED)
        damaged = code in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB)
    if full:
        return StorageFull(f"There is no room left for the journal {path}; free some space and try again.")
    if locked:
        return DatabaseLocked(
            f"Another program has locked the journal {path} for {PATIENCE:.0f} seconds; end it and try again."
        )
    if damaged:
        return _damaged(path, str(error))
    return StorageError(
        f"The journal {path} could not be read or written ({error}); check the disk and the permissions."
    )


def opening_error_of(path: Path, error: sqlite3.Error | OSError) -> ReprieveError:
    """The same, while it was being opened: a folder that is not this user's is a wrong setting."""
    known = error_of(path, error)
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    not_permitted = code in (sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_PERM)
    not_permitted |= isinstance(error, PermissionError | IsADirectoryError) or is_read_only(error)
    if isinstance(known, StorageFull) or not not_permitted:
        return known
    return InvalidRequest(
        f"The journal {path} cannot be opened ({error}); set REPRIEVE_HOME to a folder that this user may "
        "read and write, or change its permissions."
    )


def _damaged(path: Path, detail: str) -> StorageError:
    return StorageError(
        f"The journal {path} is damaged ({detail}). No backup is lost, they are in the store: move this "
        "file away, with its -wal and -shm, and try again; only the history of jobs is gone."
    )


def _touch(path: Path) -> bool:
    """Make the file, private to the user (SQLite gives its -wal and -shm the same mode)."""
    try:
        os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
    except FileExistsError:
        return False
    return True


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=PATIENCE, isolation_level=None, check_same_thread=False)
    # A row whose text was damaged must not hide the others of its query.
    connection.text_factory = lambda text: text.decode("utf-8", "replace")
    return connection


def _prepare(connection: sqlite3.Connection, path: Path) -> None:
    """Make the tables, unless they are there; of several processes that come at once, one does."""
    version = _version(connection)
    if version == 0:
        connection.execute("BEGIN IMMEDIATE")
        version = _version(connection)
        if version == 0:
            if connection.execute("SELECT EXISTS (SELECT 1 FROM sqlite_master)").fetchone()[0]:
                raise _damaged(path, "it is some other SQLite database")
            for statement in SCHEMA.split(";"):
                connection.execute(statement)
            version = VERSION
        connection.execute("COMMIT")
    if version > VERSION:
        raise UpdateRequired(
            f"The journal {path} was made by a newer version of reprieve (its format is {version}, this "
            f"version knows {VERSION}); update reprieve."
        )


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL, once for the life of the file.

    SQLite does not call its busy handler here when two processes switch at the same moment.
    """
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            return
        except sqlite3.OperationalError as error:
            busy = error.sqlite_errorcode & 0xFF == sqlite3.SQLITE_BUSY
            if not busy or time.monotonic() > deadline:
                raise
        time.sleep(0.005)


def _tidy(connection: sqlite3.Connection) -> None:
    """Drop old jobs with their events, and the leases of owners that own nothing. Mostly only looks."""
    old = f"settled_at < {NOW} - {KEPT_SECONDS}"
    if connection.execute(f"SELECT EXISTS (SELECT 1 FROM job WHERE {old})").fetchone()[0]:
        newest = f"(SELECT number FROM job ORDER BY number DESC LIMIT 1 OFFSET {KEPT_JOBS})"
        connection.execute(f"DELETE FROM job WHERE {old} AND number <= {newest}")
    idle = (
        f"lease_until < {NOW} - 3600 "
        "AND NOT EXISTS (SELECT 1 FROM job WHERE owner = owner.id AND settled_at IS NULL)"
    )
    if connection.execute(f"SELECT EXISTS (SELECT 1 FROM owner WHERE {idle})").fetchone()[0]:
        connection.execute(f"DELETE FROM owner WHERE {idle}")
