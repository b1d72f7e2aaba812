"""Path B: files that are missing, broken or encrypted; killed at each step, cancelled, and refused."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reprieve.core.errors import BadTarget, Conflict
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import Ending, points, restore, revert
from reprieve.transports.local.undo_catalogue import list_undo
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of
from tests.transports.local.restore.world import NEW, World, make_database, masked_pages

BROKEN = b"this is no database, or an encrypted one " * 1000
OPEN = "import os, sys; os.open(sys.argv[1], os.O_RDWR); print('open', flush=True); sys.stdin.read()"


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


@pytest.fixture
def broken(missing: World) -> World:
    """A world whose target is no database, with a WAL beside it."""
    missing.target.write_bytes(BROKEN)
    wal(missing.target).write_bytes(b"its WAL")
    return missing


def wal(path: Path) -> Path:
    return path.with_name(path.name + "-wal")


@contextmanager
def somebody_has_it_open(path: Path) -> Iterator[None]:
    with subprocess.Popen(
        [sys.executable, "-I", "-S", "-c", OPEN, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert b"open\n" == process.stdout.readline()
        yield
        process.kill()


def settled(world: World) -> str:
    said = {"ending": "restored"} if world.committed else world.run("recover")
    assert said is not None and "ending" in said, said
    world.sweep()
    return said["ending"]


# -- a missing file --------------------------------------------------------------------------


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


# -- a file that is no database --------------------------------------------------------------


def test_a_broken_file_is_replaced_and_kept(broken: World, home: Home) -> None:
    broken.target.chmod(0o640)

    result = restore(source_of(broken.image), broken.target, job_id="job", home=home, steps=MemorySteps())

    assert Ending.RESTORED is result.ending
    assert broken.image.read_bytes() == broken.target.read_bytes()
    assert 0o640 == stat.S_IMODE(broken.target.stat().st_mode)
    assert BROKEN == (home.undo / "job.db").read_bytes()
    assert b"its WAL" == (home.undo / "job.db-wal").read_bytes()
    assert [broken.target] == list(broken.target.parent.iterdir())


def test_it_can_be_reverted_to_with_what_lay_beside_it(broken: World, home: Home) -> None:
    restore(source_of(broken.image), broken.target, job_id="job", home=home, steps=MemorySteps())

    result = revert("job", broken.target, job_id="back", home=home, steps=MemorySteps())

    assert Ending.RESTORED is result.ending
    assert (BROKEN, b"its WAL") == (broken.target.read_bytes(), wal(broken.target).read_bytes())
    assert masked_pages(broken.image) == masked_pages(home.undo / "back.db")
    assert ["back", "job"] == [copy.id for copy in list_undo(home)]


@pytest.mark.parametrize("force", [False, True])
def test_it_is_refused_while_somebody_has_it_open_unless_forced(
    broken: World, home: Home, force: bool
) -> None:
    with somebody_has_it_open(broken.target):
        if not force:
            with pytest.raises(BadTarget, match="open"):
                restore(source_of(broken.image), broken.target, job_id="job", home=home, steps=MemorySteps())
            assert (BROKEN, b"its WAL") == (broken.target.read_bytes(), wal(broken.target).read_bytes())
            assert () == list_undo(home)
            return
        restore(
            source_of(broken.image), broken.target, job_id="job", home=home, steps=MemorySteps(), force=True
        )
    assert broken.image.read_bytes() == broken.target.read_bytes()


REPLACING = [*points.FETCHING[:1], *points.KEEPING[2:], *points.SIDE_FILES[:3], *points.SWAPPING]


@pytest.mark.parametrize(
    ("point", "cancelled"),
    [*((point, False) for point in (*REPLACING, "harness.committing")), ("swap.exchanged", True)],
)
def test_killed_while_replacing(broken: World, point: str, cancelled: bool) -> None:
    assert broken.run("restore", point) is None
    if cancelled:
        broken.cancel_flag.touch()

    ending = settled(broken)

    swapped = point in ("swap.exchanged", "harness.committing")
    assert (("undone" if cancelled else "restored") if swapped else "untouched") == ending
    if ending == "restored":
        assert masked_pages(broken.image) == masked_pages(broken.target)
    else:
        assert (BROKEN, b"its WAL") == (broken.target.read_bytes(), wal(broken.target).read_bytes())
    assert [] == [path for path in broken.leftovers() if not path.endswith("-wal")]


@pytest.mark.parametrize("point", [None, *points.SWAPPING_BACK, *points.SWAPPING[::2], points.SIDE_FILES[-1]])
def test_killed_while_undoing_a_replacement(broken: World, point: str | None) -> None:
    said = broken.run("restore", point, after="harness.declined", cancel_on_commit=True)

    assert "undone" == (said or {"ending": settled(broken)})["ending"]
    assert (BROKEN, b"its WAL") == (broken.target.read_bytes(), wal(broken.target).read_bytes())
    assert [] == broken.leftovers()


def test_the_umask_does_not_matter_for_copies(broken: World, home: Home) -> None:
    before = os.umask(0)
    try:
        restore(source_of(broken.image), broken.target, job_id="job", home=home, steps=MemorySteps())
    finally:
        os.umask(before)

    assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in home.undo.iterdir()}
