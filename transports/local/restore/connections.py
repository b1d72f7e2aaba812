"""SQLite connections for the two kinds of file that a restore opens: an image, and a live database.

Both are hardened (an image is hostile input, and a live database may hold what came out of one):
no trusted schema, no extensions, no attached files, cell sizes checked. apsw throughout, so that one
SQLite library is in this process.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path

import apsw

from ....core.errors import DatabaseLocked
from ..border import met_a_link
from ..files import wal_is_empty
from ..held_file import HeldFile, link_appeared
from ..sqlite_limits import limit_memory
from .port import CancelAsked, Steps

_LOOKED_EVERY = 0.01


class Patience:
    """A busy handler that waits up to `deadline` seconds, and not at all once a cancel is asked.

    One call of SQLite's own waits with PENDING held, so that new readers cannot starve it.
    """

    def __init__(self, deadline: float, steps: Steps) -> None:
        self.deadline = deadline
        self.steps = steps
        self._until: float | None = None

    def __call__(self, already: int) -> bool:
        now = time.monotonic()
        if self._until is None or already == 0:
            self._until = now + self.deadline
        if now >= self._until or self.steps.cancelled():
            return False
        time.sleep(_LOOKED_EVERY)
        return True

    @contextmanager
    def explained(self, path: Path) -> Iterator[None]:
        """Turn SQLite's BUSY into CancelAsked, or into DatabaseLocked with the whole sentence."""
        try:
            yield
        except apsw.BusyError:
            if self.steps.cancelled():
                raise CancelAsked from None
            raise DatabaseLocked(
                f"Another program has kept {path} locked for {self.deadline:g} s; close its transaction "
                "(or the program), then try again."
            ) from None


@contextmanager
def live(file: HeldFile, patience: Patience) -> Iterator[apsw.Connection]:
    """A connection to a database that others may be using: to the very file that is held.

    Closing it as the last user does not checkpoint; whoever wants that calls `checkpoint_on_close`.
    """
    path = file.path
    with _open_live(file) as connection:
        connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1)
        connection.set_busy_handler(patience)
        with patience.explained(path):
            # EXTRA is FULL, and also syncs the folder when a rollback journal goes: that is the commit.
            connection.pragma("synchronous", "extra")
        try:
            yield connection
        finally:
            if wal_is_empty(path):
                checkpoint_on_close(connection)  # nothing to fold in, and no file of ours is left behind


def checkpoint_on_close(connection: apsw.Connection) -> None:
    """Let the close of `connection` do what SQLite's last user does: fold the WAL in and remove it."""
    connection.config(apsw.SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0)


@contextmanager
def image(path: Path) -> Iterator[apsw.Connection]:
    """A connection to a file that nobody changes; it makes no file beside it, and takes no lock."""
    with _open(path.as_uri() + "?immutable=1", apsw.SQLITE_OPEN_READONLY) as connection:
        yield connection


@contextmanager
def _open_live(file: HeldFile) -> Iterator[apsw.Connection]:
    flags = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOFOLLOW
    opened = file.opened_by_name()
    try:
        with ExitStack() as stack:
            with opened:
                connection = stack.enter_context(_open(file.path.as_uri(), flags))
            yield connection
    except apsw.CantOpenError as error:
        if met_a_link(error):
            raise link_appeared(file.path, file.refuse) from None
        raise


@contextmanager
def _open(uri: str, flags: int) -> Iterator[apsw.Connection]:
    limit_memory()
    with closing(apsw.Connection(uri, flags=flags | apsw.SQLITE_OPEN_URI)) as connection:
        connection.config(apsw.SQLITE_DBCONFIG_DEFENSIVE, 1)
        connection.config(apsw.SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0)
        connection.limit(apsw.SQLITE_LIMIT_ATTACHED, 0)
        connection.pragma("cell_size_check", 1)
        yield connection
