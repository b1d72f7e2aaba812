"""What was backed up without a mark restores everywhere, whatever words its schema needs.

The schemas are generated: words that only the file's own program has, in every position there is for one.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

import apsw
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import Ending, Source, restore
from reprieve.transports.local.snapshot.take import Method, take
from reprieve.transports.local.soundness import find_damage
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.snapshot.live import MemorySink

from .foreign import create, rows, supply_words

COLUMNS = st.lists(
    st.sampled_from(
        [
            "b TEXT COLLATE odd",
            "c TEXT NOT NULL DEFAULT 'c' CHECK (mine(c) NOT NULL)",
            "d TEXT DEFAULT (mine('d'))",
            "e TEXT AS (mine(a)) VIRTUAL",
            "f TEXT AS (mine(a)) VIRTUAL NOT NULL",
            "g TEXT AS (mine(a)) STORED",
            "h TEXT AS (mine(a) COLLATE odd) STORED NOT NULL",
            "i TEXT UNIQUE COLLATE odd",
            "j INTEGER AS (length(replace(hex(zeroblob(9)), '0', a))) NOT NULL",
        ]
    ),
    unique=True,
    max_size=4,
)
TABLE_OPTIONS = st.sampled_from(["", "STRICT", "WITHOUT ROWID", "STRICT, WITHOUT ROWID"])
OTHERS = st.lists(
    st.sampled_from(
        [
            "CREATE INDEX by_collation ON t(a COLLATE odd)",
            "CREATE INDEX by_function ON t(mine(a), a)",
            "CREATE UNIQUE INDEX by_both ON t(mine(a) COLLATE odd DESC)",
            "CREATE INDEX a_part ON t(a) WHERE mine(a) > 'name 5'",
            "CREATE VIEW a_view_of_nothing AS SELECT * FROM missing",
            "CREATE TRIGGER tr AFTER DELETE ON t BEGIN SELECT mine(old.a); END",
            "CREATE VIRTUAL TABLE w USING fts5(x, tokenize='ours')",
            "CREATE VIRTUAL TABLE aw USING fts5(a, content='t', tokenize='ours')",
            "CREATE VIRTUAL TABLE m USING ourmodule(x)",
            "CREATE VIRTUAL TABLE r USING rtree(id, low, high)",
            "CREATE TABLE more(x COLLATE odd PRIMARY KEY) WITHOUT ROWID",
        ]
    ),
    unique=True,
    max_size=6,
)
MODES = st.sampled_from(["DELETE", "WAL"])
VACUUMS = st.sampled_from([0, 1, 2])


@settings(max_examples=40, deadline=None)
@given(
    columns=COLUMNS,
    options=TABLE_OPTIONS,
    others=OTHERS,
    view_first=st.booleans(),
    mode=MODES,
    vacuum=VACUUMS,
)
def test_what_was_backed_up_without_a_mark_restores_everywhere(
    columns: list[str], options: str, others: list[str], view_first: bool, mode: str, vacuum: int
) -> None:
    table = f"CREATE TABLE t({', '.join(['a TEXT PRIMARY KEY', *columns])}) {options}"
    first = ["CREATE VIEW v AS SELECT mine(a) FROM t ORDER BY 1 COLLATE odd"] if view_first else []
    statements = [*first, table, *others, rows("t", "a", 60)]
    with TemporaryDirectory() as folder:
        path = create(
            Path(folder, "a.db"), statements, "page_size=512", f"auto_vacuum={vacuum}", f"journal_mode={mode}"
        )
        assert_restores_everywhere(path)


def assert_restores_everywhere(path: Path) -> None:
    sink = MemorySink()
    image = take(path, sink, cancelled=lambda: False)
    data, size = bytes(sink.data), image.page_size
    home = Home(path.parent / "home", path.parent / "home")
    new, live = path.with_name("new.db"), path.with_name("live.db")
    create(live, ["CREATE TABLE old(x)"], f"page_size={size}")

    def put(target: Path) -> Ending:
        source = Source(size, len(data), [(0, data)])
        return restore(source, target, job_id=target.stem, home=home, steps=MemorySteps()).ending

    assert () == image.problems
    assert () == find_damage(lambda at, amount: data[at : at + amount], size, image.page_count)
    assert [Ending.RESTORED] * 3 == [put(new), put(live), put(path)]
    assert [schema_of(path)] * 2 == [schema_of(new), schema_of(live)]


def schema_of(path: Path) -> list[tuple[object, ...]]:
    """The schema, once the file's own program has found the file sound."""
    with closing(apsw.Connection(str(path))) as connection:
        supply_words(connection)
        connection.execute("PRAGMA ignore_check_constraints=ON")
        assert [("ok",)] == connection.execute("PRAGMA integrity_check").fetchall()
        return list(connection.execute("SELECT type, name, sql FROM sqlite_schema"))


# -- what is a program's own business ------------------------------------------------------------


def fts_out_of_step(connection: sqlite3.Connection) -> None:
    connection.executescript(
        "CREATE TABLE t(id INTEGER PRIMARY KEY, x); INSERT INTO t VALUES (1, 'one'), (2, 'two');"
        "CREATE VIRTUAL TABLE f USING fts4(content='t', x); INSERT INTO f(f) VALUES ('rebuild');"
        "DELETE FROM t WHERE id = 1"
    )


def broken_constraints(connection: sqlite3.Connection) -> None:
    connection.executescript(
        "CREATE TABLE t(a, b, c); INSERT INTO t VALUES (1, NULL, 'text'), (1, NULL, 'text');"
        "PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a INT CHECK (a > 5), b INT NOT NULL, c INT) STRICT'"
    )


def unknown_icu(connection: sqlite3.Connection) -> None:
    connection.executescript(
        "CREATE VIRTUAL TABLE f USING fts4(x); INSERT INTO f VALUES ('hello'); PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = replace(sql, 'x)', 'x, tokenize=icu en)') WHERE name = 'f'"
    )


def wide_expressions(connection: sqlite3.Connection) -> None:
    connection.executescript(
        "CREATE TABLE t(a, b AS (1) NOT NULL); INSERT INTO t VALUES (1); PRAGMA writable_schema=ON;"
        "UPDATE sqlite_schema SET sql = 'CREATE TABLE t(a, b AS (zeroblob(2000000000)) NOT NULL)'"
    )


def a_large_row(connection: sqlite3.Connection) -> None:
    connection.executescript("CREATE TABLE t(a NOT NULL); INSERT INTO t VALUES (zeroblob(40000000))")


@pytest.mark.parametrize(
    "make", [fts_out_of_step, broken_constraints, unknown_icu, wide_expressions, a_large_row]
)
@pytest.mark.parametrize("method", [Method.PAGES, Method.BACKUP])
def test_a_programs_own_business_is_no_damage(
    tmp_path: Path, make: Callable[[sqlite3.Connection], None], method: Method
) -> None:
    path, sink = tmp_path / "a.db", MemorySink()
    with closing(sqlite3.connect(path)) as connection:
        make(connection)
        connection.commit()

    image = take(path, sink, cancelled=lambda: False, method=method)
    data = bytes(sink.data)

    assert image.problems in ((), None)  # the backup API checks nothing beside its reading
    assert () == find_damage(lambda at, amount: data[at : at + amount], image.page_size, image.page_count)
