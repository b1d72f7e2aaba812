"""What killed workers leave behind is found by job; what a living one is at work on is not."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve.transports.local.files import part_of
from reprieve.transports.local.home import Home
from reprieve.transports.local.leftovers import left_behind, remove
from reprieve.transports.local.names import incoming_path
from reprieve.transports.local.os_lock import OsLock


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


def made(*paths: Path) -> list[Path]:
    for path in paths:
        path.touch()
    return list(paths)


def test_what_a_killed_worker_left(tmp_path: Path, home: Home) -> None:
    """A whole undo copy is no leftover; a copy without its entry is, and so is an entry half written."""
    database = tmp_path / "a.db"
    whole = made(home.undo / "kept.db", home.undo / "kept.json")
    gone = made(
        home.stages / "gone.db.part",
        home.stages / "gone.copy.db",
        home.undo / "gone.db",
        home.undo / "gone-redo.db.part",
        home.undo / "gone.json.part",
        home.workers / "gone.lock",
        incoming_path(database, "gone"),
        part_of(incoming_path(database, "gone")),
    )
    kept = made(home.stages / "kept.db")
    made(incoming_path(tmp_path / "b.db", "other"))

    found = left_behind(home, database)

    assert {"gone": sorted(gone), "kept": kept} == {job: sorted(paths) for job, paths in found.items()}
    for paths in found.values():
        remove(paths)
    assert {} == left_behind(home, database)
    assert all(path.exists() for path in whole)


def test_a_living_worker_is_left_alone(tmp_path: Path, home: Home) -> None:
    needed = made(home.stages / "alive.db.part", home.undo / "alive.db")

    with OsLock(home.workers / "alive.lock"):
        assert {} == left_behind(home, tmp_path / "a.db")

    assert needed == left_behind(home, tmp_path / "a.db")["alive"]
