"""The connection that holds the snapshot still: how it is opened, locked and asked for its shape.

It never writes, but it lets SQLite roll back the journal of a crashed writer, as any program that opens the
database would. What SQLite says of a source that it cannot read is said here; border.py says the rest.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext

import apsw
import attrs

from ....core.errors import FORCE_IT, BadSource, DatabaseLocked, ReprieveError
from .. import database_header
from ..border import foreign_errors, met_a_link
from ..file_systems import is_read_only
from ..files import wal_is_empty
from ..held_file import link_appeared
from ..side_files import none_left_behind
from ..sqlite_limits import limit_memory
from .request import Request

_NO_CHECKPOINT = apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE


@attrs.frozen
class Shape:
    """What SQLite says of the database in the transaction that is open. `wal`: it is in WAL mode."""

    page_size: int
    page_count: int
    encoding: str
    wal: bool

    @property
    def journal_mode(self) -> str:
        """`wal` or `rollback` (which kind of rollback journal, each connection chooses for itself)."""
        return "wal" if self.wal else "rollback"


@contextmanager
def connected(request: Request) -> Iterator[apsw.Connection]:
    """A connection of its own to the source; closing it leaves the files as they are.

    What SQLite raises inside the `with` block leaves it as a ReprieveError about the source.

    It is opened for writing, since a read-only one fails on a crashed writer's journal; `query_only`
    keeps it from changing content, and NO_CKPT_ON_CLOSE from checkpointing a crashed program's WAL.
    """
    with none_left_behind(request.path), _translated(request):
        connection = _open(request)
        try:
            connection.config(_NO_CHECKPOINT, 1)
            connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
            connection.set_busy_handler(request.patience())
            connection.execute("PRAGMA query_only=ON")
            connection.execute("PRAGMA cell_size_check=ON")
            # A schema that cannot be parsed does not stop the reading; judging it is the check's part.
            connection.execute("PRAGMA writable_schema=ON")
            limit_memory()
            yield connection
        finally:
            if wal_is_empty(request.path):
                # Nothing can be checkpointed, and an ordinary close removes the -wal and -shm that we made.
                connection.config(_NO_CHECKPOINT, 0)
            connection.close()


def _open(request: Request) -> apsw.Connection:
    """A connection to the very file that is meant.

    A database in WAL mode on a read-only file system, which SQLite cannot open since it may make no -shm, is
    opened as one that does not change: that it did not change is verified, as without a lock.
    """
    name, flags = request.path.as_uri(), apsw.SQLITE_OPEN_READWRITE
    if _needs_no_lock(request):
        name, flags = f"{name}?immutable=1", apsw.SQLITE_OPEN_READONLY
    with request.held.opened_by_name() if request.held else nullcontext():
        return apsw.Connection(name, flags=flags | apsw.SQLITE_OPEN_URI | apsw.SQLITE_OPEN_NOFOLLOW)


def _needs_no_lock(request: Request) -> bool:
    if not (request.held and is_read_only(request.path)):
        return False
    header = database_header.read(request.held.descriptor)
    merged = not any(_has_content(f"{request.path}{suffix}") for suffix in ("-wal", "-journal"))
    return header is not None and header.wal and merged


def _has_content(path: str) -> bool:
    try:
        return os.stat(path).st_size > 0
    except FileNotFoundError:
        return False


def begin(connection: apsw.Connection) -> None:
    """Begin a transaction and read in it, which takes the lock."""
    connection.execute("BEGIN")
    connection.pragma("schema_version")


def rollback(connection: apsw.Connection) -> None:
    """End the transaction, if there is one."""
    if connection.in_transaction:
        connection.execute("ROLLBACK")


def shape(connection: apsw.Connection) -> Shape:
    """The shape of the database in the open transaction."""
    return Shape(
        page_size=connection.pragma("page_size"),
        page_count=connection.pragma("page_count"),
        encoding=connection.pragma("encoding"),
        wal=connection.pragma("journal_mode") == "wal",
    )


@contextmanager
def _translated(request: Request) -> Iterator[None]:
    with foreign_errors("reading", request.path, BadSource):
        try:
            yield
        except apsw.Error as error:
            request.stop_if_cancelled()  # a busy handler that was cancelled looks like a lock
            said = _translate(error, request)
            if said is None:
                raise
            raise said from error


def _translate(error: apsw.Error, request: Request) -> ReprieveError | None:
    """What is worth saying of a source that cannot be read; the border says the rest."""
    path = request.path
    match error:
        case apsw.BusyError() | apsw.LockedError() | apsw.ProtocolError():
            return DatabaseLocked(
                f"{path} was locked by another program for {request.deadline:g} s; "
                f"let it finish what it is doing, or close it, and try again."
            )
        case apsw.NotADBError():
            return BadSource(f"SQLite cannot read {path}: it is encrypted or damaged, or no database.")
        case apsw.CantOpenError() if met_a_link(error):
            return link_appeared(path, BadSource)
        case apsw.CantOpenError() | apsw.ReadOnlyError() if is_read_only(path):
            return BadSource(
                f"{path} is on a read-only file system, and beside it lies what a program had not merged "
                "into it yet. Copy it with its -wal or -journal to a folder that you may write to, and back "
                "up that copy."
            )
        case apsw.CorruptError():
            hint = "copy the file by hand" if request.force else f"{FORCE_IT} to keep it as it is"
            return BadSource(f"{path} is damaged ({error}); repair it (sqlite3 has .recover), or {hint}.")
        case apsw.SQLError() if str(error) == "unsupported file format":
            return BadSource(
                f"{path} has a schema format that this SQLite does not know: it was made by a newer SQLite, "
                "or is damaged; update reprieve."
            )
    return None
