"""A backup proves what it shares: whatever became of the store, each Backup that it publishes restores."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Sequence
from pathlib import Path

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import RepositoryCorrupt, StorageError
from reprieve.core.job import Backup
from reprieve.transports.local.repository.packs import PackRef
from reprieve.transports.local.repository.repository import Repository
from reprieve.transports.local.repository.shared_packs import TURNS, SharedDamage, Sharing, due
from reprieve.transports.local.stores import Stored
from reprieve.transports.local.stores.folder import FolderStore

from .conftest import Ground, image_of, pages


def back_up(
    repository: Repository, content: bytes, sharing: Sharing | None = None
) -> tuple[Backup, frozenset[str]]:
    """As a worker does: begun again, without what was found damaged, until nothing more is."""
    parent, sharing = repository.latest("library"), sharing or Sharing()
    while True:
        try:
            with repository.writer(parent, "library", sharing=sharing) as writer:
                writer.begin(512, len(content) // 512)
                writer.write(1, content)
                return writer.finish(image_of(content, 512)), writer.damaged | sharing.avoid
        except SharedDamage as damage:
            sharing = attrs.evolve(sharing, avoid=sharing.avoid | damage.names)


def packs(ground: Ground) -> list[Path]:
    return sorted((ground.store / "packs").iterdir())


def spoil(path: Path, how: str) -> None:
    data = path.read_bytes()
    match how:
        case "flipped":
            path.write_bytes(data[:100] + bytes([data[100] ^ 1]) + data[101:])
        case "header":
            path.write_bytes(b"x" + data[1:])
        case "table":
            path.write_bytes(data[:-20] + bytes([data[-20] ^ 1]) + data[-19:])
        case "cut":
            path.write_bytes(data[: len(data) // 2])
        case "empty":
            path.write_bytes(b"")
        case "grown":
            path.write_bytes(data + b"more")
        case "missing":
            path.unlink()
        case "folder":
            path.unlink()
            path.mkdir()
        case "another":
            path.write_bytes(data[::-1])
        case "sound":
            return


WAYS = ("flipped", "header", "table", "cut", "empty", "grown", "missing", "folder", "another")


@pytest.mark.parametrize("how", WAYS)
@pytest.mark.parametrize("changed", [False, True])
def test_a_backup_stores_anew_what_became_of_it(ground: Ground, how: str, changed: bool) -> None:
    content = pages(*range(30))
    first, none = back_up(ground.open(), content)
    bad = packs(ground)[0]
    spoil(bad, how)
    left = None if bad.is_dir() or not bad.exists() else bad.read_bytes()
    content = pages("new", *range(1, 30)) if changed else content
    second, damaged = back_up(ground.open(), content)

    assert frozenset() == none
    assert {f"packs/{bad.name}"} == damaged
    assert content == ground.content(ground.open(), second.id)
    assert [first] == list(ground.open().backups_that_need(damaged))
    assert f"damaged/packs/{bad.name}" in ground.objects()
    assert left == (None if left is None else bad.read_bytes())


@pytest.mark.parametrize("how", WAYS)
def test_what_an_unchanged_database_would_share_is_proved(ground: Ground, how: str) -> None:
    backup, _ = back_up(ground.open(), pages(*range(30)))
    sound = ground.open().find_damage(ground.open().record(backup.id))
    bad = packs(ground)[-1]
    spoil(bad, how)

    assert frozenset() == sound
    assert {f"packs/{bad.name}"} == ground.open().find_damage(ground.open().record(backup.id))


def test_all_packs_gone(ground: Ground) -> None:
    content = pages(*range(30))
    back_up(ground.open(), content)
    for path in packs(ground):
        path.unlink()
    (ground.store / "packs").rmdir()
    again, damaged = back_up(ground.open(), content)

    assert content == ground.content(ground.open(), again.id)
    assert 3 == len(damaged)


@settings(max_examples=20, deadline=None)
@given(
    rounds=st.lists(
        st.tuples(
            st.lists(st.tuples(st.integers(0, 50), st.sampled_from((*WAYS, "sound"))), max_size=4),
            st.lists(st.tuples(st.integers(0, 29), st.integers(0, 3)), max_size=5),
        ),
        min_size=1,
        max_size=4,
    )
)
def test_every_backup_restores_when_it_is_published(
    rounds: list[tuple[list[tuple[int, str]], list[tuple[int, int]]]],
) -> None:
    """Between two backups any packs are spoilt in any way, and any pages change, come again or stay."""
    with tempfile.TemporaryDirectory() as folder:
        ground = Ground(Path(folder))
        image: list[object] = list(range(30))
        back_up(ground.open(), pages(*image))
        for harm, changes in rounds:
            for which, how in harm:
                there = [path for path in packs(ground) if path.is_file() and path.stat().st_size > 200]
                if there:
                    spoil(there[which % len(there)], how)
            for at, version in changes:
                image[at] = f"{at} changed to {version}"
            backup, damaged = back_up(ground.open(), pages(*image))

            assert pages(*image) == ground.content(ground.open(), backup.id)
            assert backup not in ground.open().backups_that_need(damaged)
            assert 1 == ground.open().verify(backup.id).backups


def failing(monkeypatch: pytest.MonkeyPatch, call: str, names: Sequence[str], error: StorageError) -> None:
    """From now on this call of the store fails for these names."""
    original = getattr(FolderStore, call)

    def refuse(self: FolderStore, name: str, *rest: object) -> object:
        if name in names:
            raise error
        return original(self, name, *rest)

    monkeypatch.setattr(FolderStore, call, refuse)


@pytest.mark.parametrize("kind", ["packs", "manifests"])
def test_what_cannot_be_read_just_now_is_not_damaged(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    content = pages(*range(30))
    backup, _ = back_up(ground.open(), content)
    names = [name for name in ground.objects() if name.startswith(kind)]
    with monkeypatch.context() as patch:
        for call in ("get", "get_range"):
            failing(patch, call, names, StorageError("Input/output error."))
        with pytest.raises(StorageError, match="Input/output error") as changed:
            back_up(ground.open(), pages("new", *range(1, 30)))
        with pytest.raises(StorageError, match="Input/output error") as unchanged:
            ground.open().find_damage(ground.open().record(backup.id))

    assert not isinstance(changed.value, RepositoryCorrupt) and not isinstance(
        unchanged.value, RepositoryCorrupt
    )
    assert not [name for name in ground.objects() if name.startswith("damaged")]
    assert (backup,) == ground.open().backups()
    assert set() == ground.left_over()


def test_a_frame_that_cannot_be_read_beside_the_database(
    ground: Ground, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The tables could be read, and the fault comes while what is shared is proved."""
    back_up(ground.open(), pages(*range(30)))
    get_range = FolderStore.get_range

    def refuse(self: FolderStore, name: str, offset: int, length: int) -> bytes:
        if offset == 48:
            raise StorageError("Input/output error.")
        return get_range(self, name, offset, length)

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "get_range", refuse)
        with pytest.raises(StorageError, match="Input/output error"):
            back_up(ground.open(), pages(*range(30)))

    assert not [name for name in ground.objects() if name.startswith("damaged")]


