"""What other programs and people leave in a store's folder: passed over, never followed, never removed."""

from __future__ import annotations

import logging
import os
from pathlib import Path

import pytest

from reprieve.core.errors import NotFound, RepositoryCorrupt, StorageError
from reprieve.transports.local.stores import Store, Stored, open_store
from reprieve.transports.local.stores.junk import SYSTEM

LEFT = "0f" * 16
"""A name as that of an upload."""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def store(root: Path) -> Store:
    store = open_store(root)
    store.put("packs/one", b"hello")
    return store


@pytest.fixture
def documents(tmp_path: Path) -> Path:
    """A folder of the user's, whose files must stay as they are."""
    folder = tmp_path / "documents"
    folder.mkdir()
    for name in ("thesis.odt", LEFT):
        (folder / name).write_text("precious")
    return folder


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


pytestmark = pytest.mark.needs("posix")  # Windows lets only some users make links


def test_a_link_in_place_of_the_uploads_is_neither_swept_nor_written_through(
    store: Store, root: Path, documents: Path
) -> None:
    (root / "uploads").rmdir()
    (root / "uploads").symlink_to(documents)

    with pytest.raises(StorageError, match=r"`uploads` in it is a link, .* never followed"):
        store.sweep()
    with pytest.raises(StorageError, match=r"`uploads` in it is a link"):
        store.put("packs/two", b"new")
    assert {"thesis.odt", LEFT} == names(documents)


def test_a_link_in_place_of_a_folder_of_objects(store: Store, root: Path, documents: Path) -> None:
    (root / "assets").symlink_to(documents)

    for use in (
        lambda: store.put("assets/two", b"new"),
        lambda: store.get("assets/thesis.odt", 100),
        lambda: store.delete("assets/thesis.odt"),
        lambda: list(store.objects("assets/")),
    ):
        with pytest.raises(StorageError, match=r"`assets` in it is a link"):
            use()
    assert {"thesis.odt", LEFT} == names(documents)


def test_a_link_among_the_uploads_leads_a_sweep_nowhere(store: Store, root: Path, documents: Path) -> None:
    (root / "uploads" / LEFT).symlink_to(documents / "thesis.odt")
    (root / "uploads" / ("ab" * 16)).symlink_to(documents)
    store.sweep()

    assert {"thesis.odt", LEFT} == names(documents)


def test_a_link_in_place_of_an_object_is_no_object(store: Store, root: Path, documents: Path) -> None:
    (root / "packs" / "two").symlink_to(documents / "thesis.odt")

    for look in (lambda: store.get("packs/two", 100), lambda: store.size("packs/two")):
        with pytest.raises(NotFound):
            look()
    assert [Stored("packs/one", 5)] == list(store.objects("packs/"))

    store.delete("packs/two")

    assert "precious" == (documents / "thesis.odt").read_text()


def test_a_link_in_place_of_a_folder_among_objects_is_passed_over(
    store: Store, root: Path, documents: Path
) -> None:
    (root / "packs" / "more").symlink_to(documents)

    assert [Stored("packs/one", 5)] == list(store.objects("packs/"))


def test_a_store_that_is_itself_a_link_is_the_users_choice(store: Store, root: Path, tmp_path: Path) -> None:
    (tmp_path / "alias").symlink_to(root)
    alias = open_store(tmp_path / "alias")
    alias.put("packs/two", b"new")
    alias.sweep()

    assert {Stored("packs/one", 5), Stored("packs/two", 3)} == set(alias.objects("packs/"))
    assert b"new" == store.get("packs/two", 3)


def test_a_pipe_in_place_of_an_object_is_not_waited_for(store: Store, root: Path) -> None:
    os.mkfifo(root / "packs" / "two")

    with pytest.raises(NotFound):
        store.get("packs/two", 100)
    assert [Stored("packs/one", 5)] == list(store.objects("packs/"))


@pytest.mark.parametrize("junk", ["@eaDir", ".AppleDouble", ".DAV", "one (conflicted copy)", "#recycle"])
@pytest.mark.parametrize("is_folder", [True, False])
def test_what_is_no_object_is_passed_over_everywhere(
    store: Store, root: Path, junk: str, is_folder: bool
) -> None:
    for folder in (root, root / "packs", root / "uploads"):
        if is_folder:
            (folder / junk).mkdir()
            (folder / junk / "one").write_text("half")
        else:
            (folder / junk).write_text("half")
    store.sweep()
    store.put("packs/two", b"new")

    assert {Stored("packs/one", 5), Stored("packs/two", 3)} == set(store.objects("packs/"))
    assert {junk} == names(root / "uploads")


def test_what_systems_put_into_a_fresh_folder_does_not_make_it_another_programs(root: Path) -> None:
    root.mkdir()
    for name in SYSTEM:
        (root / name).mkdir()

    assert [] == list(open_store(root).tops())


def test_junk_is_warned_of_once(store: Store, root: Path, caplog: pytest.LogCaptureFixture) -> None:
    for name in (".DS_Store", "._one", "two (conflicted copy)"):
        (root / "packs" / name).write_text("half")
    with caplog.at_level(logging.WARNING):
        for _ in range(3):
            assert [Stored("packs/one", 5)] == list(open_store(root).objects("packs/"))

    assert 1 == len(caplog.records)
    assert "passed over" in caplog.text


def test_a_folder_in_place_of_an_object_is_no_object(store: Store, root: Path) -> None:
    (root / "packs" / "two").mkdir()

    with pytest.raises(NotFound):
        store.get("packs/two", 100)
    assert [Stored("packs/one", 5)] == list(store.objects("packs/"))


def test_a_whole_tree_among_the_objects_is_not_walked(store: Store, root: Path) -> None:
    deep = root / "packs" / "a" / "b" / "c" / "d"
    deep.mkdir(parents=True)
    (deep / "file").write_text("of somebody")

    assert [Stored("packs/one", 5)] == list(store.objects("packs/"))


def test_an_object_that_is_too_large_is_not_read(store: Store, root: Path) -> None:
    with (root / "packs" / "two").open("wb") as file:
        file.truncate(1 << 40)

    with pytest.raises(RepositoryCorrupt, match="larger than any such object"):
        store.get("packs/two", 1 << 20)
    assert b"hello" == store.get("packs/one", 5)


@pytest.mark.needs("root")
def test_what_root_writes_belongs_to_the_owner_of_the_folder(tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    os.chown(home, 1234, 1235)
    store = open_store(home / "of" / "store")
    store.put("assets/folder/one", b"hello")
    with store.upload("packs/two"):
        under_way = [path for path in (home / "of" / "store" / "uploads").iterdir()]
        owners = {(path.stat().st_uid, path.stat().st_gid) for path in (*under_way, *home.rglob("*"))}

    assert under_way
    assert {(1234, 1235)} == owners
