"""Path C: over files that SQLite cannot read or should not touch, also while programs have them open.

What was there comes back byte for byte, with what lay beside it; the file stays the same file.
"""

from __future__ import annotations

import os
import sqlite3
import stat
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reprieve.core.errors import BadTarget, DatabaseLocked
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import Ending, Settled, restore, revert
from reprieve.transports.local.undo_catalogue import list_undo
from tests.support.actor import Actor
from tests.support.databases import NEW, OLD, content_of, make_database, masked_pages
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of

TAGS = "SELECT DISTINCT tag FROM content"


def put(image: Path, target: Path, home: Home, steps: MemorySteps | None = None, job: str = "job") -> Settled:
    return restore(
        source_of(image), target, job_id=job, home=home, steps=steps or MemorySteps(), deadline=0.5
    )


def back(target: Path, home: Home, undo: str = "job") -> Settled:
    return revert(undo, target, job_id="back", home=home, steps=MemorySteps(), deadline=0.5)


def side(path: Path, suffix: str) -> Path:
    return path.with_name(path.name + suffix)


def everything(target: Path) -> dict[str, bytes]:
    """Every byte of the database but of the -shm, which holds none of its content."""
    return {path.name: path.read_bytes() for path in target.parent.iterdir() if path.suffix != ".db-shm"}


# -- kinds of damage -------------------------------------------------------------------------


def patched(at: int, data: bytes) -> Callable[[bytearray], bytes]:
    def patch(content: bytearray) -> bytes:
        content[at : at + len(data)] = data
        return bytes(content)

    return patch


