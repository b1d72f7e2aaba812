"""A backup of an unchanged database, and one that is cancelled, where the store is damaged."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from reprieve.core.messages import Cancelled, Completed, Noted
from reprieve.transports.local.repository.shared_packs import SharedDamage, SharedPacks
from reprieve.transports.local.worker import creation
from reprieve.transports.local.worker.creation import ATTEMPTS, create
from reprieve.transports.local.worker.task import Task

from .test_creation import Parent, parent, task

__all__ = ["parent", "task"]


@pytest.fixture(autouse=True)
def unchanged(monkeypatch: pytest.MonkeyPatch) -> None:
    """The database looks as it did at its last backup."""
    monkeypatch.setattr(creation, "_unchanged", lambda task, parent: True)


def made(parent: Parent) -> list[tuple[str, int | None]]:
    """The id of each Backup, and what it added."""
    return [
        (event.backup.id, event.backup.added)
        for event in parent.told
        if isinstance(event, Completed) and event.backup
    ]


def warnings(parent: Parent) -> list[object]:
    return [event.notes["warnings"] for event in parent.told if isinstance(event, Noted) and event.notes]


def flip(task: Task) -> None:
    for path in (Path(task.place.store) / "packs").iterdir():
        data = bytearray(path.read_bytes())
        data[60] ^= 1
        path.write_bytes(data)


def remove(task: Task) -> None:
    for path in (Path(task.place.store) / "packs").iterdir():
        path.unlink()


def remove_manifests(task: Task) -> None:
    for path in (Path(task.place.store) / "manifests").iterdir():
        path.unlink()


@pytest.mark.parametrize("harm", [flip, remove, remove_manifests])
def test_an_unchanged_database_is_read_again_where_its_backup_is_damaged(
    task: Task, parent: Parent, harm: Callable[[Task], None]
) -> None:
    create(task)
    create(task)
    harm(task)
    create(task)
    create(task)
    (first, _), (second, shared), (third, stored), (fourth, shared_again) = made(parent)
    repository = task.place.repository()
    ((warning,),) = [list(each) for each in warnings(parent) if isinstance(each, list)]

    assert (0, True, 0) == (shared, bool(stored), shared_again)
    assert f"restored: {first}, {second}." in warning
    for backup in (third, fourth):
        assert 1 == repository.verify(backup).backups


def test_one_that_is_cancelled_while_the_store_is_read(
    task: Task, parent: Parent, monkeypatch: pytest.MonkeyPatch
) -> None:
    create(task)
    monkeypatch.setattr(Parent, "cancelled", lambda self: True)
    create(task)

    ends = [type(event) for event in parent.told if isinstance(event, Completed | Cancelled)]

    assert [Completed, Cancelled] == ends


def test_a_store_that_loses_everything_at_once_is_not_tried_for_ever(
    task: Task, parent: Parent, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried = 0

    def lost(self: SharedPacks, *given: object) -> None:
        nonlocal tried
        tried += 1
        raise SharedDamage(frozenset({f"packs/{tried}"}))

    monkeypatch.setattr(SharedPacks, "prove", lost)
    with pytest.raises(SharedDamage, match="back up again"):
        create(task)

    assert ATTEMPTS == tried