def test_what_one_listing_lacks_is_not_missing(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    """As over a network: the first listing is short, the pack cannot be read, but the next one names it."""
    back_up(ground.open(), pages(*range(30)))
    name = f"packs/{packs(ground)[0].name}"
    sound, listings = packs(ground)[0].read_bytes(), 0
    (ground.store / name).unlink()
    objects = FolderStore.objects

    def listed(self: FolderStore, prefix: str) -> object:
        nonlocal listings
        if prefix != "packs/":
            return objects(self, prefix)
        listings += 1
        return iter([*objects(self, prefix), *([Stored(name, len(sound))] if listings == 3 else [])])

    with monkeypatch.context() as patch:
        patch.setattr(FolderStore, "objects", listed)
        with pytest.raises(StorageError, match="though it is listed"):
            back_up(ground.open(), pages(*range(30)))

    assert 3 == listings
    assert not [name for name in ground.objects() if name.startswith("damaged")]


def test_a_pack_that_nothing_needs_may_be_as_it_likes(
    ground: Ground, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    ground.back_up(ground.open(), pages(*range(100, 120)), database="another")
    names = [f"packs/{path.name}" for path in packs(ground)]
    spoil(packs(ground)[0], "cut")
    with monkeypatch.context() as patch:
        failing(patch, "get_range", names[1:], StorageError("Permission denied."))
        backup, damaged = back_up(ground.open(), pages(*range(30)))

    assert frozenset() == damaged
    assert pages(*range(30)) == ground.content(ground.open(), backup.id)
    assert not [name for name in ground.objects() if name.startswith("damaged")]
    assert "is not shared" in caplog.text


def test_a_wait_ends_when_it_is_not_wanted(ground: Ground, monkeypatch: pytest.MonkeyPatch) -> None:
    backup, _ = back_up(ground.open(), pages(*range(30)))
    get_range, wanted = FolderStore.get_range, threading.Event()

    def slow(self: FolderStore, name: str, offset: int, length: int) -> bytes:
        assert wanted.wait(60)
        return get_range(self, name, offset, length)

    def stop() -> None:
        wanted.set()
        raise InterruptedError

    monkeypatch.setattr(FolderStore, "get_range", slow)
    with pytest.raises(InterruptedError):
        ground.open().find_damage(ground.open().record(backup.id), Sharing(pause=stop))


refs = st.lists(
    st.builds(PackRef, st.binary(min_size=16, max_size=16), st.integers(1, 1 << 30), st.just(bytes(32))),
    min_size=1,
    max_size=50,
    unique_by=lambda ref: ref.identifier,
)


@given(refs, st.integers(0, 1 << 30))
def test_every_pack_is_read_in_any_twenty_backups_on_end(shared: list[PackRef], start: int) -> None:
    read = [due(shared, start + turn) for turn in range(TURNS)]

    assert all(read)
    assert set(shared) == {ref for each in read for ref in each}
    if sum(ref.size for ref in shared) <= 256 << 20:
        assert all(shared == each for each in read)


@given(refs, st.integers(0, 1 << 30))
def test_packs_that_come_and_go_delay_no_other(shared: list[PackRef], start: int) -> None:
    """Other packs change between backups; what is always shared is read within twenty all the same."""
    constant, others = shared[: len(shared) // 2 + 1], shared[len(shared) // 2 + 1 :]
    read = {ref for turn in range(TURNS) for ref in due([*constant, *others[turn % 3 :: 3]], start + turn)}

    assert set(constant) <= read
