"""The list of registered databases: replaced whole, by one process at a time, and read by anybody."""

from __future__ import annotations

import multiprocessing
import os
from pathlib import Path

import pytest

from reprieve.core.errors import InvalidRequest, NotFound, StorageError
from reprieve.transports.local.home import Home
from reprieve.transports.local.registered import RegisteredDatabases


@pytest.fixture
def listed(tmp_path: Path) -> RegisteredDatabases:
    return RegisteredDatabases(Home(tmp_path / "home", tmp_path / "home"))


def _file(folder: Path, name: str) -> str:
    path = folder / name
    path.write_bytes(b"x")
    return str(path)


def test_what_was_registered_is_found_by_every_name_of_it(
    listed: RegisteredDatabases, tmp_path: Path
) -> None:
    path = _file(tmp_path, "a.db")
    (tmp_path / "link.db").symlink_to(path)

    known = listed.register(str(tmp_path / "link.db"), str(tmp_path / "store"))

    assert known == listed.find(path) == listed.find(f"file://{path}") == listed.all()[0]
    assert (path, str(tmp_path / "store")) == (known.path, known.store)
    assert known.is_the_file(os.stat(path))


def test_registering_again_keeps_or_changes_the_store(listed: RegisteredDatabases, tmp_path: Path) -> None:
    path = _file(tmp_path, "a.db")
    first = listed.register(path, str(tmp_path / "one"))

    assert first == listed.register(path)
    assert str(tmp_path / "two") == listed.register(path, str(tmp_path / "two")).store
    assert 1 == len(listed.all())


def test_another_file_at_the_path_is_told_apart_until_it_is_registered(
    listed: RegisteredDatabases, tmp_path: Path
) -> None:
    path = _file(tmp_path, "a.db")
    known = listed.register(path, "store")
    os.replace(_file(tmp_path, "b.db"), path)

    assert not known.is_the_file(os.stat(path))
    assert listed.register(path).is_the_file(os.stat(path))


def test_what_is_no_file_is_refused(listed: RegisteredDatabases, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        listed.register(str(tmp_path / "missing.db"))
    with pytest.raises(InvalidRequest):
        listed.register(str(tmp_path))
    with pytest.raises(NotFound):
        listed.unregister(str(tmp_path / "missing.db"))
    assert () == listed.all()


def test_a_list_that_makes_no_sense_is_an_error_and_is_left_alone(
    listed: RegisteredDatabases, tmp_path: Path
) -> None:
    listed.home.databases.write_text('{"format": 1, "databases": [{}]}')

    with pytest.raises(StorageError):
        listed.all()
    with pytest.raises(StorageError):
        listed.register(_file(tmp_path, "a.db"), "store")
    assert '{"format": 1, "databases": [{}]}' == listed.home.databases.read_text()


def _register(home: Home, path: str) -> None:
    RegisteredDatabases(home).register(path, "store")


def test_processes_that_register_at_once_lose_nothing(listed: RegisteredDatabases, tmp_path: Path) -> None:
    paths = [_file(tmp_path, f"{number}.db") for number in range(8)]
    spawn = multiprocessing.get_context("spawn")
    processes = [spawn.Process(target=_register, args=(listed.home, path)) for path in paths]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)

    assert paths == [known.path for known in listed.all()]
    assert ["databases.json"] == sorted(path.name for path in listed.home.config.iterdir())


@pytest.mark.needs("posix")
def test_a_link_in_the_path_of_a_registered_database_is_not_followed(
    tmp_path: Path, listed: RegisteredDatabases
) -> None:
    path = tmp_path / "a.db"
    other = tmp_path / "other.db"
    path.touch()
    other.touch()
    link = tmp_path / "link.db"
    link.symlink_to(other)
    listed.register(str(path))
    listed.require_no_link(str(path))
    listed.require_no_link(str(link))
    path.unlink()
    path.symlink_to(other)

    with pytest.raises(InvalidRequest, match="link has appeared"):
        listed.require_no_link(str(path))