DAMAGE: dict[str, Callable[[bytearray], bytes]] = {
    "cut off in the middle": lambda content: bytes(content[: len(content) // 2 + 100]),
    "cut to a page": lambda content: bytes(content[:4096]),
    "a page count that is too large": patched(28, b"\x0f\0\0\0"),
    "the root of the schema": patched(100, b"\x77"),
    "the first page behind the header": patched(100, bytes(3996)),
    "a schema format to come": patched(44, b"\0\0\0\x09"),
    "reserved bytes": patched(20, b"\x20"),
    "the words of the schema": lambda content: bytes(content).replace(
        b"CREATE TABLE content", b"CRXXTE TABLE content"
    ),
    "no database": lambda content: b"this is no database " * 1000,
    "random bytes": lambda content: os.urandom(len(content)),
    "a few bytes": lambda content: b"x",
    "empty": lambda content: b"",
    "bytes behind the last page": lambda content: bytes(content) + b"\xa5" * 5000,
}


@pytest.mark.parametrize("kind", DAMAGE)
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_is_restored_over_and_comes_back(
    target: Path, image: Path, home: Home, kind: str, mode: str
) -> None:
    make_database(target, OLD, mode=mode, rows=20)
    target.write_bytes(DAMAGE[kind](bytearray(target.read_bytes())))
    target.chmod(0o640)
    before, file = everything(target), target.stat().st_ino

    settled = put(image, target, home)

    assert Ending.RESTORED is settled.ending
    assert content_of(image) == content_of(target)
    assert masked_pages(image) == masked_pages(target)
    assert (file, 0o640) == (target.stat().st_ino, stat.S_IMODE(target.stat().st_mode))
    assert [target] == list(target.parent.iterdir())
    assert Ending.RESTORED is back(target, home).ending
    assert before == everything(target)
    assert file == target.stat().st_ino


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_whatever_the_bytes_are(tmp_path_factory: pytest.TempPathFactory, data: st.DataObject) -> None:
    """Any part of a database overwritten or cut off, with any bytes beside it."""
    folder = tmp_path_factory.mktemp("any")
    home = Home(folder / "home", folder / "home")
    image = make_database(folder / "image.db", NEW, mode="delete", rows=2)
    target = make_database(
        folder / "target.db", OLD, mode=data.draw(st.sampled_from(["wal", "delete"])), rows=2
    )
    content = bytearray(target.read_bytes())
    at = data.draw(st.integers(0, len(content) - 1))
    junk = data.draw(st.binary(min_size=1, max_size=200))
    content[at : at + len(junk)] = junk
    target.write_bytes(bytes(content[: data.draw(st.integers(0, len(content)))]))
    for suffix in data.draw(st.sets(st.sampled_from(["-wal", "-journal"]))):
        side(target, suffix).write_bytes(data.draw(st.binary(min_size=1, max_size=100)))
    before = {
        suffix: side(target, suffix).read_bytes()
        for suffix in ("", "-wal", "-journal")
        if side(target, suffix).exists()
    }

    settled = put(image, target, home)

    assert Ending.RESTORED is settled.ending
    assert content_of(image) == content_of(target)
    again = back(target, home)
    assert Ending.RESTORED is again.ending
    assert masked_pages(image) == masked_pages(home.undo / "back.db")
    if (home.undo / "job.json").read_text().find('"exact": true') > 0:
        assert before == {
            suffix: side(target, suffix).read_bytes()
            for suffix in ("", "-wal", "-journal")
            if side(target, suffix).exists()
        }


# -- what lies beside it ---------------------------------------------------------------------


def crashed(path: Path, mode: str, tag: int) -> Path:
    """A database as a program leaves it that dies in the middle: with a hot journal, or with a WAL."""
    make_database(path, tag, mode=mode, rows=20)
    with Actor(path) as program:
        program.sql("PRAGMA cache_size = 1", "PRAGMA wal_autocheckpoint = 0", "BEGIN IMMEDIATE")
        program.sql("UPDATE content SET body = zeroblob(7000), tag = 5")
        if mode == "wal":
            program.sql("COMMIT")
        program.kill()
    side(path, "-shm").unlink(missing_ok=True)
    return path


@pytest.mark.parametrize(("mode", "suffix"), [("delete", "-journal"), ("wal", "-wal")])
@pytest.mark.parametrize("foreign", [True, False])
def test_what_a_crash_left_is_kept_as_it_is(
    target: Path, image: Path, home: Home, mode: str, suffix: str, foreign: bool
) -> None:
    """SQLite would merge it in, whether it is this database's or another's; the undo copy has both apart."""
    if foreign:
        make_database(target, OLD, mode=mode, rows=20)
        other = crashed(target.parent.parent / "other.db", mode, OLD + 7)
        side(other, suffix).rename(side(target, suffix))
    else:
        crashed(target, mode, OLD)
    before = everything(target)
    assert {target.name, target.name + suffix} == set(before)

    put(image, target, home)

    assert content_of(image) == content_of(target)
    assert [target] == list(target.parent.iterdir())
    back(target, home)
    assert before == everything(target)


def test_a_wal_beside_a_main_file_in_rollback_mode_is_content(target: Path, image: Path, home: Home) -> None:
    """A program goes on in WAL mode though the main file says otherwise: what SQLite sees is what is kept."""
    make_database(target, OLD, mode="wal", rows=20)
    with Actor(target) as program:
        program.sql("PRAGMA wal_autocheckpoint = 0", "INSERT INTO written VALUES (1, 'in the WAL only')")
        with target.open("r+b") as file:
            file.seek(18)
            file.write(b"\1\1")

        put(image, target, home)

        assert [[NEW]] == program.sql(TAGS)
    with closing(sqlite3.connect(home.undo / "job.db")) as kept:
        assert [(1, "in the WAL only")] == kept.execute("SELECT * FROM written").fetchall()


# -- programs that have it open --------------------------------------------------------------


@pytest.mark.parametrize("page_size", [4096, 1024])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_programs_go_on_with_the_new_content(
    target: Path, tmp_path: Path, home: Home, mode: str, page_size: int
) -> None:
    """Two that have read everything, so that they have it in memory; then they write, and both see it."""
    image = make_database(tmp_path / "new.db", NEW, mode="delete", rows=30, page_size=page_size)
    make_database(target, OLD, mode=mode, rows=20)
    with Actor(target) as one, Actor(target) as other:
        for program in (one, other):
            program.sql(TAGS, "SELECT * FROM content", "SELECT * FROM sqlite_schema")
        with target.open("ab") as file:
            file.write(b"\xa5" * 5000)

        put(image, target, home)

        assert [[NEW]] == one.sql(TAGS)
        assert [["ok"]] == other.sql("PRAGMA integrity_check")
        one.sql("INSERT INTO written VALUES (1, 'one')")
        other.sql("INSERT INTO written VALUES (2, 'other')", "INSERT INTO newer VALUES (3)")
        assert [[1, "one"], [2, "other"]] == one.sql("SELECT * FROM written ORDER BY id")
        assert [["ok"]] == one.sql("PRAGMA integrity_check")
        back(target, home)
        assert [[OLD]] == one.sql(TAGS)
        assert [] == other.sql("SELECT * FROM written")
        one.sql("INSERT INTO written VALUES (4, 'one')")
        assert [[4, "one"]] == other.sql("SELECT * FROM written")
        assert [["ok"]] == other.sql("PRAGMA integrity_check")
    with closing(sqlite3.connect(target)) as database:
        assert (mode,) == database.execute("PRAGMA journal_mode").fetchone()
        assert [(4, "one")] == database.execute("SELECT * FROM written").fetchall()


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_program_that_found_it_damaged_goes_on(target: Path, image: Path, home: Home, mode: str) -> None:
    make_database(target, OLD, mode=mode, rows=20)
    with Actor(target) as program:
        program.sql(TAGS)
        with target.open("r+b") as file:
            file.write(b"garbage" * 1000)
        put(image, target, home)

        assert [[NEW]] == program.sql(TAGS)
        program.sql("INSERT INTO written VALUES (1, 'x')")
    assert {1} == {number for (number,) in rows(target, "SELECT id FROM written")}


def rows(path: Path, statement: str) -> list[tuple[int]]:
    with closing(sqlite3.connect(path)) as database:
        return database.execute(statement).fetchall()


def test_an_empty_file_that_a_program_has_open(target: Path, image: Path, home: Home) -> None:
    target.touch()
    with Actor(target) as program:
        program.sql("PRAGMA user_version")

        put(image, target, home)
        assert [[NEW]] == program.sql(TAGS)
        back(target, home)

        assert b"" == target.read_bytes()
        assert [[0]] == program.sql("SELECT count(*) FROM sqlite_schema")


@pytest.mark.parametrize("transaction", ["BEGIN; SELECT count(*) FROM content", "BEGIN IMMEDIATE"])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_it_is_refused_with_the_name_of_who_uses_it(
    target: Path, image: Path, home: Home, mode: str, transaction: str
) -> None:
    make_database(target, OLD, mode=mode, rows=20)
    with Actor(target) as program:
        program.sql(*transaction.split("; "))
        with target.open("ab") as file:
            file.write(b"\xa5" * 5000)
        before = everything(target)
        with pytest.raises(DatabaseLocked, match=rf"Process {program.pid} \(.+\) has kept"):
            put(image, target, home)

        assert before == everything(target)
        program.sql("ROLLBACK")
        assert Ending.RESTORED is put(image, target, home, job="again").ending
        assert [[NEW]] == program.sql(TAGS)
    assert ["again"] == [copy.id for copy in list_undo(home)]


def test_what_is_not_in_wal_mode_is_not_put_under_programs_that_are(
    target: Path, image: Path, home: Home
) -> None:
    target.touch()
    put(make_database(target.parent.parent / "wal.db", NEW, mode="wal", rows=3), target, home)
    with Actor(target) as program:
        program.sql("PRAGMA journal_mode = wal", "INSERT INTO written VALUES (1, 'x')")
        before = everything(target)

        with pytest.raises(BadTarget, match="not in WAL mode"):
            back(target, home)

        assert before == everything(target)


def test_a_wal_that_was_deleted_under_a_program(target: Path, image: Path, home: Home) -> None:
    make_database(target, OLD, mode="wal", rows=3)
    with Actor(target) as program:
        program.sql("INSERT INTO written VALUES (1, 'x')")
        side(target, "-wal").unlink()

        with pytest.raises(BadTarget, match=rf"-wal was deleted while process {program.pid}"):
            put(image, target, home)

        assert [[1, "x"]] == program.sql("SELECT * FROM written")
        program.close()
    assert Ending.RESTORED is put(image, target, home, job="again").ending
    with closing(sqlite3.connect(home.undo / "again.db")) as kept:
        assert [(1, "x")] == kept.execute("SELECT * FROM written").fetchall()


# -- cancels ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["no database", "bytes behind the last page", "empty"])
def test_a_cancel_at_any_moment_leaves_every_byte(target: Path, image: Path, home: Home, kind: str) -> None:
    make_database(target, OLD, mode="delete", rows=20)
    target.write_bytes(DAMAGE[kind](bytearray(target.read_bytes())))
    side(target, "-journal").write_bytes(b"what lay beside it")
    before, endings = everything(target), []

    for moment in range(1, 200):
        steps = MemorySteps(keep=False)
        steps.cancel = lambda at=moment, steps=steps: steps.asked >= at  # type: ignore[misc]
        endings.append(put(image, target, home, steps, job=f"job{moment}").ending)
        assert before == everything(target)
        assert [] == [*home.stages.iterdir(), *home.undo.glob("*.part"), *target.parent.glob(".*")]
        if endings[-1] is Ending.UNDONE:
            break
        assert () == list_undo(home)

    assert Ending.UNDONE is endings[-1]
    assert len(endings) >= 4
