"""Backups of the whole product killed: parent, worker or both, at every named step and at random.

After each kill the repository verifies, the job's state says whether its Backup exists, and the next backup
holds what the database held.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reprieve.transports.local.place import Place
from reprieve.transports.local.repository import COMMITS, FAILPOINTS
from tests.faults.scene import Answer, Scene
from tests.faults.test_killed_restorations import ROUNDS, SEED
from tests.faults.theatre import BOTH, VICTIMS, WORKER, Theatre, Victims
from tests.support.databases import content_of, masked_pages, writes_in
from tests.support.neighbours import neighbours

EVERY = tuple(point for point in FAILPOINTS if point.startswith("store.") or point in COMMITS)
"""Reached by every backup that stores something."""

FIRST = tuple(point for point in FAILPOINTS if point not in EVERY)
"""Reached by the first backup into a store only."""

SceneOf = Callable[[str], Scene]


class BackingUp(Theatre):
    """Each round asks for a backup of a database that is being written to."""

    def begin(self, failpoint: str | None = None) -> str:
        """Ask, and get the job's id."""
        self.crowd.write_more()
        self.next_round(failpoint)
        return self.ask()

    def settled(self, job: str) -> Answer:
        """How the job ended; the repository is valid, and has this job's Backup once or not at all."""
        found = self.end_of(job)
        assert job == self.ask()  # O6
        published = self.person.ask("backups")
        completed = [one["backup"] for one in self.person.ask("list_jobs") if one["outcome"] == "completed"]
        assert sorted(completed) == sorted(published)  # O2
        if found["outcome"] != "completed":
            assert ("failed", "interrupted") == (found["state"], found["error"]), found
        self.scene.repository()
        return found

    def next_one_is_good(self) -> None:
        """The next backup succeeds, and holds what the database held (O5); nothing else is left (O7)."""
        promised = set(self.crowd.acknowledged)
        self.next_round(None)
        found = self.end_of(self.ask())
        assert "completed" == found["outcome"], found
        image = restored(self.scene, found["backup"])
        assert self.scene.contents[self.scene.holds] == content_of(image)
        assert set() == promised - writes_in(image)
        assert [] == [*self.scene.leftovers(), *(self.scene.store / "uploads").iterdir()]

    def ask(self) -> str:
        job: str = self.person.ask("create", idempotency_key=self.key)
        return job


def restored(scene: Scene, backup: str) -> Path:
    """The Backup's image, as the repository gives it."""
    path = scene.folder / "image.db"
    path.unlink(missing_ok=True)
    with path.open("wb") as file:
        for offset, data in Place(str(scene.store), scene.home).repository().reader(backup).spans():
            file.seek(offset)
            file.write(data)
    return path


@contextmanager
def theatre(scene: Scene) -> Iterator[BackingUp]:
    with neighbours(scene.database) as crowd:
        it = BackingUp(scene, crowd)
        yield it
        it.next_one_is_good()
        crowd.stop()
        it.next_round(None)
        last = it.end_of(it.ask())
        assert masked_pages(scene.database) == masked_pages(restored(scene, last["backup"]))
        it.left()


@pytest.mark.parametrize("victims", VICTIMS, ids="+".join)
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_at_every_step(scene_of: SceneOf, victims: Victims, mode: str) -> None:
    """Each step in both journal modes, though not by every victim."""
    chosen = (VICTIMS.index(victims) + ("wal", "delete").index(mode)) % 2
    with theatre(scene_of(mode)) as it:
        for point in EVERY[chosen::2]:
            job = it.begin(f"{point}=stop")
            worker = it.scene.stopped_worker_of(job)

            it.killed(victims, worker)

            made = victims is WORKER or point == "repository.record.stored"
            assert made == (it.settled(job)["outcome"] == "completed"), point


@pytest.mark.parametrize("victims", [WORKER, BOTH], ids="+".join)
@pytest.mark.parametrize("point", FIRST)
def test_the_first_backup_killed_while_its_repository_is_made(
    scene_of: SceneOf, victims: Victims, point: str
) -> None:
    scene = scene_of("wal")
    scene.forget_store()
    with theatre(scene) as it:
        job = it.begin(f"{point}=stop")
        worker = it.scene.stopped_worker_of(job)

        it.killed(victims, worker)

        assert (victims is WORKER) == (it.end_of(job)["outcome"] == "completed")


@pytest.mark.parametrize("victims", VICTIMS, ids="+".join)
def test_an_unchanged_database_has_one_backup_for_one_key(scene_of: SceneOf, victims: Victims) -> None:
    """Killed when the Backup had been published and nobody had been told."""
    with theatre(scene_of("wal")) as it:
        it.crowd.stop()
        it.next_round(None)
        it.end_of(it.ask())
        it.next_round("repository.record.stored=stop")
        job = it.ask()
        worker = it.scene.stopped_worker_of(job)

        it.killed(victims, worker)

        assert "completed" == it.settled(job)["outcome"]


@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize("seed", range(2))
def test_killed_at_random(scene_of: SceneOf, mode: str, seed: int) -> None:
    random_rounds(scene_of(mode), 4, len(mode) * 100 + seed)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(ROUNDS // 20))
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_at_random_for_long(scene_of: SceneOf, mode: str, part: int) -> None:
    """ROUNDS in all, in parts of ten, so that they spread over the cores."""
    random_rounds(scene_of(mode), 10, SEED * 1000 + len(mode) * 100 + part)


def random_rounds(scene: Scene, rounds: int, seed: int) -> None:
    """Kill whoever it may be after a random time."""
    chance = random.Random(seed)
    with theatre(scene) as it:
        for _ in range(rounds):
            job = it.begin()
            it.killed_after(chance.uniform(0.0, 0.8), chance.choice(VICTIMS), job)
            it.settled(job)
