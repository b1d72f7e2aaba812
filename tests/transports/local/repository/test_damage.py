"""What somebody found damaged spoils no later backup: it is marked, and stored anew."""

from __future__ import annotations

from pathlib import Path

import pytest

from reprieve.core.errors import RepositoryCorrupt, StorageError
from reprieve.transports.local.repository.repository import Repository

from .conftest import Ground, pages

CONTENT = pages(1, 2, 3, 4, 5, 6)


def damage(path: Path, at: int) -> None:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)


def the(kind: str, ground: Ground) -> str:
    return next(name for name in sorted(ground.objects()) if name.startswith(kind))


def read_or_verify(repository: Repository, backup_id: str, how: str) -> None:
    with pytest.raises(RepositoryCorrupt, match="back up again"):
        if how == "verify":
            repository.verify()
        else:
            list(repository.reader(backup_id).spans())


@pytest.mark.parametrize("how", ["restore", "verify"])
@pytest.mark.parametrize(("kind", "at"), [("packs", 100), ("packs", -100), ("manifests", 100)])
def test_the_next_backup_stores_again_what_was_found_damaged(
    ground: Ground, how: str, kind: str, at: int
) -> None:
    first = ground.back_up(ground.open(), CONTENT)
    bad = the(kind, ground)
    damage(ground.store / bad, at)
    read_or_verify(ground.open(), first.id, how)

    assert f"damaged/{bad}" in ground.objects()

    repository = ground.open()
    with_parent = ground.back_up(repository, CONTENT)
    of_another = ground.back_up(repository, CONTENT, database="another")

    assert CONTENT == ground.content(repository, with_parent.id)
    assert CONTENT == ground.content(repository, of_another.id)


def test_an_unchanged_database_shares_nothing_damaged(ground: Ground) -> None:
    first = ground.back_up(ground.open(), CONTENT)
    repository = ground.open()

    assert frozenset() == repository.find_damage(repository.record(first.id))

    for name in (name for name in ground.objects() if name.startswith("packs/")):
        damage(ground.store / name, 100)
    read_or_verify(repository, first.id, "restore")

    assert repository.find_damage(repository.record(first.id))


def test_damage_is_told_where_it_cannot_be_noted(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    first = ground.back_up(ground.open(), CONTENT)
    damage(ground.store / the("packs", ground), 100)
    repository = ground.open()

    def refuse(self: object, name: str, data: bytes) -> None:
        raise StorageError("The store is read-only.")

    monkeypatch.setattr("reprieve.transports.local.stores.folder.FolderStore.put", refuse)
    read_or_verify(repository, first.id, "restore")
    read_or_verify(repository, first.id, "restore")
