"""Asking SQLite whether the database is sound, in the snapshot's own transaction, while it is read.

apsw releases the GIL, so the check runs in a thread beside the reading. It holds the connection: nobody
else may use or close it before the check has ended, which leaving the `with` block makes sure of.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from types import TracebackType

import apsw

from .request import CheckKind

_STEPS_BETWEEN_LOOKS = 100_000
"""Each look takes the interpreter's lock from the thread that reads: with 5,000 a backup took 15 % longer."""


class RunningCheck:
    """quick_check or integrity_check under way on `connection`; of kind `none`, it has nothing to do.

    `sound` is called in its thread if it finds nothing.
    """

    def __init__(self, connection: apsw.Connection, kind: CheckKind, sound: Callable[[], None]) -> None:
        self._connection = connection
        self._sound = sound
        self._pragma = "integrity_check" if kind == "full" else "quick_check"
        self._stop = threading.Event()
        self._error: apsw.Error | None = None
        self._problems: tuple[str, ...] | None = None
        self._thread = threading.Thread(target=self._run, name="check")
        self._wanted = kind != "none"

    def __enter__(self) -> RunningCheck:
        if self._wanted:
            self._connection.set_progress_handler(self._stop.is_set, _STEPS_BETWEEN_LOOKS)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.give_up()

    def ended(self, within: float) -> bool:
        """Whether it has ended; waits for that at most `within` seconds."""
        if self._wanted:
            self._thread.join(within)
        return not self._thread.is_alive()

    def give_up(self) -> None:
        """End it, and return when it has ended; what it found so far is lost."""
        self._stop.set()
        if self._wanted:
            self._thread.join()
            self._connection.set_progress_handler(None)

    @property
    def problems(self) -> tuple[str, ...] | None:
        """What it found: nothing if the database is sound, None if it was given up or not wanted."""
        if self._error:
            raise self._error
        return self._problems

    def _run(self) -> None:
        try:
            self._problems = find_problems(self._connection, self._pragma)
            if not self._problems:
                self._sound()
        except apsw.InterruptError:
            self._problems = None
        except apsw.Error as error:
            self._error = error


def find_problems(connection: apsw.Connection, pragma: str) -> tuple[str, ...]:
    """What the check `pragma` finds: whether the file is sound, not whether the rows keep CHECK constraints.

    A schema may need what only its own program has (a tokenizer, a collation, a function). Then the tables
    are checked one by one, and those that cannot be without it are left out.
    """
    connection.execute("PRAGMA ignore_check_constraints=ON")
    try:
        return _ask(connection, pragma)
    except apsw.SQLError:
        return _table_by_table(connection, pragma)


def _table_by_table(connection: apsw.Connection, pragma: str) -> tuple[str, ...]:
    found: list[str] = []
    names = [name for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'table'")]
    for name in names:
        quoted = '"' + name.replace('"', '""') + '"'
        try:
            found.extend(_ask(connection, f"{pragma}({quoted})"))
        except apsw.SQLError:
            continue
    return tuple(found)


def _ask(connection: apsw.Connection, pragma: str) -> tuple[str, ...]:
    try:
        rows = [row[0] for row in connection.execute(f"PRAGMA {pragma}")]
    except apsw.CorruptError as error:
        return (str(error),)
    return () if rows == ["ok"] else tuple(str(row) for row in rows)
