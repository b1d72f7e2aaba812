"""Disks that fail at any single write, workers that are stopped and go on, commits that are ghosts."""

from __future__ import annotations

import os
import shutil
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from reprieve.core.errors import StorageFull
from reprieve.transports.local.restore.target import require_space
from tests.support.databases import NEW, OLD, content_of, make_database, masked_pages
from tests.support.neighbours import neighbours
from tests.transports.local.restore.world import World, check, ended

Contents = dict[int, str]
COMMITTED = {"restored": NEW, "untouched": OLD, "undone": OLD}


# -- stopped ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("point", "ending"),
    [
        ("restore.a1.received", "untouched"),
        ("restore.a5.step:2", "untouched"),
        ("restore.a6.committed", "restored"),
    ],
)
def test_a_stopped_worker_is_ended_before_anything_is_decided(
    world: World, contents: Contents, point: str, ending: str
) -> None:
    with neighbours(world.target) as crowd:
        worker = world.start("restore", f"{point if ':' in point else point + ':1'}=stop")
        os.waitid(os.P_PID, worker.pid, os.WSTOPPED | os.WNOWAIT)

        said = world.run("recover")
        worker.send_signal(signal.SIGCONT)

        assert said is not None and ending == said["ending"]
        assert ended(worker) is None  # it was killed while it was stopped
        check(world, crowd, contents, ending)


# -- a commit that was written but not published ---------------------------------------------


def after_everybody_died(target: Path, to: Path) -> Path:
    """The database as SQLite finds it when no process has it open any more: without its -shm."""
    to.mkdir()
    for suffix in ("", "-wal"):
        shutil.copyfile(f"{target}{suffix}", to / f"{target.name}{suffix}")
    return to / target.name


def test_a_commit_that_was_written_but_not_published_cannot_come_back(
    world_of_wal: World, contents: Contents
) -> None:
    world = world_of_wal
    with closing(sqlite3.connect(world.target, isolation_level=None)) as holder:
        holder.execute("INSERT INTO written VALUES (1, 'x')")  # so that the WAL has its header already
        assert world.run("restore", "io.wal.sync", after="restore.a4.noted", disk=True) is None
        ghost = after_everybody_died(world.target, world.folder / "before")
        assert contents[NEW] == content_of(ghost)  # the control: without recovery, it would come back

        said = world.run("recover")

        assert said is not None and "untouched" == said["ending"]
        dead = after_everybody_died(world.target, world.folder / "after")
        assert contents[OLD] == content_of(dead)


def test_a_commit_whose_sync_failed_cannot_come_back(world_of_wal: World, contents: Contents) -> None:
    world = world_of_wal
    with closing(sqlite3.connect(world.target, isolation_level=None)) as holder:
        holder.execute("INSERT INTO written VALUES (1, 'x')")
        said = world.run("restore", "io.wal.sync:1=5", after="restore.a4.noted", disk=True)

        assert said is not None and "storage" == said["error"], said
        dead = after_everybody_died(world.target, world.folder / "after")
        assert contents[OLD] == content_of(dead)
    assert [] == world.leftovers()


# -- every single write fails, or is the last ------------------------------------------------

WRITES = {
    "wal": ("io.wal.write", "io.wal.sync"),
    "delete": ("io.journal.write", "io.journal.sync", "io.main.write", "io.main.sync", "io.journal.remove"),
}
CASES = [(mode, point) for mode, points in WRITES.items() for point in points]


@pytest.fixture
def small(tmp_path: Path) -> World:
    """A world small enough to fail at each of its writes."""
    return World(
        tmp_path, tmp_path / "db" / "t.db", make_database(tmp_path / "image.db", NEW, mode="delete", rows=6)
    )


@pytest.mark.parametrize("action", ["=28", "=5", ""], ids=["ENOSPC", "EIO", "SIGKILL"])
@pytest.mark.parametrize(("mode", "point"), CASES)
def test_each_write_of_sqlite(small: World, mode: str, point: str, action: str) -> None:
    world, contents = small, {NEW: content_of(small.image)}
    for nth in every_nth():
        shutil.rmtree(world.target.parent, ignore_errors=True)
        world.target.parent.mkdir()
        make_database(world.target, OLD, mode=mode, rows=6)
        contents[OLD] = content_of(world.target)
        world.next_job()
        # Somebody has it open, so that the worker is not the last to leave.
        with closing(sqlite3.connect(world.target)) as holder:
            holder.execute("SELECT count(*) FROM content").fetchone()
            said = world.run("restore", f"{point}:{nth}{action}", after="restore.a3.locked", disk=True)
            if said is None:
                said = {"ending": "restored"} if world.committed else world.run("recover")
        assert said is not None
        if "error" in said:
            assert said["error"] in ("storage", "storageFull"), said
            assert not world.committed
        expected = contents[COMMITTED[said.get("ending", "untouched")]]
        assert expected == content_of(world.target), (nth, said)
        world.sweep()
        assert [] == world.leftovers()
        if said.get("ending") == "restored":
            return


def every_nth() -> Iterator[int]:
    """1, 2, 4, 8, …: the early writes, and enough of the later ones."""
    nth = 1
    while True:
        yield nth
        nth *= 2


# -- no room ---------------------------------------------------------------------------------


def test_a_limit_on_the_size_of_files(world: World, contents: Contents) -> None:
    before = masked_pages(world.target)

    said = world.run("restore", file_size=4 << 20)

    assert said is not None and "storageFull" == said["error"], said
    assert before == masked_pages(world.target)
    assert [] == world.leftovers()
    world.next_job()
    said = world.run("restore")
    assert said is not None and "restored" == said["ending"]
    assert contents[NEW] == content_of(world.target)


def test_too_little_room_is_said_before_anything_is_touched(world: World) -> None:
    usage = shutil.disk_usage(world.folder)
    each = usage.free // 3

    with pytest.raises(StorageFull, match="make room"):
        require_space([(world.folder, each), (world.target.parent, each), (world.folder, each)])
    require_space([(world.folder, each // 2), (world.target.parent, each // 2)])


@pytest.mark.parametrize(
    "point", ["restore.a1.received", "undo.written", "restore.a4.copied", "restore.a5.step:2"]
)
@pytest.mark.parametrize("error", [28, 5], ids=["ENOSPC", "EIO"])
def test_our_own_writes_fail(world: World, point: str, error: int) -> None:
    before = masked_pages(world.target)

    said = world.run("restore", f"{point if ':' in point else point + ':1'}={error}")

    assert said is not None and ("storageFull" if error == 28 else "storage") == said["error"], said
    assert before == masked_pages(world.target)
    assert [] == world.leftovers()
