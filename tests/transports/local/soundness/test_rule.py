"""What the rule finds in files with one known fault, and how a check ends that cannot be finished."""

from __future__ import annotations

import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import apsw
import pytest

from reprieve.core.errors import BadSource
from reprieve.transports.local.snapshot.take import take
from reprieve.transports.local.soundness import find_damage
from reprieve.transports.local.soundness.sentences import UNFINISHED, UNREADABLE_SCHEMA
from reprieve.transports.local.sqlite_limits import VARIABLE
from tests.transports.local.snapshot.live import MemorySink

from .foreign import create, rows
from .mutations import ORDINARY
from .page_walk import number

SIZE = 512
ROOT = Path(__file__).parents[4]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return create(tmp_path / "a.db", ORDINARY, f"page_size={SIZE}")


def check(path: Path) -> tuple[str, ...]:
    data = path.read_bytes()
    size = number(data, 16, 2)
    return find_damage(lambda offset, amount: data[offset : offset + amount], size, len(data) // size)


def root_of(path: Path, name: str) -> int:
    with closing(sqlite3.connect(path)) as connection:
        (root,) = connection.execute("SELECT rootpage FROM sqlite_schema WHERE name = ?", (name,)).fetchone()
    return int(root)


def write(path: Path, page: int, at: int, data: bytes) -> None:
    with path.open("r+b") as file:
        file.seek((page - 1) * SIZE + at)
        file.write(data)


def with_schema(path: Path, change: str) -> None:
    with closing(apsw.Connection(str(path))) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        connection.execute(f"UPDATE sqlite_schema SET {change}")


def first_child(path: Path, page: int) -> int:
    data = path.read_bytes()[(page - 1) * SIZE : page * SIZE]
    return number(data, number(data, 12, 2))


# -- damage -----------------------------------------------------------------------------------------


def foreign_leaf(path: Path) -> None:
    """A leaf of an index becomes an empty one of a table: SQLite's walk takes it for a sound page."""
    leaf = first_child(path, root_of(path, "by_title"))
    write(path, leaf, 0, bytes([13, 0, 0, 0, 0, 2, 0, 0]))


def exchanged_roots(path: Path) -> None:
    note, index = root_of(path, "note"), root_of(path, "by_title")
    with_schema(path, f"rootpage = {note + index} - rootpage WHERE name IN ('note', 'by_title')")


def page_count(path: Path) -> None:
    count = path.stat().st_size // SIZE
    write(path, 1, 28, (count + 1).to_bytes(4, "big"))


def page_in_use_is_free(path: Path) -> None:
    trunk = number(path.read_bytes(), 32)
    write(path, trunk, 8, root_of(path, "note").to_bytes(4, "big"))


def count_of_free_pages(path: Path) -> None:
    write(path, 1, 36, (3).to_bytes(4, "big"))


DAMAGES: list[tuple[Callable[[Path], None], str]] = [
    (foreign_leaf, "not of the kind of the tree"),
    (exchanged_roots, "of another kind"),
    (page_count, "its header says"),
    (page_in_use_is_free, "2nd reference"),
    (count_of_free_pages, "should be 3"),
]


@pytest.mark.parametrize(("harm", "message"), DAMAGES)
@pytest.mark.parametrize("view", ["", "CREATE VIEW first AS SELECT 1"])
def test_damage_is_found_in_an_image_and_beside_its_reading(
    path: Path, harm: Callable[[Path], None], message: str, view: str
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(view)
    harm(path)

    assert message in "; ".join(check(path))
    with pytest.raises(BadSource, match="is damaged"):
        take(path, MemorySink(), cancelled=lambda: False)
    assert take(path, MemorySink(), cancelled=lambda: False, force=True).problems


def test_a_view_that_comes_first_does_not_hide_the_free_list(path: Path) -> None:
    """SQLite's own check would see only the order of keys then."""
    with closing(sqlite3.connect(path)) as connection:
        for number_of_view in range(5):
            connection.execute(f"CREATE VIEW v{number_of_view} AS SELECT 1")
    page_in_use_is_free(path)

    assert any("2nd reference" in problem for problem in check(path))


def test_a_schema_of_a_newer_sqlite_is_named_as_that(path: Path) -> None:
    with_schema(path, "sql = sql || ' APPENDONLY' WHERE name = 'tag'")

    (problem,) = check(path)

    assert problem.startswith(UNREADABLE_SCHEMA)
    with pytest.raises(BadSource, match=r"made by a newer SQLite.*Update reprieve"):
        take(path, MemorySink(), cancelled=lambda: False)


def test_an_unreadable_schema_hides_no_damage(path: Path) -> None:
    page_in_use_is_free(path)
    with_schema(path, "sql = sql || ' APPENDONLY' WHERE name = 'tag'")

    assert "2nd reference" in check(path)[0]


# -- checks that end early ----------------------------------------------------------------------------


def too_long_a_view(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE VIEW long AS SELECT '{'x' * (17 << 20)}'")
        connection.commit()


def test_a_check_that_cannot_be_finished_can_be_forced(path: Path) -> None:
    too_long_a_view(path)

    (problem,) = check(path)

    assert problem.startswith(UNFINISHED)
    with pytest.raises(BadSource, match="could not be checked"):
        take(path, MemorySink(), cancelled=lambda: False)
    assert (problem,) == take(path, MemorySink(), cancelled=lambda: False, force=True).problems


def test_memory_is_limited_and_the_limit_has_a_name(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"CREATE VIEW long AS SELECT '{'x' * (8 << 20)}'")
    monkeypatch.setenv(VARIABLE, "6")

    (problem,) = check(path)
    monkeypatch.delenv(VARIABLE)

    assert f"{UNFINISHED}it needs more than the 6 MiB of memory that {VARIABLE} allows a worker" == problem
    assert () == check(path)


class Stop(Exception):
    pass


def test_what_the_reading_raises_ends_the_check(path: Path) -> None:
    data = path.read_bytes()
    for last in (0, 1, 3, 10, 30):
        reads = iter(range(last))

        def read(offset: int, amount: int, reads: Iterator[int] = reads) -> bytes:
            if next(reads, None) is None:
                raise Stop
            return data[offset : offset + amount]

        with pytest.raises(Stop):
            find_damage(read, SIZE, len(data) // SIZE)


def test_a_newer_write_version_is_read(path: Path) -> None:
    write(path, 1, 18, b"\x03\x01")

    assert () == take(path, MemorySink(), cancelled=lambda: False).problems
    assert () == check(path)


def test_a_newer_schema_format_is_a_bad_source(path: Path) -> None:
    write(path, 1, 47, b"\x09")

    with pytest.raises(BadSource, match="newer SQLite"):
        take(path, MemorySink(), cancelled=lambda: False)
    assert check(path)[0].startswith(UNREADABLE_SCHEMA)


PEAK = """
import resource, sys
from pathlib import Path
from reprieve.transports.local.snapshot.take import take
from tests.transports.local.snapshot.live import MemorySink
from tests.transports.local.soundness.test_rule import check
path = Path(sys.argv[1])
assert () == check(Path(sys.argv[2]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
assert () == check(path) == take(path, MemorySink(), cancelled=lambda: False).problems
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) >> 10)
"""


@pytest.mark.needs("linux")  # elsewhere ru_maxrss has another unit, or there is none
def test_what_a_schema_has_computed_takes_no_memory(tmp_path: Path, path: Path) -> None:
    hostile = create(tmp_path / "hostile.db", ["CREATE TABLE t(a, b AS (1) NOT NULL)", rows("t", "a", 2000)])
    expression = "length(replace(hex(zeroblob(20000000)), '0', 'xxxxxxxxxxxxxxxxxxxx'))"
    with_schema(hostile, f"sql = replace(sql, '(1)', '({expression.replace(chr(39), chr(39) * 2)})')")

    ran = subprocess.run(
        [sys.executable, "-c", PEAK, hostile, path], capture_output=True, text=True, check=True, cwd=ROOT
    )

    assert int(ran.stdout) < 64
