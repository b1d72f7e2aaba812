"""An embedder that has the database open in the very process that uses reprieve keeps its locks.

POSIX drops all of a process's locks on a file as soon as it closes any descriptor on it: that is why only the
worker opens the database.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from tests.faults.people import Person, Refused, until
from tests.faults.scene import Scene
from tests.support.databases import OLD, content_of

SceneOf = Callable[[str], Scene]


def may_write(database: Path) -> bool:
    """Whether another process gets the write lock."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
        try:
            other.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            assert "locked" in str(error)
            return False
        other.execute("ROLLBACK")
        return True


def may_restart_the_wal(database: Path) -> bool:
    """Whether another process finds no reader in the WAL."""
    with closing(sqlite3.connect(database, timeout=0, isolation_level=None)) as other:
        (busy, _, _) = other.execute("PRAGMA wal_checkpoint(RESTART)").fetchone()
        return bool(busy == 0)


def test_a_write_lock_outlives_a_backup_and_a_cancelled_restoration(scene: Scene) -> None:
    person = scene.person()
    person.ask("hold", "BEGIN IMMEDIATE", "INSERT INTO written VALUES (7, 'mine')")

    person.ask("outcome", person.ask("create"))
    after_backup = may_write(scene.database)
    job = person.ask("restore", scene.backups[scene.other])
    until("waiting for the lock", lambda: (scene.home.stages / f"{job}.db").exists())
    person.ask("cancel", job)

    assert not after_backup
    assert not may_write(scene.database)
    person.ask("ask_held", "COMMIT")
    assert may_write(scene.database)
    assert [[1]] == person.ask("ask_held", "SELECT count(*) FROM written WHERE id = 7")
    assert 0 == person.leave()


def test_a_reader_in_wal_mode_keeps_its_content_through_it_all(scene_of: SceneOf) -> None:
    """Through a backup, a restoration, a cancelled one and a revert: it sees what it saw at first."""
    scene = scene_of("wal")
    person = scene.person()
    assert may_restart_the_wal(scene.database)
    person.ask("hold", "BEGIN", "SELECT count(*) FROM content")
    touch(scene.database)

    for do in (backup, restore, cancel_a_restoration, revert):
        do(scene, person)

        assert [[OLD]] == person.ask("ask_held", "SELECT DISTINCT tag FROM content"), do
        assert not may_restart_the_wal(scene.database), do

    person.ask("ask_held", "COMMIT")
    assert may_restart_the_wal(scene.database)
    assert scene.contents[OLD] == content_of(scene.database)
    assert 0 == person.leave()


def touch(database: Path) -> None:
    with closing(sqlite3.connect(database)) as other, other:
        other.execute("INSERT INTO written VALUES (8, 'another')")


def backup(scene: Scene, person: Person) -> None:
    person.ask("outcome", person.ask("create"))


def restore(scene: Scene, person: Person) -> None:
    person.ask("outcome", person.ask("restore", scene.backups[scene.other]))


def cancel_a_restoration(scene: Scene, person: Person) -> None:
    job = person.ask("restore", scene.backups[scene.holds])
    try:
        person.ask("cancel", job)
    except Refused as error:
        assert "tooLate" == error.kind
        person.ask("outcome", person.ask("revert"))


def revert(scene: Scene, person: Person) -> None:
    person.ask("outcome", person.ask("revert"))


@pytest.mark.parametrize("asks", ["undo_copies", "backups", "list_jobs"])
def test_a_lock_outlives_every_question(scene_of: SceneOf, asks: str) -> None:
    scene = scene_of("delete")
    person = scene.person()
    person.ask("hold", "BEGIN IMMEDIATE")

    person.ask(asks)

    assert not may_write(scene.database)
