"""What recovery decides where others have been at the database since, and where it must not decide."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

import reprieve.transports.local.restore as package
from reprieve.transports.local import undo_catalogue
from reprieve.transports.local.restore import points
from tests.support.databases import NEW, OLD, content_of, copy_database, make_database, masked_pages
from tests.support.neighbours import neighbours
from tests.transports.local.restore.world import World, check

Contents = dict[int, str]


def execute(path: Path, statements: str) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.executescript(statements)


@pytest.mark.parametrize(
    ("point", "ending"), [("restore.a5.step", "untouched"), ("restore.a6.committed", "restored")]
)
def test_another_program_has_changed_the_schema_since(world: World, point: str, ending: str) -> None:
    assert world.run("restore", point) is None
    execute(world.target, "CREATE TABLE since (x); INSERT INTO since VALUES (1)")

    said = world.run("recover")

    assert said is not None and ending == said.get("ending"), said
    with closing(sqlite3.connect(world.target)) as database:
        tag = OLD if ending == "untouched" else NEW
        assert [(tag, 1)] == database.execute("SELECT DISTINCT tag, x FROM content, since").fetchall()


def rewritten(world: World) -> None:
    execute(
        world.target, "UPDATE content SET body = randomblob(7000), tag = 9; CREATE TABLE mine (x); VACUUM"
    )


def replaced(world: World) -> None:
    make_database(world.folder / "other.db", 7, rows=3).replace(world.target)
    for suffix in ("-wal", "-shm", "-journal"):
        world.target.with_name(world.target.name + suffix).unlink(missing_ok=True)


@pytest.mark.parametrize("meddle", [rewritten, replaced])
def test_nothing_is_touched_where_it_cannot_be_told(world: World, meddle: Callable[[World], None]) -> None:
    assert world.run("restore", "restore.a6.committed") is None
    meddle(world)
    before = masked_pages(world.target)

    said = world.run("recover")

    assert said is not None and "ambiguous" == said.get("error"), said
    assert before == masked_pages(world.target)
    assert world.undo_file(world.job).exists()
    assert (world.home / "stage" / f"{world.job}.db").exists()


def test_a_target_that_is_gone(world: World) -> None:
    assert world.run("restore", "restore.a6.committed") is None
    for path in world.target.parent.iterdir():
        path.unlink()

    said = world.run("recover")

    assert said is not None and "ambiguous" == said.get("error"), said
    assert [] == list(world.target.parent.iterdir())


def test_recovery_does_not_decide_while_the_database_is_locked(world: World) -> None:
    assert world.run("restore", "restore.a5.step") is None
    with closing(sqlite3.connect(world.target, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = world.run("recover", deadline=0.2)
        assert said is not None and "locked" == said.get("error"), said

    said = world.run("recover")
    assert said is not None and "untouched" == said.get("ending"), said


def test_the_same_content_restored_over_itself(world: World, contents: Contents) -> None:
    world.image = copy_database(world.target, world.folder / "same.db")
    assert world.run("restore", "restore.a6.committed") is None

    said = world.run("recover")

    assert said is not None and "restored" == said.get("ending"), said
    assert contents[OLD] == content_of(world.target)


# -- the oracle itself -----------------------------------------------------------------------


@pytest.mark.parametrize(
    "violation",
    [
        "DELETE FROM written WHERE id = 2",
        "UPDATE content SET tag = 0 WHERE id = 17",
        "DELETE FROM content WHERE id = 900",
        "DROP TABLE newer",
    ],
)
def test_the_oracle_notices(world_of_wal: World, contents: Contents, violation: str) -> None:
    world = world_of_wal
    with neighbours(world.target) as crowd:
        assert world.run("restore") is not None
        crowd.write_more()
        crowd.stop()
        for undo in (world.home / "undo").glob("*.db"):
            execute(undo, "DELETE FROM written")
        execute(world.target, "INSERT OR IGNORE INTO written SELECT id, 'x' FROM content WHERE id > 0")
        crowd.acknowledged &= set(range(1, 1000))
        check(world, crowd, contents, "restored")
        execute(world.target, violation)

        with pytest.raises(AssertionError):
            check(world, crowd, contents, "restored")


def test_the_points_are_those_in_the_code() -> None:
    files = [path for path in Path(package.__file__).parent.glob("*.py") if path.name != "points.py"]
    code = "".join(path.read_text() for path in (*files, Path(undo_catalogue.__file__)))
    begun = {
        f"{name}.{what}"
        for name in re.findall(r'written\([^"\n]+"([a-z0-9.]+)"[,)]', code)
        for what in ("written", "synced", "renamed")
    }

    assert points.POINTS == set(re.findall(r'reach\("([^"]+)"\)', code)) | begun
