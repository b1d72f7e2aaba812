"""What people see of a store that is damaged, or that root uses for them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from .conftest import Reprieve, content, write


def damage_packs(reprieve: Reprieve) -> None:
    for path in (reprieve.folder / "store" / "packs").iterdir():
        data = bytearray(path.read_bytes())
        data[60] ^= 1
        path.write_bytes(data)


def test_a_backup_repairs_what_it_needs_and_names_the_backups_that_are_lost(
    reprieve: Reprieve, database: Path
) -> None:
    lost = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]
    damage_packs(reprieve)
    write(database, "INSERT INTO t VALUES ('second')")
    made = reprieve("backup", "snippets.db", "--json")
    (warning,) = made.result["job"]["warnings"]
    restored = reprieve("restore", made.result["backup"]["id"], "new.db", "--yes")
    listed = reprieve("jobs", "--json").result["jobs"]

    assert 0 == made.code
    assert lost in warning and made.result["backup"]["id"] not in warning
    assert 0 == restored.code
    assert ["first", "second"] == content(reprieve.folder / "new.db")
    assert [[warning]] == [job["warnings"] for job in listed if "warnings" in job]

    write(database, "INSERT INTO t VALUES ('third')")
    after = reprieve("backup", "snippets.db", "--json")

    assert "warnings" not in after.result["job"]
    assert 1 == reprieve("restore", lost, "other.db", "--yes").code


def test_the_warning_is_told_in_words(reprieve: Reprieve, database: Path) -> None:
    lost = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]
    damage_packs(reprieve)
    write(database, "INSERT INTO t VALUES ('second')")
    made = reprieve("backup", "snippets.db")

    assert f"can no longer be restored: {lost}" in made.out


@pytest.mark.needs("root")
def test_what_root_restores_to_a_free_path_belongs_to_the_owner_of_the_folder(
    reprieve: Reprieve, database: Path
) -> None:
    folder = reprieve.folder / "of a user"
    folder.mkdir()
    os.chown(folder, 1234, 1235)
    made = reprieve("backup", "snippets.db", "--json").result["backup"]["id"]
    restored = reprieve("restore", made, str(folder / "new.db"), "--yes")
    status = (folder / "new.db").stat()

    assert 0 == restored.code
    assert (1234, 1235) == (status.st_uid, status.st_gid)
    assert {"new.db"} == {path.name for path in folder.iterdir()}


def test_an_unfinished_key_does_not_outlive_the_next_command(reprieve: Reprieve, database: Path) -> None:
    reprieve("backup", "snippets.db", REPRIEVE_FAILPOINT="key.synced:1")
    left = [path.suffix for path in (reprieve.home / "keys").iterdir()]
    made = reprieve("backup", "snippets.db")

    assert ".part" in left
    assert 0 == made.code
    assert [".key"] == [path.suffix for path in (reprieve.home / "keys").iterdir() if path.suffix != ".shown"]
