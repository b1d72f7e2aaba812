"""The undo catalogue: what it lists, keeps and drops, whatever lies in its folder."""

from __future__ import annotations

import json
import os
import stat
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from reprieve.core.errors import NotFound
from reprieve.transports.local.active_days import ActiveDays
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import restore
from reprieve.transports.local.restore.target import held
from reprieve.transports.local.restore.undo import keep, undo_name
from reprieve.transports.local.undo_catalogue import drop_old, forget_undo, list_undo, renew
from tests.support.databases import NEW, OLD, make_database
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home", tmp_path / "home")


def add(home: Home, database: Path, job: str, years: int = 0) -> None:
    """A copy, made by a clock that is so many years ahead."""
    database.touch()
    with held(database) as target:
        copy = keep(home, undo_name(job, "a restoration"), target, lambda to: None)
    path = home.undo / f"{job}.json"
    created = copy.created + timedelta(days=365 * years)
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "created": created.isoformat()}))


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


def test_the_order_is_that_of_the_restorations_whatever_the_clock(tmp_path: Path, home: Home) -> None:
    for number, years in enumerate((0, 10, -20, 1, -1)):
        add(home, tmp_path / "a.db", str(number), years)

    assert ["4", "3", "2", "1", "0"] == ids(home)


def test_copies_of_version_0_1_come_before_all_others_in_the_order_of_their_time(
    tmp_path: Path, home: Home
) -> None:
    for job, years in (("new", -9), ("old", 2), ("older", 1)):
        add(home, tmp_path / "a.db", job, years)
    for job in ("old", "older"):
        path = home.undo / f"{job}.json"
        record = json.loads(path.read_bytes())
        del record["line"], record["day"]
        path.write_text(json.dumps(record))

    assert ["new", "old", "older"] == ids(home)


def use(home: Home, first: int, days: int) -> None:
    """Run on so many days, from the `first` of this calendar on."""
    for day in range(first, first + days):
        ActiveDays(home).number(date(2030, 1, 1) + timedelta(days=day))
        drop_old(home)


@pytest.mark.parametrize(
    ("days", "left"), [(0, ["5", "4", "3", "2", "1"]), (7, ["5", "4", "3", "2", "1"]), (8, ["5", "4", "3"])]
)
def test_the_last_three_stay_and_others_for_seven_days_of_use(
    tmp_path: Path, home: Home, days: int, left: list[str]
) -> None:
    for job in ("1", "2", "3", "4", "5"):
        add(home, tmp_path / "a.db", job)
    add(home, tmp_path / "b.db", "other")

    use(home, 0, days)

    assert left == ids(home, tmp_path / "a.db")
    assert ["other"] == ids(home, tmp_path / "b.db")


def test_a_jump_of_the_clock_drops_nothing(tmp_path: Path, home: Home) -> None:
    for job in ("1", "2", "3", "4", "5"):
        add(home, tmp_path / "a.db", job)

    for _ in range(10):
        use(home, 3000, 1)
        use(home, -9000, 1)

    assert ["5", "4", "3", "2", "1"] == ids(home)


def test_the_last_three_stay_when_the_database_is_gone(tmp_path: Path, home: Home) -> None:
    for job in ("1", "2", "3", "4"):
        add(home, tmp_path / "a.db", job)
    (tmp_path / "a.db").unlink()

    use(home, 0, 500)

    assert ["4", "3", "2"] == ids(home)


def test_a_copy_that_is_needed_is_kept_anew(tmp_path: Path, home: Home) -> None:
    for job in ("1", "2", "3", "4", "5"):
        add(home, tmp_path / "a.db", job)
    use(home, 0, 5)

    renewed = renew(home, "1")
    use(home, 5, 4)

    assert "1" == renewed.id
    assert ["5", "4", "3", "1"] == ids(home)


def test_copies_of_version_0_1_go_after_seven_days_of_use_too(tmp_path: Path, home: Home) -> None:
    for job in ("1", "2", "3", "4"):
        add(home, tmp_path / "a.db", job)
    path = home.undo / "1.json"
    path.write_text(json.dumps({**json.loads(path.read_bytes()), "line": 0, "day": 0}))
    home.days.unlink()

    use(home, 0, 6)  # and today, which `drop_old` counts
    before = ids(home)
    use(home, 6, 1)

    assert (["4", "3", "2", "1"], ["4", "3", "2"]) == (before, ids(home))


@pytest.mark.parametrize("record", [b"", b"[]", b'{"format": 2}', b"\xff", b'{"format": 1, "number": "x"}'])
def test_a_damaged_count_of_days_drops_nothing(tmp_path: Path, home: Home, record: bytes) -> None:
    use(home, -20, 20)
    for job in ("1", "2", "3", "4"):
        add(home, tmp_path / "a.db", job)
    home.days.write_bytes(record)

    use(home, 0, 8)

    assert ["4", "3", "2", "1"] == ids(home)
