"""The undo catalogue: what it lists, keeps and drops, whatever lies in its folder."""

from __future__ import annotations

import os
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from reprieve.core.errors import NotFound
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import restore
from reprieve.transports.local.restore.target import held
from reprieve.transports.local.restore.undo import keep, undo_name
from reprieve.transports.local.undo_catalogue import forget_undo, list_undo, prune
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of
from tests.transports.local.restore.world import NEW, OLD, make_database


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


def add(home: Home, database: Path, job: str) -> None:
    database.touch()
    with held(database) as target:
        keep(home, undo_name(job, "a restoration"), target, lambda to: None)


def ids(home: Home, database: Path | None = None) -> list[str]:
    return [copy.id for copy in list_undo(home, str(database) if database else None)]


def test_what_a_restoration_leaves(tmp_path: Path, home: Home) -> None:
    target = make_database(tmp_path / "target.db", OLD, rows=3)
    image = make_database(tmp_path / "image.db", NEW, rows=3)

    settled = restore(source_of(image), target, job_id="job", home=home, steps=MemorySteps())

    (copy,) = list_undo(home, str(target))
    assert copy == settled.undo
    assert ("job", str(target), "a restoration", "job") == (copy.id, copy.database, copy.reason, copy.job)
    assert copy.bytes == (home.undo / "job.db").stat().st_size
    assert abs(datetime.now(UTC) - copy.created) < timedelta(minutes=5)
    if os.name == "posix":
        assert {0o600} == {stat.S_IMODE(path.stat().st_mode) for path in home.undo.iterdir()}


def test_newest_first_and_by_database(tmp_path: Path, home: Home) -> None:
    for job, name in (("1", "a.db"), ("2", "b.db"), ("3", "a.db")):
        add(home, tmp_path / name, job)

    assert ["3", "2", "1"] == ids(home)
    assert ["3", "1"] == ids(home, tmp_path / "a.db")
    assert [] == ids(home, tmp_path / "c.db")


@pytest.mark.parametrize("record", [b"", b"{", b"[]", b"null", b'{"id": "2"}', b"\xff\xfe", b'{"id": 7}'])
def test_a_damaged_entry_hides_no_other(tmp_path: Path, home: Home, record: bytes) -> None:
    for job in ("1", "2", "3"):
        add(home, tmp_path / "a.db", job)
    (home.undo / "2.json").write_bytes(record)

    assert ["3", "1"] == ids(home)


def test_an_entry_without_its_copy_is_none(tmp_path: Path, home: Home) -> None:
    add(home, tmp_path / "a.db", "1")
    (home.undo / "1.db").unlink()

    assert [] == ids(home)


def test_forgetting(tmp_path: Path, home: Home) -> None:
    add(home, tmp_path / "a.db", "1")
    add(home, tmp_path / "a.db", "2")

    forget_undo(home, "1")

    assert ["2"] == ids(home)
    assert {"2.db", "2.json"} == {path.name for path in home.undo.iterdir()}
    with pytest.raises(NotFound, match="1"):
        forget_undo(home, "1")


@pytest.mark.parametrize("name", ["../outside", "/etc/passwd", "", "1.json"])
def test_only_listed_ids_can_be_forgotten(tmp_path: Path, home: Home, name: str) -> None:
    add(home, tmp_path / "a.db", "1")

    with pytest.raises(NotFound):
        forget_undo(home, name)

    assert ["1"] == ids(home)


@pytest.mark.parametrize(
    ("days", "left"), [(0, ["5", "4", "3", "2", "1"]), (6.9, ["5", "4", "3", "2", "1"]), (8, ["5", "4", "3"])]
)
def test_seven_days_and_the_last_three_are_kept(
    tmp_path: Path, home: Home, days: float, left: list[str]
) -> None:
    for job in ("1", "2", "3", "4", "5"):
        add(home, tmp_path / "a.db", job)
    add(home, tmp_path / "b.db", "other")

    prune(home, str(tmp_path / "a.db"), datetime.now(UTC) + timedelta(days=days))

    assert left == ids(home, tmp_path / "a.db")
    assert ["other"] == ids(home, tmp_path / "b.db")
