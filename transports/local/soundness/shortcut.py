"""SQLite's own check on a live connection: native, beside the reading, and believed where it is conclusive.

It is used only where it computes no expression of the schema, so that it cannot be made to take memory, or
to grow deaf to an interrupt. What it cannot answer for, the rule answers.
"""

from __future__ import annotations

import re

import apsw

from .image_vfs import limit_check
from .rule import MOST_FINDINGS, structural

_ROOTS = re.compile(r"\[([1-9]\d*)(,\d+)*\]")
"""The roots that OP_IntegrityCk walks, as EXPLAIN shows them; with 0 as the first, the check is partial."""

_GENERATED = re.compile(r"\bas\b", re.IGNORECASE)
"""What no definition of a generated column can be without."""


def look(connection: apsw.Connection, *, full: bool = False) -> tuple[str, ...] | None:
    """What is damaged; nothing if all is sound; None if SQLite cannot tell here.

    `connection` is a fresh one, in a transaction that holds the database still. `full` looks for rows that
    are missing from indexes, too, which is no damage to the file. Raises what makes the file
    unreadable (a lock, the disk), and InterruptError.
    """
    limit_check(connection)
    connection.execute("PRAGMA writable_schema=RESET")  # from now on it must be possible to parse all of it
    try:
        return _look(connection, full)
    except (apsw.BusyError, apsw.LockedError, apsw.IOError, apsw.InterruptError):
        raise
    except (apsw.Error, MemoryError):
        return None
    finally:
        connection.execute("PRAGMA writable_schema=ON")


def _look(connection: apsw.Connection, full: bool) -> tuple[str, ...] | None:
    connection.drop_modules(None)  # a full-text index may be out of step: that is its program's business
    connection.collation_needed(_any_collation)
    connection.execute("PRAGMA ignore_check_constraints=ON")
    pragma = f"PRAGMA {'integrity_check' if full else 'quick_check'}({MOST_FINDINGS})"
    if not _walks_everything(connection, pragma) or _computes(connection):
        return None
    rows = connection.execute(pragma)
    first = str(next(rows)[0])
    if first == "ok":
        return ()
    if full:
        return (*(structural(first) or (first,)), *(str(found) for (found,) in rows))
    rows.close()
    return structural(first) or None


def find_roots(connection: apsw.Connection) -> list[tuple[int, bool]]:
    """The root pages in the schema, and whether each is an index's: `look` did not compare those."""
    rows = connection.execute("SELECT rootpage, type = 'index' FROM sqlite_schema WHERE rootpage > 1")
    return [(int(str(root)), bool(is_index)) for root, is_index in rows]


def _walks_everything(connection: apsw.Connection, pragma: str) -> bool:
    walks = [row for row in connection.execute(f"EXPLAIN {pragma}") if row[1] == "IntegrityCk"]
    return bool(walks) and _ROOTS.fullmatch(str(walks[0][5])) is not None


def _computes(connection: apsw.Connection) -> bool:
    tables = connection.execute("SELECT sql FROM sqlite_schema WHERE type = 'table' AND sql LIKE '%as%'")
    return any(_GENERATED.search(str(sql)) for (sql,) in tables)


def _any_collation(connection: apsw.Connection, name: str) -> None:
    connection.create_collation(name, lambda left, right: (left > right) - (left < right))
