"""Files of which a part is lost: pages under a WAL, the WAL under a program, or the file itself."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reprieve.core.errors import BadTarget
from reprieve.transports.local.home import Home
from tests.support.actor import Actor
from tests.support.databases import NEW, OLD, make_database
from tests.transports.local.restore.test_overwrite import TAGS, back, crashed, everything, put, side


def test_an_emptied_file_keeps_the_wal_that_a_program_uses(target: Path, image: Path, home: Home) -> None:
    """SQLite deletes the WAL of a database without a page, as whoever just opens it finds."""
    make_database(target, OLD, mode="wal", rows=3)
    with Actor(target) as program:
        program.sql("INSERT INTO written VALUES (1, 'in the WAL only')")
        os.truncate(target, 0)
        before = everything(target)
        assert before[f"{target.name}-wal"]

        put(image, target, home)

        assert [[NEW]] == program.sql(TAGS)
        assert [["ok"]] == program.sql("PRAGMA integrity_check")
        back(target, home)
        assert before == everything(target)


def test_a_file_that_was_cut_off_under_its_wal_comes_back_as_it_was(
    target: Path, image: Path, home: Home
) -> None:
    """The WAL says how many pages there are, so SQLite does not see that the main file lacks some."""
    make_database(target, OLD, mode="wal", rows=20)
    with Actor(target) as program:
        program.sql("PRAGMA wal_autocheckpoint = 0", "INSERT INTO written VALUES (1, 'in the WAL only')")
        os.truncate(target, target.stat().st_size // 2 + 17)
        before = everything(target)

        put(image, target, home)

        assert [[NEW]] == program.sql(TAGS)
        back(target, home)
        assert before == everything(target)


def test_a_wal_that_was_deleted_under_a_program_of_a_damaged_file(
    target: Path, image: Path, home: Home
) -> None:
    """The header does not say any more that the database is in WAL mode: the locks do."""
    make_database(target, OLD, mode="wal", rows=3)
    with Actor(target) as program:
        program.sql("INSERT INTO written VALUES (1, 'x')")
        side(target, "-wal").unlink()
        with target.open("r+b") as file:
            file.write(b"garbage" * 1000)
        before = everything(target)

        with pytest.raises(BadTarget, match=rf"-wal was deleted while process {program.pid}"):
            put(image, target, home)

        assert before == everything(target)


def test_a_copy_with_what_lay_beside_it_comes_back_to_a_lost_file(
    target: Path, image: Path, home: Home
) -> None:
    crashed(target, "wal", OLD)
    before = everything(target)
    put(image, target, home)
    target.unlink()

    back(target, home)

    assert before == everything(target)


@pytest.mark.needs("root")
def test_what_root_brings_back_to_a_lost_file_is_the_folder_owners(
    target: Path, image: Path, home: Home
) -> None:
    crashed(target, "wal", OLD)
    put(image, target, home)
    target.unlink()
    os.chown(target.parent, 1234, 1235)

    back(target, home)

    owners = {path.name: (path.stat().st_uid, path.stat().st_gid) for path in target.parent.iterdir()}
    assert {target.name: (1234, 1235), f"{target.name}-wal": (1234, 1235)} == owners


def test_the_longest_name_comes_back_to_a_lost_file_too(target: Path, image: Path, home: Home) -> None:
    target = target.with_name("n" * (255 - len("-journal")))
    crashed(target, "delete", OLD)
    before = everything(target)
    put(image, target, home)
    target.unlink()

    back(target, home)

    assert before == everything(target)
