"""Restoring, cancelling and reverting: what is in the database afterwards, in every shape of it."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reprieve.core.errors import BadTarget, NotFound, OwnershipLost, RepositoryCorrupt
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import Ending, Settled, Source, restore, revert
from reprieve.transports.local.undo_catalogue import list_undo
from tests.support.databases import NEW, OLD, content_of, make_database, masked_pages
from tests.support.neighbours import neighbours
from tests.transports.local.restore.steps import MemorySteps, damaged
from tests.transports.local.restore.worker import source_of
from tests.transports.local.restore.world import World, ended


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


def put(image: Path, target: Path, home: Home, steps: MemorySteps | None = None, job: str = "job") -> Settled:
    return restore(
        source_of(image), target, job_id=job, home=home, steps=steps or MemorySteps(), deadline=0.5
    )


def temporary_files(home: Home, target: Path) -> list[Path]:
    return [*home.stages.iterdir(), *home.undo.glob("*.part"), *target.parent.glob(".*")]


@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize("rows", [(30, 4), (4, 30), (30, 30)], ids=["smaller", "larger", "same size"])
@pytest.mark.parametrize("vacuum", [(0, 0), (1, 0), (0, 1), (2, 1)], ids=str)
def test_the_content_is_the_image_page_for_page(
    tmp_path: Path, home: Home, mode: str, rows: tuple[int, int], vacuum: tuple[int, int]
) -> None:
    target = make_database(tmp_path / "target.db", OLD, mode=mode, rows=rows[0], auto_vacuum=vacuum[0])
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=rows[1], auto_vacuum=vacuum[1])
    before = masked_pages(target)
    steps = MemorySteps()

    settled = put(image, target, home, steps)

    assert Ending.RESTORED is settled.ending
    assert masked_pages(image) == masked_pages(target)
    assert settled.undo is not None
    assert before == masked_pages(home.undo / f"{settled.undo.id}.db")
    assert ["stage", "commit"] == steps.noted
    assert ["fetch", "check", "undo copy", "restore"] == steps.phases
    assert [] == temporary_files(home, target)


@pytest.mark.parametrize("image_mode", ["wal", "delete"])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_the_target_keeps_its_journal_mode(tmp_path: Path, home: Home, mode: str, image_mode: str) -> None:
    target = make_database(tmp_path / "target.db", OLD, mode=mode, rows=4)
    image = make_database(tmp_path / "image.db", NEW, mode=image_mode, rows=4)

    put(image, target, home)

    with closing(sqlite3.connect(target)) as database:
        assert (mode,) == database.execute("PRAGMA journal_mode").fetchone()


@pytest.mark.parametrize("keep", [True, False])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_pages_of_another_size(tmp_path: Path, home: Home, mode: str, keep: bool) -> None:
    target = make_database(tmp_path / "target.db", OLD, mode=mode, rows=9, page_size=4096)
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=9, page_size=1024)
    expected = masked_pages(image if keep else target)

    settled = put(image, target, home, MemorySteps(keep=keep))

    assert (Ending.RESTORED if keep else Ending.UNDONE) is settled.ending
    assert expected == masked_pages(target)
    with closing(sqlite3.connect(target)) as database:
        assert (mode,) == database.execute("PRAGMA journal_mode").fetchone()


def test_pages_of_another_size_are_refused_while_a_wal_database_is_open(world_of_wal: World) -> None:
    world = world_of_wal
    world.image = make_database(world.folder / "image.db", NEW, mode="delete", rows=3, page_size=1024)
    with neighbours(world.target) as crowd:
        said = world.run("restore", deadline=0.3)
        crowd.stop()

    assert said is not None
    assert "badTarget" == said["error"]
    assert "page size" in said["message"]


def test_an_empty_file_takes_any_shape_and_can_be_reverted_to(tmp_path: Path, home: Home) -> None:
    target = tmp_path / "target.db"
    target.touch()
    image = make_database(tmp_path / "image.db", NEW, rows=3, page_size=8192, encoding="UTF-16le")

    settled = put(image, target, home)
    assert masked_pages(image) == masked_pages(target)
    assert settled.undo is not None
    revert(settled.undo.id, target, job_id="back", home=home, steps=MemorySteps())

    with closing(sqlite3.connect(target)) as database:
        assert (0,) == database.execute("SELECT count(*) FROM sqlite_schema").fetchone()


def test_a_refused_restoration_leaves_no_file_beside_the_target(tmp_path: Path, home: Home) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=3)
    image = make_database(tmp_path / "image.db", NEW, rows=3, encoding="UTF-16le")
    before = sorted(tmp_path.glob("target.db*"))
    with pytest.raises(BadTarget):
        restore(source_of(image), target, job_id="j", home=home, steps=MemorySteps())

    assert before == sorted(tmp_path.glob("target.db*"))


def test_another_encoding_is_refused_unless_forced(tmp_path: Path, home: Home) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=3)
    image = make_database(tmp_path / "image.db", NEW, rows=3, encoding="UTF-16le")
    before = masked_pages(target)

    with pytest.raises(BadTarget, match="UTF-16le"):
        put(image, target, home)
    assert before == masked_pages(target)
    assert [] == temporary_files(home, target)

    restore(source_of(image), target, job_id="2", home=home, steps=MemorySteps(), force=True)
    assert masked_pages(image) == masked_pages(target)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_cancel_at_any_moment_leaves_the_old_content(tmp_path: Path, home: Home, mode: str) -> None:
    target = make_database(tmp_path / "target.db", OLD, mode=mode, rows=600)
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=600)
    before = masked_pages(target)
    endings = []

    for moment in range(1, 200):
        steps = MemorySteps()
        steps.cancel = lambda at=moment, steps=steps: steps.asked >= at  # type: ignore[misc]
        steps.keep = False
        endings.append(put(image, target, home, steps, job=f"job{moment}").ending)
        assert before == masked_pages(target)
        assert [] == temporary_files(home, target)
        if endings[-1] is Ending.UNDONE:
            break
        assert () == list_undo(home)

    assert Ending.UNDONE is endings[-1]
    assert len(endings) > 8


def test_a_lost_ownership_rolls_back_and_leaves_the_files_to_recovery(tmp_path: Path, home: Home) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=30)
    image = make_database(tmp_path / "image.db", NEW, rows=30)
    before = masked_pages(target)

    class Robbed(MemorySteps):
        def note(self, step: str, **facts: object) -> None:
            if step == "commit":
                raise OwnershipLost("Another process has the job.")

    with pytest.raises(OwnershipLost):
        put(image, target, home, Robbed())

    assert before == masked_pages(target)
    assert [home.stages / "job.db"] == list(home.stages.iterdir())


def test_a_revert_and_a_revert_of_that(tmp_path: Path, home: Home) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=30)
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=20)
    old, new = masked_pages(target), masked_pages(image)
    undo = put(image, target, home).undo
    assert undo is not None

    settled = revert(undo.id, target, job_id="back", home=home, steps=MemorySteps())
    assert Ending.RESTORED is settled.ending
    assert old == masked_pages(target)
    again = revert(undo.id, target, job_id="back again", home=home, steps=MemorySteps())
    assert Ending.RESTORED is again.ending
    assert old == masked_pages(target)

    newest = list_undo(home, str(target))
    assert ["back again", "back", "job"] == [copy.id for copy in newest]
    revert("back", target, job_id="forth", home=home, steps=MemorySteps())
    assert new == masked_pages(target)


def test_a_revert_to_nothing(tmp_path: Path, home: Home) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=1)

    with pytest.raises(NotFound, match="no undo copy"):
        revert("../secret", target, job_id="back", home=home, steps=MemorySteps())


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_what_is_written_after_a_restoration_is_in_the_redo_copy(
    tmp_path: Path, home: Home, mode: str
) -> None:
    target = make_database(tmp_path / "target.db", OLD, mode=mode, rows=30)
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=30)
    undo = put(image, target, home).undo
    assert undo is not None
    with closing(sqlite3.connect(target)) as database, database:
        database.execute("INSERT INTO written VALUES (7, 'since')")
    expected = masked_pages(target)

    settled = revert(undo.id, target, job_id="back", home=home, steps=MemorySteps())

    assert settled.undo is not None
    assert expected == masked_pages(home.undo / f"{settled.undo.id}.db")


def test_a_reader_sees_the_old_content_until_its_transaction_ends(world_of_wal: World) -> None:
    world = world_of_wal
    with closing(sqlite3.connect(world.target, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        tags = "SELECT DISTINCT tag FROM content"
        assert [(OLD,)] == reader.execute(tags).fetchall()

        said = world.run("restore")

        assert said is not None and "restored" == said["ending"]
        assert [(OLD,)] == reader.execute(tags).fetchall()
        reader.execute("COMMIT")
        assert [(NEW,)] == reader.execute(tags).fetchall()


@pytest.mark.parametrize("transaction", ["BEGIN IMMEDIATE", "BEGIN EXCLUSIVE"])
def test_a_lock_that_is_not_let_go(world: World, transaction: str) -> None:
    before = masked_pages(world.target)
    with closing(sqlite3.connect(world.target, isolation_level=None)) as writer:
        writer.execute(transaction)

        said = world.run("restore", deadline=0.3)

        assert said is not None and "locked" == said["error"], said
    assert before == masked_pages(world.target)
    assert [] == world.leftovers()


def test_a_lock_that_is_let_go_in_time(world: World) -> None:
    with closing(sqlite3.connect(world.target, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        worker = world.start("restore", deadline=60)
        while not world.journal.exists():
            assert worker.poll() is None
        writer.execute("ROLLBACK")

        said = ended(worker)

    assert said is not None and "restored" == said["ending"]


def test_a_long_reader_of_a_rollback_database_is_a_lock(tmp_path: Path, world_of_delete: World) -> None:
    world = world_of_delete
    before = content_of(world.target)
    with closing(sqlite3.connect(world.target, isolation_level=None)) as reader:
        reader.execute("BEGIN")
        reader.execute("SELECT * FROM content").fetchone()

        said = world.run("restore", deadline=0.3)

    assert said is not None and "locked" == said["error"]
    assert before == content_of(world.target)


@pytest.mark.parametrize("at", [16, 100, 4096], ids=["header", "schema", "root page"])
def test_a_damaged_image_is_refused(tmp_path: Path, home: Home, at: int) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=30)
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=30)
    source = source_of(image)
    damaged(image, at)
    before = masked_pages(target)

    with pytest.raises(RepositoryCorrupt):
        restore(source, target, job_id="job", home=home, steps=MemorySteps())

    assert before == masked_pages(target)
    assert [] == temporary_files(home, target)


@pytest.mark.parametrize("chunks", [[], [(0, b"x" * 4096)], [(0, b"x" * 9000)], [(-1, b"x" * 8192)]])
def test_an_image_of_another_size_than_announced(
    tmp_path: Path, home: Home, chunks: list[tuple[int, bytes]]
) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=3)

    with pytest.raises(RepositoryCorrupt, match="8192 bytes"):
        restore(Source(4096, 8192, chunks), target, job_id="job", home=home, steps=MemorySteps())

    assert [] == temporary_files(home, target)
