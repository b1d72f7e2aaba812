"""A process that is killed anywhere harms nothing: what there was verifies, and the next backup succeeds."""

from __future__ import annotations

import os
import random
import signal
from collections.abc import Iterator

import pytest

from reprieve.transports.local import failpoints
from reprieve.transports.local.repository import COMMITS, FAILPOINTS
from reprieve.transports.local.repository.repository import Repository

from .conftest import Child, Ground, pages

ROUNDS = int(os.environ.get("ROUNDS", "50"))

OLD = pages(*range(40))
NEW = pages(*range(10), "new", *range(20, 45), *range(100, 130))


@pytest.fixture
def hook() -> Iterator[list[str]]:
    reached: list[str] = []
    failpoints.install(reached.append)
    yield reached
    failpoints.install(None)


def test_a_first_backup_passes_every_failpoint(ground: Ground, hook: list[str]) -> None:
    ground.back_up(ground.open(), OLD)

    assert set(FAILPOINTS) == set(hook)


def assert_all_is_well(ground: Ground, before: dict[str, bytes]) -> None:
    """What there was is there, whole; perhaps the killed backup too; and the next one succeeds."""
    repository = ground.open()
    after = {backup.id: ground.content(repository, backup.id) for backup in repository.backups()}

    assert before == {backup_id: after[backup_id] for backup_id in before}
    assert {NEW} >= {content for backup_id, content in after.items() if backup_id not in before}

    latest = ground.back_up(repository, NEW)

    assert NEW == ground.content(repository, latest.id)
    assert len(after) + 1 == repository.verify().backups
    assert set() == ground.left_over()


@pytest.mark.parametrize("name", FAILPOINTS)
def test_killed_in_the_first_backup(ground: Ground, child: Child, name: str) -> None:
    (ground.root / "db").write_bytes(NEW)
    process = child("backup", ground.root / "db", failpoint=name)
    process.communicate("go\n", timeout=120)

    assert -signal.SIGKILL == process.returncode
    assert_all_is_well(ground, {})


# A second backup's first upload is a pack's; its second one is where the first has become durable.
IN_THE_SECOND = [
    f"{name}:{2 if name.startswith('store.') else 1}"
    for name in FAILPOINTS
    if name.startswith("store.") or name in COMMITS
]


@pytest.mark.parametrize("failpoint", IN_THE_SECOND)
def test_killed_in_the_second_backup(
    ground: Ground, repository: Repository, child: Child, failpoint: str
) -> None:
    before = {ground.back_up(repository, OLD).id: OLD}
    (ground.root / "db").write_bytes(NEW)
    process = child("backup", ground.root / "db", failpoint=failpoint)
    process.communicate("go\n", timeout=120)

    assert -signal.SIGKILL == process.returncode
    assert_all_is_well(ground, before)


@pytest.mark.soak
def test_killed_at_random(ground: Ground, repository: Repository, child: Child) -> None:
    (ground.root / "db").write_bytes(NEW)
    for _ in range(ROUNDS):
        before = {backup.id: ground.content(repository, backup.id) for backup in repository.backups()}
        process = child(
            "backup", ground.root / "db", failpoint=f"store.upload.written:{random.randint(1, 12)}"
        )
        process.communicate("go\n", timeout=120)
        assert_all_is_well(ground, before)
