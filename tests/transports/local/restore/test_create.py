"""Path B: a file where nothing is; killed at each step, cancelled, and refused."""

from __future__ import annotations

import sqlite3
import stat
from contextlib import closing
from pathlib import Path

import attrs
import pytest

from reprieve.core.errors import Conflict
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import Ending, points, restore
from tests.support.databases import NEW, make_database, masked_pages
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of
from tests.transports.local.restore.world import World


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


@pytest.fixture
def image(tmp_path: Path) -> Path:
    return make_database(tmp_path / "image.db", NEW, mode="wal", rows=5)


@pytest.fixture
def missing(tmp_path: Path, image: Path) -> World:
    """A world whose target does not exist."""
    (tmp_path / "databases").mkdir()
    return World(tmp_path, tmp_path / "databases" / "target.db", image)


def settled(world: World) -> str:
    said = {"ending": "restored"} if world.committed else world.run("recover")
    assert said is not None and "ending" in said, said
    world.sweep()
    return said["ending"]


def test_a_missing_file_is_made_byte_for_byte(missing: World, home: Home) -> None:
    result = restore(source_of(missing.image), missing.target, job_id="job", home=home, steps=MemorySteps())

    assert (Ending.RESTORED, None) == (result.ending, result.undo)
    assert missing.image.read_bytes() == missing.target.read_bytes()
    assert 0o600 == stat.S_IMODE(missing.target.stat().st_mode)
    assert [missing.target] == list(missing.target.parent.iterdir())


@pytest.mark.parametrize("point", [*points.FETCHING[::2], *points.CREATING, "harness.committing"])
def test_killed_while_making_a_file(missing: World, point: str) -> None:
    assert missing.run("restore", point) is None

    ending = settled(missing)

    there = point in ("create.named", "harness.committing")
    assert ("restored" if there else "untouched") == ending
    assert there == missing.target.exists()
    assert [] == missing.leftovers()


@pytest.mark.parametrize("point", [None, *points.REMOVING])
def test_a_cancel_that_comes_with_the_commit_takes_the_file_away(missing: World, point: str | None) -> None:
    said = missing.run("restore", point, cancel_on_commit=True)

    assert (said or {"ending": settled(missing)})["ending"] in ("undone", "untouched")
    assert [] == list(missing.target.parent.iterdir())
    assert [] == missing.leftovers()


@pytest.mark.parametrize("wal", [True, False])
def test_a_missing_file_gets_the_journal_mode_of_the_backup(missing: World, home: Home, wal: bool) -> None:
    """Not that of the image: some ways of reading leave another one in it."""
    source = attrs.evolve(source_of(missing.image), wal=wal)

    restore(source, missing.target, job_id="job", home=home, steps=MemorySteps())

    with closing(sqlite3.connect(missing.target)) as database:
        mode = database.execute("PRAGMA journal_mode").fetchone()
    assert ("wal" if wal else "delete",) == mode
    assert masked_pages(missing.image) == masked_pages(missing.target)


@pytest.mark.parametrize("length", [100, 219, 220, 247])
def test_a_name_as_long_as_names_can_be(missing: World, home: Home, length: int) -> None:
    target = missing.target.with_name("n" * length)

    restore(source_of(missing.image), target, job_id="j" * 26, home=home, steps=MemorySteps())

    assert missing.image.read_bytes() == target.read_bytes()
    assert [target] == list(target.parent.iterdir())


def test_a_file_that_appears_meanwhile_is_not_overwritten(missing: World, home: Home) -> None:
    steps = MemorySteps()

    def appear() -> bool:
        missing.target.write_bytes(b"mine")
        return False

    steps.cancel = appear

    with pytest.raises(Conflict, match="not overwritten"):
        restore(source_of(missing.image), missing.target, job_id="job", home=home, steps=steps)

    assert b"mine" == missing.target.read_bytes()
    assert [missing.target] == list(missing.target.parent.iterdir())
