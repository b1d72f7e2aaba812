"""A byte that is not as it was stored is told, wherever it lies, and never restored."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from reprieve.core.errors import KeyRequired, NotFound, RepositoryCorrupt
from reprieve.transports.local.keys import forget_key
from reprieve.transports.local.repository.opening import open_repository
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.stores import open_store

from .conftest import Ground, content_of, pages

CONTENTS = [pages(1, 2, 3, 4, 5, 6), pages(1, 2, "new", 4, 5, 6, 7)]


@pytest.fixture
def filled(ground: Ground) -> Ground:
    repository = ground.open()
    for content in CONTENTS:
        ground.back_up(repository, content)
    repository.keep_assets([{"id": "settings", "theme": "dark"}])
    return ground


def everything(ground: Ground) -> list[bytes]:
    """What all backups restore to, after a verification of all."""
    repository = open_repository(open_store(ground.store), ground.home, version="1.0")
    repository.verify()
    return restored(repository)


def restored(repository: Repository) -> list[bytes]:
    return [content_of(repository.reader(backup.id)) for backup in repository.backups()]


@pytest.mark.parametrize("kind", ["packs", "manifests", "backups", "assets", "config"])
def test_every_byte_of_an_object_of_each_kind(filled: Ground, kind: str) -> None:
    path = filled.store / next(name for name in sorted(filled.objects()) if name.startswith(kind))
    sound = path.read_bytes()

    assert CONTENTS == everything(filled)
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1 << at % 8]) + sound[at + 1 :])
        with pytest.raises(RepositoryCorrupt):
            everything(filled)


def test_a_damaged_pack_is_never_restored_wrongly(filled: Ground) -> None:
    """Without a verification first: each backup is read whole and right, or not at all."""
    refused = 0
    for name in [name for name in filled.objects() if name.startswith(("packs", "manifests"))]:
        path = filled.store / name
        sound = path.read_bytes()
        for at in range(0, len(sound), 5):
            path.write_bytes(sound[:at] + bytes([sound[at] ^ 0x55]) + sound[at + 1 :])
            repository = open_repository(open_store(filled.store), filled.home, version="1.0")
            for backup, content in zip(repository.backups(), CONTENTS, strict=True):
                try:
                    assert content == content_of(repository.reader(backup.id))
                except RepositoryCorrupt:
                    refused += 1
        path.write_bytes(sound)

    assert refused > 100


@pytest.mark.parametrize("kind", ["packs", "manifests", "backups", "assets", "config"])
def test_objects_cut_short_or_grown(filled: Ground, kind: str) -> None:
    name = next(name for name in sorted(filled.objects()) if name.startswith(kind))
    path = filled.store / name
    sound = path.read_bytes()
    for damaged in (
        b"",
        sound[:1],
        sound[:47],
        sound[: len(sound) // 2],
        sound[:-1],
        sound + b"\0",
        sound * 2,
    ):
        path.write_bytes(damaged)
        with pytest.raises(RepositoryCorrupt):
            everything(filled)


@pytest.mark.parametrize("kind", ["packs", "manifests"])
def test_objects_that_are_missing(filled: Ground, kind: str) -> None:
    for name in [name for name in filled.objects() if name.startswith(kind)]:
        (filled.store / name).unlink()
    with pytest.raises(RepositoryCorrupt):
        everything(filled)


@pytest.mark.parametrize("kind", ["packs", "manifests", "backups"])
def test_objects_under_each_others_names(filled: Ground, kind: str) -> None:
    one, other = sorted(name for name in filled.objects() if name.startswith(kind))[:2]
    swap(filled.store / one, filled.store / other)
    with pytest.raises(RepositoryCorrupt):
        everything(filled)


def test_objects_of_another_repository(filled: Ground, tmp_path: Path) -> None:
    other = Ground(tmp_path / "other")
    other.back_up(other.open(), CONTENTS[0])
    record = next(name for name in other.objects() if name.startswith("backups/"))
    shutil.copy(other.store / record, filled.store / record)
    with pytest.raises(RepositoryCorrupt):
        everything(filled)


def test_a_damaged_wrapped_key(filled: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    repository = filled.open()
    repository.add_passphrase("correct horse")
    forget_key(filled.home, repository.id)
    monkeypatch.setenv("REPRIEVE_PASSPHRASE", "correct horse")

    assert CONTENTS == everything(filled)

    path = next((filled.store / "keys").iterdir())
    sound = path.read_bytes()
    for at in range(len(sound)):
        path.write_bytes(sound[:at] + bytes([sound[at] ^ 1]) + sound[at + 1 :])
        with pytest.raises((RepositoryCorrupt, KeyRequired)):
            everything(filled)


def test_a_foreign_file_among_the_objects_harms_nothing(filled: Ground) -> None:
    for name in ("packs/aa/notes.txt", "packs/notes.txt", "manifests/.DS_Store", "notes.txt"):
        (filled.store / name).parent.mkdir(exist_ok=True)
        (filled.store / name).write_text("hello")
    (filled.store / "backups" / "notes.txt").write_text("hello")

    assert CONTENTS == everything(filled)
    assert filled.back_up(filled.open(), pages("fresh"))


def test_a_backup_whose_record_vanishes_is_not_found(filled: Ground) -> None:
    repository = filled.open()
    backup = repository.backups()[0]
    (filled.store / "backups" / backup.id).unlink()
    with pytest.raises(NotFound):
        repository.backup(backup.id)

    assert 1 == len(repository.backups())


def swap(one: Path, other: Path) -> None:
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


def test_an_unsound_key_is_warned_of_once(
    ground: Ground, repository: Repository, caplog: pytest.LogCaptureFixture
) -> None:
    repository.add_passphrase("correct horse")
    (ground.store / "keys" / ("e" * 32)).write_bytes(b"junk")
    forget_key(ground.home, repository.id)

    for _ in range(2):
        open_repository(
            open_store(ground.store), ground.home, version="1.0", passphrase=lambda: "correct horse"
        )

    assert 1 == sum("is no sound key" in record.getMessage() for record in caplog.records)
