"""Files that cannot be backed up, or restored into: each has its own clear error, and nothing is touched."""

from __future__ import annotations

import ctypes
import os
import random
import sqlite3
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from tests.faults.people import Person, Refused, until
from tests.faults.scene import Answer, Scene
from tests.support.databases import content_of, make_database

SceneOf = Callable[[str], Scene]
Spoil = Callable[[Path], object]


def missing(path: Path) -> None:
    path.unlink()


def folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def text(path: Path) -> None:
    path.write_text("This is no database. " * 1000)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def encrypted(path: Path) -> None:
    path.write_bytes(random.Random(1).randbytes(1 << 16))


def hard_linked(path: Path) -> None:
    os.link(path, path.with_name("other name.db"))


def corrupt(path: Path) -> None:
    with path.open("r+b") as file:
        file.seek(4096 * 3)
        file.write(b"\xff" * 4096 * 20)


def pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def forbidden(path: Path) -> None:
    path.chmod(0o000)


def link_to_nothing(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere.db")


def ask(person: Person, do: str, *args: object, **options: object) -> Answer:
    """How a job that was asked for ended, or how it was refused."""
    try:
        found: Answer = person.ask("settled", person.ask(do, *args, **options))
    except Refused as error:
        return {"error": error.kind, "message": error.message, "state": "failed"}
    return found


def without_privileges() -> None:
    """Root may read whatever it likes, unless CAP_DAC_OVERRIDE and CAP_DAC_READ_SEARCH are dropped."""
    if os.geteuid() == 0 and sys.platform == "linux":
        prctl = ctypes.CDLL(None).prctl
        for capability in (1, 2):
            assert prctl(24, capability, 0, 0, 0) == 0


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (missing, "notFound", "no file"),
        (link_to_nothing, "notFound", "no file"),
        (folder, "badSource", "is a folder"),
        (pipe, "badSource", "a pipe"),
        (text, "badSource", "not an SQLite database"),
        (empty, "badSource", "is empty"),
        (encrypted, "badSource", "encrypted"),
        (hard_linked, "badSource", "2 hard links"),
        (forbidden, "badSource", "may not be read"),
    ],
)
def test_a_source_that_cannot_be_backed_up(scene_of: SceneOf, spoil: Spoil, kind: str, said: str) -> None:
    scene = scene_of("delete")
    scene.forget_store()
    spoil(scene.database)
    person = scene.person(preexec_fn=without_privileges)

    failed = ask(person, "create")

    assert ("failed", kind) == (failed["state"], failed["error"]), failed
    assert said in failed["message"], failed
    assert not scene.store.exists()
    assert [] == list(scene.home.keys.iterdir())
    until("everything cleared up", lambda: not scene.leftovers())
    assert 0 == person.leave()
    assert b"Traceback" not in scene.complaints.read_bytes()


def test_a_damaged_source(scene_of: SceneOf) -> None:
    """It is refused once it has been read and checked; by force it is backed up, and marked."""
    scene = scene_of("delete")
    corrupt(scene.database)
    person = scene.person()

    failed = ask(person, "create")

    assert ("failed", "badSource") == (failed["state"], failed["error"]), failed
    assert "damaged" in failed["message"], failed
    until("everything cleared up", lambda: not scene.leftovers())
    assert [] == person.ask("backups")
    assert "completed" == ask(person, "create", force=True)["outcome"]
    assert [True] == person.ask("damaged")
    scene.repository()


@pytest.mark.parametrize(
    ("spoil", "kind", "said"),
    [
        (folder, "badTarget", "is a folder"),
        (pipe, "badTarget", "a device, a pipe or a socket"),
        (hard_linked, "badTarget", "2 hard links"),
        (forbidden, "badTarget", "may not be"),
    ],
)
def test_a_target_that_cannot_be_restored_into(scene_of: SceneOf, spoil: Spoil, kind: str, said: str) -> None:
    scene = scene_of("delete")
    spoil(scene.database)
    before = sorted(path.name for path in scene.database.parent.iterdir())
    person = scene.person(preexec_fn=without_privileges)

    failed = ask(person, "restore", scene.backups[scene.other])

    assert ("failed", kind) == (failed["state"], failed["error"]), failed
    assert said in failed["message"], failed
    assert before == sorted(path.name for path in scene.database.parent.iterdir())
    assert [] == person.ask("undo_copies")
    until("everything cleared up", lambda: not scene.leftovers())


