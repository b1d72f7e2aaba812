"""Databases whose schemas need words that only their own program has; and that program's words."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import cast

import apsw


def supply_words(connection: apsw.Connection) -> None:
    """What the program has and SQLite has not: a function, a collation, a tokenizer and a module."""
    connection.create_scalar_function("mine", lambda *values: values[0], deterministic=True)
    connection.create_collation("odd", lambda one, two: (one > two) - (one < two))
    connection.register_fts5_tokenizer("ours", lambda *_: _words)
    connection.create_module("ourmodule", cast("apsw.VTModule", _Module()))


def _words(text: bytes, _flags: int, _locale: str | None) -> list[str]:
    return text.decode(errors="replace").split() or ["nothing"]


class _Module:
    """A module of virtual tables; none of them is ever read."""

    def Create(
        self, connection: apsw.Connection, modulename: str, databasename: str, tablename: str, *args: object
    ) -> tuple[str, apsw.VTTable]:
        return "CREATE TABLE x(a)", cast("apsw.VTTable", _Table())

    Connect = Create


class _Table:
    def Disconnect(self) -> None: ...

    Destroy = Disconnect

    def BestIndex(self, _constraints: object, _orders: object) -> None: ...


def create(path: Path, statements: Sequence[str], *settings: str) -> Path:
    """A database made by that program."""
    with closing(apsw.Connection(str(path))) as connection:
        supply_words(connection)
        for setting in settings:
            connection.execute(f"PRAGMA {setting}").fetchall()
        for statement in statements:
            connection.execute(statement)
    return path


def rows(table: str, columns: str, count: int, values: str = "'name ' || n") -> str:
    """Insert `count` rows."""
    series = f"WITH RECURSIVE s(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM s WHERE n < {count})"
    return f"{series} INSERT INTO {table}({columns}) SELECT {values} FROM s"
