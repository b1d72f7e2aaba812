"""What every store must do, done by a folder; and what only a folder can get wrong."""

from __future__ import annotations

import errno
import os
import threading
from pathlib import Path

import pytest

from reprieve.core.errors import Conflict, InvalidRequest, NotFound, StorageError, Unsupported
from reprieve.transports.local.stores import Store, Stored, open_store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return open_store(tmp_path / "store")


@pytest.fixture(params=["links", "no links"])
def any_store(store: Store, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Store:
    """A store on a file system with hard links, and on one without."""

    def refuse(source: object, target: object, **relative: object) -> None:
        raise OSError(errno.EPERM, os.strerror(errno.EPERM))

    if request.param == "no links":
        monkeypatch.setattr(os, "link", refuse)
    return store


def test_what_was_put_is_there(any_store: Store) -> None:
    any_store.put("packs/ab/one", b"hello world")
    any_store.put("packs/two", b"")

    assert b"hello world" == any_store.get("packs/ab/one", 100)
    assert (b"world", b"ld", b"") == tuple(
        any_store.get_range("packs/ab/one", offset, 5) for offset in (6, 9, 20)
    )
    assert 11 == any_store.size("packs/ab/one")
    assert {Stored("packs/ab/one", 11), Stored("packs/two", 0)} == set(any_store.objects("packs/"))
    assert set() == set(any_store.objects("elsewhere/"))


def test_a_name_is_taken_once(any_store: Store) -> None:
    any_store.put("config", b"first")
    with pytest.raises(Conflict, match="config"):
        any_store.put("config", b"second")

    assert b"first" == any_store.get("config", 100)


def test_one_of_many_racing_writers_wins(any_store: Store) -> None:
    start = threading.Barrier(12)
    won: list[bytes] = []
    lost: list[Conflict] = []

    def race(content: bytes) -> None:
        start.wait()
        try:
            any_store.put("config", content)
        except Conflict as error:
            lost.append(error)
        else:
            won.append(content)

    threads = [threading.Thread(target=race, args=(bytes([number]),)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert 1 == len(won)
    assert 11 == len(lost)
    assert won == [any_store.get("config", 100)]
    assert [] == list(any_store.objects("uploads/"))


def test_an_upload_does_not_exist_before_its_commit(store: Store) -> None:
    with store.upload("packs/one") as upload:
        upload.write(b"hello ")
        upload.write(b"world")
        before = list(store.objects("packs/"))
        upload.commit()

    assert [] == before
    assert b"hello world" == store.get("packs/one", 100)
    assert [] == list(store.objects("uploads/"))


def test_an_upload_that_is_left_leaves_nothing(store: Store) -> None:
    with store.upload("packs/one") as upload:
        upload.write(b"hello ")

    assert [] == list(store.objects("packs/"))
    assert [] == list(store.objects("uploads/"))


def test_a_sweep_takes_what_the_dead_left_and_leaves_what_is_under_way(store: Store, tmp_path: Path) -> None:
    (tmp_path / "store" / "uploads").mkdir(parents=True)
    (tmp_path / "store" / "uploads" / ("0f" * 16)).write_bytes(b"half")
    with store.upload("packs/one") as upload:
        upload.write(b"whole")
        store.sweep()
        upload.commit()
        left = list(store.objects("uploads/"))

    assert [] == left
    assert b"whole" == store.get("packs/one", 100)


def test_what_is_not_there(store: Store) -> None:
    with pytest.raises(NotFound, match="packs/one"):
        store.get("packs/one", 100)
    with pytest.raises(NotFound, match="packs/one"):
        store.size("packs/one")
    with pytest.raises(NotFound, match="packs/one"):
        store.get_range("packs/one", 0, 1)
    store.delete("packs/one")
    store.sweep()


def test_a_deleted_object_is_gone(store: Store) -> None:
    store.put("packs/one", b"hello")
    store.delete("packs/one")

    assert [] == list(store.objects("packs/"))


def test_a_store_where_a_file_lies(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("hello")
    with pytest.raises((StorageError, Conflict), match="file"):
        open_store(tmp_path / "file").put("config", b"x")

    assert "hello" == (tmp_path / "file").read_text()


def test_paths_and_urls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    expected = str(tmp_path / "my store")

    assert [expected] * 4 == [
        open_store(where).url
        for where in (Path(expected), "my store", "~/my store", (tmp_path / "my store").as_uri())
    ]
    assert [] == list(tmp_path.iterdir())


@pytest.mark.parametrize("where", ["s3://bucket/path", "sftp://host/path"])
def test_a_kind_of_store_that_is_not_there_yet(where: str) -> None:
    with pytest.raises(Unsupported, match="name a folder"):
        open_store(where)


@pytest.mark.parametrize("where", ["file://", "file:///", "file://server/share"])
def test_a_file_url_without_a_folder(where: str) -> None:
    with pytest.raises(InvalidRequest, match="names no folder"):
        open_store(where)


@pytest.mark.parametrize("where", ["file", "file/below"])
def test_a_store_that_is_a_file_is_told(tmp_path: Path, where: str) -> None:
    (tmp_path / "file").write_text("in the way")
    store = open_store(tmp_path / where)
    with pytest.raises(StorageError, match="is a file"):
        store.get("config", 100)
    with pytest.raises(StorageError, match="is a file"):
        set(store.objects("packs/"))


@pytest.mark.parametrize("error", [FileNotFoundError, FileExistsError])
def test_a_store_that_cannot_be_made_is_told(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: type[OSError]
) -> None:
    def refuse(path: Path) -> None:
        raise error(errno.ENOENT, "It cannot be")

    monkeypatch.setattr("reprieve.transports.local.stores.folder.make_folder", refuse)
    with pytest.raises(StorageError, match=r"cannot be made .*Make that folder first"):
        store.put("config", b"")


def test_a_read_only_file_system_is_told(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: Path) -> None:
        raise OSError(errno.EROFS, os.strerror(errno.EROFS))

    monkeypatch.setattr("reprieve.transports.local.stores.folder.make_folder", refuse)
    with pytest.raises(StorageError, match="Mount it writable"):
        store.put("config", b"")


def test_a_store_that_was_not_wanted_takes_the_folders_along_that_it_made(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "made" / "for" / "it"))
    with store.upload("pack"):
        pass

    store.withdraw()

    assert [] == list(tmp_path.iterdir())


def test_a_store_that_was_not_wanted_leaves_a_folder_that_others_use(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "made" / "store"))
    with store.upload("pack"):
        pass
    (tmp_path / "made" / "note").write_text("mine")

    store.withdraw()

    assert [tmp_path / "made" / "note"] == list((tmp_path / "made").iterdir())