@pytest.mark.parametrize("spoil", [missing, text, encrypted, empty])
def test_what_is_no_database_is_replaced_and_can_be_reverted(scene_of: SceneOf, spoil: Spoil) -> None:
    """Nobody has it open, so the file itself is put in its place."""
    scene = scene_of("delete")
    spoil(scene.database)
    before = scene.database.read_bytes() if scene.database.exists() else None
    person = scene.person()

    found = ask(person, "restore", scene.backups[scene.other])

    assert "completed" == found["outcome"], found
    assert scene.contents[scene.other] == content_of(scene.database)
    if before:
        assert "completed" == ask(person, "revert")["outcome"]
        assert before == scene.database.read_bytes()
    until("everything cleared up", lambda: not scene.leftovers())


@contextmanager
def locked(path: Path) -> Iterator[None]:
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        yield


@pytest.mark.parametrize("do", ["create", "restore"])
def test_a_database_that_stays_locked(scene_of: SceneOf, do: str) -> None:
    """Until the deadline; once it is free, the same works."""
    scene = scene_of("delete")
    person = scene.person()
    args = [scene.backups[scene.other]] if do == "restore" else []

    with locked(scene.database):
        failed = ask(person, do, *args)

    assert ("failed", "locked") == (failed["state"], failed["error"]), failed
    assert "10 s" in failed["message"]
    assert scene.contents[scene.holds] == content_of(scene.database)
    until("everything cleared up", lambda: not scene.leftovers())
    assert [] == person.ask("undo_copies")
    assert "completed" == ask(person, do, *args)["outcome"]


def in_use_with_other_pages(path: Path) -> Iterator[None]:
    path.unlink()
    make_database(path, 0, rows=10, page_size=8192)
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM content").fetchone()
        yield


def in_use_with_other_text(path: Path) -> Iterator[None]:
    path.unlink()
    make_database(path, 0, rows=10, encoding="UTF-16le")
    with closing(sqlite3.connect(path)) as other:
        other.execute("SELECT * FROM content").fetchone()
        yield


@pytest.mark.parametrize(
    ("using", "said"),
    [(in_use_with_other_pages, "page"), (in_use_with_other_text, "text")],
    ids=["page size", "encoding"],
)
def test_a_live_database_of_another_shape(
    scene_of: SceneOf, using: Callable[[Path], Iterator[None]], said: str
) -> None:
    """Who has it open could not read what would be put in."""
    scene = scene_of("wal")
    with contextmanager(using)(scene.database):
        before = content_of(scene.database)
        person = scene.person()

        failed = ask(person, "restore", scene.backups[scene.other])

        assert "failed" == failed["state"], failed
        assert failed["error"] in ("badTarget", "locked")
        assert said in failed["message"], failed
        assert before == content_of(scene.database)
    until("everything cleared up", lambda: not scene.leftovers())
    assert [] == person.ask("undo_copies")


def test_a_link_is_followed_once_and_stays_a_link(scene: Scene) -> None:
    """One database under two names is one database: its jobs, backups and undo copies are the same."""
    link = scene.folder / "link.db"
    link.symlink_to(scene.database)
    by_its_name, by_the_link = scene.person(), scene.person(database=link)

    made = ask(by_the_link, "create")
    restored = ask(by_the_link, "restore", scene.backups[scene.other])

    assert ["completed", "completed"] == [made["outcome"], restored["outcome"]]
    assert link.is_symlink()
    assert [made["backup"]] == by_its_name.ask("backups")
    assert scene.contents[scene.other] == content_of(scene.database)
    assert "completed" == ask(by_its_name, "revert")["outcome"]
