"""Backups of other databases in the same store: restored only where that is meant, adopted after a move."""

from __future__ import annotations

from pathlib import Path

import pytest

from .conftest import Reprieve, content, write


@pytest.fixture
def other(reprieve: Reprieve, database: Path, tmp_path: Path) -> str:
    """The backup of another database; both are in one store."""
    path = tmp_path / "other.db"
    write(path, "CREATE TABLE t (x)", "INSERT INTO t VALUES ('of the other')")
    reprieve("backup", "snippets.db")
    return str(reprieve("backup", "other.db", "--json").result["backup"]["id"])


def test_another_databases_backup_replaces_a_file_only_where_that_is_said(
    reprieve: Reprieve, database: Path, other: str, tmp_path: Path
) -> None:
    refused = reprieve("restore", other, "snippets.db", "--yes")

    assert 3 == refused.code
    assert str(tmp_path / "other.db") in refused.err.replace("\n", "")
    assert str(database) in refused.err.replace("\n", "")
    assert ["first"] == content(database)
    assert 0 == reprieve("restore", other, "snippets.db", "--yes", "--any-database").code
    assert ["of the other"] == content(database)


def test_a_new_place_may_get_any_backup(reprieve: Reprieve, other: str, tmp_path: Path) -> None:
    assert 0 == reprieve("restore", other, "look-at-it.db").code
    assert ["of the other"] == content(tmp_path / "look-at-it.db")


def test_a_file_without_backups_of_its_own_may_get_any_backup(
    reprieve: Reprieve, other: str, tmp_path: Path
) -> None:
    """As on another machine, where the program has made a database at another path already."""
    fresh = tmp_path / "fresh.db"
    write(fresh, "CREATE TABLE t (x)", "INSERT INTO t VALUES ('fresh')")

    assert 0 == reprieve("restore", other, "fresh.db", "--yes").code
    assert ["of the other"] == content(fresh)
    assert 0 == reprieve("revert", "fresh.db").code
    assert ["fresh"] == content(fresh)


def test_a_list_says_how_many_there_are_of_others(reprieve: Reprieve, other: str) -> None:
    listed = reprieve("list", "snippets.db")
    members = reprieve("list", "snippets.db", "--json").result
    everything = reprieve("list", "--json").result

    assert "1 backup of other databases" in listed.err
    assert (1, 1) == (len(members["backups"]), members["otherBackups"])
    assert 2 == len(everything["backups"])
    assert "otherBackups" not in everything


@pytest.mark.usefixtures("other")
def test_a_database_that_was_moved_adopts_what_it_was_before(
    reprieve: Reprieve, database: Path, tmp_path: Path
) -> None:
    moved = tmp_path / "moved.db"
    database.rename(moved)
    write(moved, "INSERT INTO t VALUES ('second')")
    before = ("--database-id", str(database))

    listed = reprieve("list", "moved.db", "--json", *before).result
    lost = reprieve("restore", "latest", "moved.db", "--yes")
    restored = reprieve("restore", "latest", "moved.db", "--yes", *before)

    assert [str(database)] == [backup["database"] for backup in listed["backups"]]
    assert 1 == listed["otherBackups"]
    assert (3, 0) == (lost.code, restored.code)
    assert ["first"] == content(moved)


@pytest.mark.parametrize(
    "words",
    [
        ("list", "http://localhost:9", "--database-id", "x"),
        ("restore", "latest", "http://localhost:9", "--any-database"),
    ],
)
def test_a_service_knows_its_own_database_alone(reprieve: Reprieve, words: tuple[str, ...]) -> None:
    assert 2 == reprieve(*words).code
