"""Objects that are none, are damaged or cannot be read: they hide no other, and lock nobody out."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from reprieve.core.errors import InvalidRequest, KeyRequired, RepositoryCorrupt, StorageError
from reprieve.transports.local.keys import forget_key
from reprieve.transports.local.repository import assets
from reprieve.transports.local.repository.kdf_budget import MAX_WORK, Budget, TooCostly
from reprieve.transports.local.repository.opening import open_repository
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.stores import open_store
from reprieve.transports.local.stores.folder import FolderStore

from .conftest import Ground, pages

PHRASE = "correct horse battery"


@pytest.fixture
def elsewhere(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> Ground:
    """A repository with a backup, on a machine that has only the passphrase."""
    monkeypatch.setenv("REPRIEVE_PASSPHRASE", PHRASE)
    repository = ground.open()
    ground.back_up(repository, pages(1))
    forget_key(ground.home, repository.id)
    return ground


def opened(ground: Ground) -> Repository:
    return open_repository(open_store(ground.store), ground.home, version="1.0")


def the_key(ground: Ground) -> Path:
    return next((ground.store / "keys").iterdir())


def with_cost(key: Path, **cost: int) -> bytes:
    said: dict[str, Any] = json.loads(key.read_text()) | cost
    del said["blake3"]
    said["blake3"] = blake3(json.dumps(said, sort_keys=True).encode()).hexdigest()
    return json.dumps(said, indent=2, sort_keys=True).encode() + b"\n"


@pytest.mark.parametrize("content", ["empty", "half", "folder", "huge"])
def test_any_sound_key_opens_whatever_lies_beside_it(elsewhere: Ground, content: str) -> None:
    sound = the_key(elsewhere).read_bytes()
    for name in ("00" * 16, ".DS_Store", "00 (conflicted copy)", "._key", "0.sync-conflict", "f" * 32):
        junk = elsewhere.store / "keys" / name
        match content:
            case "empty":
                junk.touch()
            case "half":
                junk.write_bytes(sound[:60])
            case "folder":
                junk.mkdir()
            case "huge":
                junk.touch()
                os.truncate(junk, 1 << 40)

    assert 1 == len(opened(elsewhere).backups())


@pytest.mark.parametrize("cost", [{"p": 4096}, {"n": 1 << 40}, {"r": 1 << 20}, {"n": 0}, {"p": -1}, {"n": 3}])
def test_a_key_that_asks_for_too_much_is_passed_over_unpaid(elsewhere: Ground, cost: dict[str, int]) -> None:
    costly = with_cost(the_key(elsewhere), **cost)
    (elsewhere.store / "keys" / ("00" * 16)).write_bytes(costly)

    assert 1 == len(opened(elsewhere).backups())


def test_where_only_a_costly_key_is_left_the_sentence_says_so(elsewhere: Ground) -> None:
    key = the_key(elsewhere)
    key.write_bytes(with_cost(key, p=4096))
    with pytest.raises(KeyRequired, match=r"asks for .* times the work that is allowed"):
        opened(elsewhere)


def test_the_work_for_all_keys_together_is_limited_too() -> None:
    budget = Budget(left=2 * MAX_WORK)
    for _ in range(2):
        budget.spend("keys/one", 1 << 17, 8, MAX_WORK >> 20)
    with pytest.raises(TooCostly, match="so many keys"):
        budget.spend("keys/two", 1 << 15, 8, 1)


def test_todays_and_tomorrows_costs_are_allowed() -> None:
    Budget().spend("keys/one", 1 << 15, 8, 1)
    Budget().spend("keys/one", 1 << 17, 8, 1)


@pytest.mark.parametrize("junk", ["notes.txt", ".DS_Store", "{}.sync-conflict-20261129", "{} (conflict)"])
def test_a_list_of_backups_passes_over_what_is_no_record(ground: Ground, junk: str) -> None:
    backup = ground.back_up(ground.open(), pages(1))
    record = ground.store / "backups" / backup.id
    (record.parent / junk.format(backup.id)).write_bytes(record.read_bytes())
    (record.parent / "@eaDir").mkdir()
    (record.parent / backup.id.replace("1.0_", "9.9_")).mkdir()

    assert (backup,) == ground.open().backups()
    assert 1 == ground.open().verify().backups


def test_a_record_that_cannot_be_read_hides_no_other(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = ground.open()
    first, second = (ground.back_up(repository, pages(n)) for n in range(2))
    get = FolderStore.get

    def refuse(self: FolderStore, name: str, limit: int) -> bytes:
        if name.endswith(second.id):
            raise StorageError("Permission denied.")
        return get(self, name, limit)

    monkeypatch.setattr(FolderStore, "get", refuse)

    assert (first,) == ground.open().backups()
    latest = ground.open().latest("library")
    assert latest is not None and first == latest.backup
    third = ground.back_up(ground.open(), pages(3))
    assert (first, third) == ground.open().backups()


def test_a_document_that_is_damaged_or_no_document_hides_no_other(ground: Ground) -> None:
    repository = ground.open()
    for name in ("one", "two", "two"):
        repository.keep_assets([{"id": name}])
    folders = {len(list(folder.iterdir())): folder for folder in (ground.store / "assets").iterdir()}
    (folders[2] / "00000002").write_bytes(b"half")
    (folders[1] / "00000001.sync-conflict-20261129").write_bytes(b"half")
    (folders[1] / "@eaDir").mkdir()
    (ground.store / "assets" / ".DS_Store").write_bytes(b"Bud1")

    assert [("one", 1), ("two", 1)] == [(asset.id, asset.version) for asset in repository.assets()]
    assert [1] == [asset.version for asset in repository.asset_history("two")]
    assert {"id": "one"} == repository.asset("one")
    with pytest.raises(RepositoryCorrupt):
        repository.asset("two")
    with pytest.raises(RepositoryCorrupt):
        repository.verify()
    assert [3] == [asset.version for asset in repository.keep_assets([{"id": "two"}])]


def test_a_version_that_is_missing_is_not_filled_in(ground: Ground) -> None:
    repository = ground.open()
    for _ in range(3):
        repository.keep_assets([{"id": "one"}])
    next((ground.store / "assets").rglob("00000002")).unlink()

    assert [4] == [asset.version for asset in repository.keep_assets([{"id": "one"}])]


def test_what_could_not_be_read_again_is_not_kept(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assets, "MAX_SIZE", 1000)
    with pytest.raises(InvalidRequest, match="not kept"):
        ground.open().keep_assets([{"id": "one", "text": "x" * 1000}])

    assert () == ground.open().assets()
