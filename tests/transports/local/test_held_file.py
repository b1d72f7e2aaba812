"""Links and files that come into a resolved path, before a job or in the very moment in which it opens it."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import apsw
import pytest

from reprieve.core.errors import BadSource, BadTarget, NotFound
from reprieve.transports.local.held_file import hold
from reprieve.transports.local.home import Home
from reprieve.transports.local.restore import restore, revert
from reprieve.transports.local.restore.target import locate
from reprieve.transports.local.snapshot.take import Method, take
from tests.support.databases import NEW, OLD, make_database
from tests.transports.local.restore.steps import MemorySteps
from tests.transports.local.restore.worker import source_of
from tests.transports.local.snapshot.live import MemorySink

pytestmark = pytest.mark.needs("posix")


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """A database in a folder that others may write, too."""
    folder = tmp_path / "shared" / "folder"
    folder.mkdir(parents=True)
    return make_database(folder / "a.db", OLD, mode="delete", rows=3)


@pytest.fixture
def private(tmp_path: Path) -> Path:
    """Another database, which nobody meant."""
    folder = tmp_path / "private"
    folder.mkdir()
    path = folder / "a.db"
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE secret (password)")
    return path


Swap = Callable[[Path, Path], Callable[[], None]]
"""Put something in the place of a path; gives what takes it away again."""


def a_link(target: Path, private: Path) -> Callable[[], None]:
    aside = target.rename(target.with_name("aside"))
    target.symlink_to(private)

    def take_away() -> None:
        target.unlink()
        aside.rename(target)

    return take_away


def a_link_for_the_folder(target: Path, private: Path) -> Callable[[], None]:
    folder = target.parent
    aside = folder.rename(folder.with_name("aside"))
    folder.symlink_to(private.parent)

    def take_away() -> None:
        folder.unlink()
        aside.rename(folder)

    return take_away


def another_file(target: Path, private: Path) -> Callable[[], None]:
    aside = target.rename(target.with_name("aside"))
    private.rename(target)

    def take_away() -> None:
        target.rename(private)
        aside.rename(target)

    return take_away


SWAPS = [a_link, a_link_for_the_folder, another_file]


@pytest.fixture
def at_each_open(monkeypatch: pytest.MonkeyPatch, target: Path, private: Path) -> Callable[[Swap], None]:
    """Put something in the path just when SQLite opens it, and take it away before anybody looks."""

    def arm(swap: Swap) -> None:
        real = apsw.Connection

        def opened(name: str, **options: Any) -> apsw.Connection:
            if target.name not in name or "stage" in name:
                return real(name, **options)
            take_away = swap(target, private)
            try:
                return real(name, **options)
            finally:
                take_away()

        monkeypatch.setattr(apsw, "Connection", opened)

    return arm


@pytest.mark.parametrize("swap", SWAPS)
def test_a_restoration_reaches_no_other_file(
    tmp_path: Path, target: Path, private: Path, at_each_open: Callable[[Swap], None], swap: Swap
) -> None:
    home = Home(tmp_path / "home", tmp_path / "home")
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=3)
    before = target.read_bytes(), private.read_bytes()
    at_each_open(swap)

    with pytest.raises(BadTarget, match=r"link has appeared|replaced"):
        restore(source_of(image), target, job_id="job", home=home, steps=MemorySteps())

    assert before == (target.read_bytes(), private.read_bytes())
    assert [private] == list(private.parent.iterdir())


@pytest.mark.parametrize("swap", SWAPS)
def test_a_revert_reaches_no_other_file(
    tmp_path: Path, target: Path, private: Path, at_each_open: Callable[[Swap], None], swap: Swap
) -> None:
    home = Home(tmp_path / "home", tmp_path / "home")
    image = make_database(tmp_path / "image.db", NEW, mode="delete", rows=3)
    restore(source_of(image), target, job_id="job", home=home, steps=MemorySteps())
    before = target.read_bytes(), private.read_bytes()
    at_each_open(swap)

    with pytest.raises(BadTarget, match=r"link has appeared|replaced"):
        revert("job", target, job_id="back", home=home, steps=MemorySteps())

    assert before == (target.read_bytes(), private.read_bytes())


@pytest.mark.parametrize("method", Method)
@pytest.mark.parametrize("swap", SWAPS)
def test_a_backup_reads_no_other_file(
    tmp_path: Path,
    target: Path,
    private: Path,
    at_each_open: Callable[[Swap], None],
    swap: Swap,
    method: Method,
) -> None:
    sink = MemorySink()
    at_each_open(swap)

    with pytest.raises(BadSource, match=r"link has appeared|replaced"):
        take(target, sink, cancelled=lambda: False, method=method, copy=lambda: tmp_path / "copy.db")

    assert b"" == bytes(sink.data)


@pytest.mark.parametrize("swap", [a_link, a_link_for_the_folder])
def test_a_link_that_was_there_before_is_refused(target: Path, private: Path, swap: Swap) -> None:
    swap(target, private)

    sink = MemorySink()
    with pytest.raises(BadSource, match="link has appeared"):
        take(target, sink, cancelled=lambda: False, resolved=True)
    with pytest.raises(BadTarget, match="link has appeared"):
        locate(target, force=False, resolved=True)
    with pytest.raises(BadTarget, match="link has appeared"), hold(target, BadTarget):
        pass


def test_a_file_that_is_replaced_while_it_is_held(target: Path, private: Path) -> None:
    with hold(target, BadTarget) as file:
        file.require_in_place()
        another_file(target, private)

        with pytest.raises(BadTarget, match="replaced"):
            file.require_in_place()


def test_another_file_between_two_jobs_is_ordinary(target: Path, private: Path) -> None:
    with hold(target, BadTarget) as file:
        before = file.identity
    another_file(target, private)

    with hold(target, BadTarget) as file:
        file.require_in_place()
        assert before != file.identity


def test_a_file_that_is_gone(target: Path) -> None:
    target.unlink()

    with pytest.raises(NotFound), hold(target, BadTarget):
        pass


def test_a_folder_that_may_only_be_passed_through(target: Path) -> None:
    shared = target.parent.parent
    shared.chmod(0o711)

    with hold(target, BadSource, os.O_RDONLY) as file:
        assert os.stat(target).st_ino == file.identity[1]
