"""Sources in odd states and places, and what a snapshot must not leave beside them.

A first page that a journal heals, a WAL that is gone, and media that may not be written.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reprieve.core.errors import BadSource
from reprieve.transports.local.snapshot.take import Method
from tests.support.actor import Actor

from .test_sources import create, names_in, rows_in, shoot

METHODS = list(Method)


def crashed(path: Path) -> list[list[int]]:
    """A database whose writer died in a transaction that had reached page 1; what it held before."""
    create(path, rows=300)
    with Actor(path) as writer:
        before: list[list[int]] = writer.sql("SELECT count(*), sum(length(body)) FROM note")
        writer.sql("PRAGMA cache_size=1", "BEGIN", "CREATE TABLE half(x)", "UPDATE note SET body = 'half'")
        writer.kill()
    return before


def tear(path: Path) -> None:
    with path.open("r+b") as file:
        file.write(bytes(512))


@pytest.mark.parametrize("method", METHODS)
def test_a_torn_first_page_is_healed_by_its_journal(tmp_path: Path, method: Method) -> None:
    before = crashed(tmp_path / "a.db")
    tear(tmp_path / "a.db")

    _image, data = shoot(tmp_path / "a.db", method)

    lengths = [len(body) for _id, body in rows_in(data, tmp_path)]
    assert before == [[len(lengths), sum(lengths)]]


def test_what_no_journal_heals_is_no_database(tmp_path: Path) -> None:
    create(tmp_path / "a.db", rows=3)
    tear(tmp_path / "a.db")
    (tmp_path / "a.db-journal").write_bytes(b"a journal of something else")

    with pytest.raises(BadSource, match="no database"):
        shoot(tmp_path / "a.db")


def test_a_wal_that_was_deleted_under_a_program(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db", "WAL", rows=3)
    with Actor(path) as program:
        program.sql("DELETE FROM note WHERE id = 1")
        (tmp_path / "a.db-wal").unlink()

        with pytest.raises(BadSource, match=rf"a\.db-wal was deleted while process {program.pid}"):
            shoot(path)

        assert {"a.db", "a.db-shm"} == names_in(tmp_path)
        program.close()
    assert [2, 3] == [number for number, _body in rows_in(shoot(path)[1], tmp_path)]


def test_a_main_file_in_rollback_mode_with_a_wal_in_use(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db", "WAL", rows=3)
    with Actor(path) as program:
        program.sql("PRAGMA wal_autocheckpoint = 0", "DELETE FROM note WHERE id = 1")
        with path.open("r+b") as file:
            file.seek(18)
            file.write(b"\1\1")

        image, data = shoot(path)

    assert "wal" == image.journal_mode
    assert [2, 3] == [number for number, _body in rows_in(data, tmp_path)]


def test_bytes_behind_the_last_page_are_not_backed_up(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db", rows=3)
    expected = path.read_bytes()
    with path.open("ab") as file:
        file.write(b"\xa5" * 5000)

    image, data = shoot(path)

    assert (len(expected), expected) == (image.bytes, data)


# -- what is left beside it --------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS)
def test_a_crashed_programs_wal_is_left_alone(tmp_path: Path, method: Method) -> None:
    """Its -shm was gone; one that a backup made, perhaps as another user, would keep the program out."""
    path = create(tmp_path / "a.db", "WAL", rows=3)
    with Actor(path) as program:
        program.sql("DELETE FROM note WHERE id = 1")
        program.kill()
    (tmp_path / "a.db-shm").unlink()

    shoot(path, method)

    assert {"a.db", "a.db-wal"} == names_in(tmp_path)


def test_what_a_program_uses_stays(tmp_path: Path) -> None:
    path = create(tmp_path / "a.db", "WAL", rows=3)
    with Actor(path) as program:
        program.sql("DELETE FROM note WHERE id = 1")

        shoot(path)

        assert {"a.db", "a.db-wal", "a.db-shm"} == names_in(tmp_path)
        assert [[2]] == program.sql("SELECT count(*) FROM note")


@pytest.mark.needs("tmpfs")
@pytest.mark.parametrize("method", METHODS)
def test_as_root_it_leaves_nothing_of_roots_own(tmp_path: Path, method: Method) -> None:
    path = create(tmp_path / "a.db", "WAL", rows=3)
    with Actor(path) as program:
        program.sql("DELETE FROM note WHERE id = 1")
        program.kill()
    for file in tmp_path.iterdir():
        os.chown(file, 12345, 12345)
    before = {file.name for file in tmp_path.iterdir()}

    shoot(path, method)

    assert before == names_in(tmp_path)
    assert {12345} == {file.stat().st_uid for file in tmp_path.iterdir()}


# -- media that may not be written -------------------------------------------------------------------


@contextmanager
def read_only_view(folder: Path, point: Path) -> Iterator[Path]:
    """The same folder at another place, where nothing may be written."""
    point.mkdir()
    subprocess.run(["mount", "--bind", folder, point], check=True)
    try:
        subprocess.run(["mount", "-o", "remount,ro,bind", point], check=True)
        yield point
    finally:
        subprocess.run(["umount", point], check=True)


@pytest.mark.needs("tmpfs")
@pytest.mark.parametrize("journal", ["WAL", "DELETE"])
@pytest.mark.parametrize("method", METHODS)
def test_a_closed_database_on_read_only_media_has_an_image(
    tmp_path: Path, journal: str, method: Method
) -> None:
    (tmp_path / "disk").mkdir()
    path = create(tmp_path / "disk" / "a.db", journal, rows=300)

    with read_only_view(path.parent, tmp_path / "view") as view:
        image, data = shoot(view / "a.db", method)

    assert ("wal" if journal == "WAL" else "rollback") == image.journal_mode
    assert 300 == len(rows_in(data, tmp_path))


@pytest.mark.needs("tmpfs")
def test_what_read_only_media_cannot_give_is_told_as_that(tmp_path: Path) -> None:
    (tmp_path / "disk").mkdir()
    path = create(tmp_path / "disk" / "a.db", "WAL", rows=3)
    with Actor(path) as program:
        program.sql("DELETE FROM note WHERE id = 1")
        program.kill()
    (tmp_path / "disk" / "a.db-shm").unlink()

    with read_only_view(path.parent, tmp_path / "view") as view:
        with pytest.raises(BadSource, match=r"read-only file system.*-wal"):
            shoot(view / "a.db")


@pytest.mark.parametrize("method", METHODS)
def test_a_name_beside_which_sqlite_can_keep_nothing(tmp_path: Path, method: Method) -> None:
    path = create(tmp_path / "a.db", rows=3).rename(tmp_path / ("n" * 255))

    with pytest.raises(BadSource, match="give it a shorter one"):
        shoot(path, method)

    assert [path] == list(tmp_path.iterdir())
