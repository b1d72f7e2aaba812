"""A bridge of one database, in a store with others: it knows of them how many there are, and their names."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

import reprieve
from reprieve.transports.local.home import Home
from tests.support.bridges import bridging
from tests.support.databases import OLD, make_database


def _back_up(folder: Path, name: str) -> str:
    async def back_up() -> str:
        home = Home(folder / "home", folder / "home")
        async with reprieve.connect(folder / name, folder / "store", home=home) as library:
            return (await (await library.create_backup())).id

    return asyncio.run(back_up())


@pytest.fixture
def backups(tmp_path: Path) -> dict[str, str]:
    for name in ("a.db", "b.db"):
        make_database(tmp_path / name, OLD, rows=10)
    return {name: _back_up(tmp_path, name) for name in ("a.db", "b.db")}


def test_another_databases_backup_is_refused_with_both_names(tmp_path: Path, backups: dict[str, str]) -> None:
    before = (tmp_path / "a.db").read_bytes()
    with bridging(tmp_path, "a.db") as bridge:
        listed = bridge.call("backups/list")
        refused = [
            bridge.refused(method, {"backup": backups["b.db"], **more})
            for method, more in (
                ("backup/snapshot", {}),
                ("backup/restorePlan", {}),
                ("backup/restore", {"confirm": True}),
                ("backups/delete", {"confirm": True}),
            )
        ]
        assert 0 == bridge.leave()

    assert ([backups["a.db"]], 1) == ([one["id"] for one in listed["items"]], listed["otherBackups"])
    assert [1404] * 4 == [error["code"] for error in refused]
    assert all(str(tmp_path / name) in error["message"] for error in refused for name in ("a.db", "b.db"))
    assert before == (tmp_path / "a.db").read_bytes()


@pytest.mark.parametrize("by", ["client", "command line"])
def test_a_database_that_was_moved_adopts_what_it_was(
    tmp_path: Path, backups: dict[str, str], by: str
) -> None:
    (tmp_path / "a.db").rename(tmp_path / "moved.db")
    target, former = str(tmp_path / "moved.db"), str(tmp_path / "a.db")
    words = ["moved.db", "--database-id", former] if by == "command line" else []
    options = {} if words else {"initializationOptions": {"target": target, "databaseId": former}}
    with bridging(tmp_path, *words, greet=False) as bridge:
        bridge.initialize(**options)
        listed = bridge.call("backups/list")
        assert 0 == bridge.leave()

    assert ([backups["a.db"]], 1) == ([one["id"] for one in listed["items"]], listed["otherBackups"])


def test_a_database_that_is_not_there_hears_of_the_others(tmp_path: Path, backups: dict[str, str]) -> None:
    with bridging(tmp_path, "nothing.db") as bridge:
        said = bridge.told("window/logMessage")
        bridge.ended()

    assert 2 == len(backups)
    assert "2 of other databases" in said["message"]
    assert "--database-id" in said["message"]
