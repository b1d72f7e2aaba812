"""Restorations of the whole product killed: parent, worker or both, at every named step and at random.

The worker is brought to a named step and stopped there, so that whoever is to die dies at that step. Whatever
happens, a person who comes later finds every job settled and the oracle of scene.py content.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial

import pytest

from reprieve.transports.local.restore import points
from tests.faults.people import Pending, Person, kill, until
from tests.faults.scene import Answer, Scene
from tests.faults.theatre import BOTH, VICTIMS, WORKER, Theatre, Victims
from tests.support.databases import OLD
from tests.support.neighbours import neighbours

IN_THE_WORKER = (*points.FETCHING, *points.LIVE, *points.SETTLING)
AROUND_AN_OVERWRITING = (*points.BEFORE_OVERWRITING, *points.OVERWRITTEN)

ROUNDS = int(os.environ.get("ROUNDS", "500"))
SEED = int(os.environ.get("SEED", "1"))

SceneOf = Callable[[str], Scene]


class Restoring(Theatre):
    """Each round asks for the content that the database does not have."""

    wanted = OLD

    def begin(self, failpoint: str | None = None) -> str:
        """Ask, and get the job's id."""
        self.next_round(failpoint)
        self.wanted = self.scene.other
        return self._ask()

    def asked(self, failpoint: str) -> Pending:
        """Ask for it all at once: the parent may die before it says the job's id."""
        self.next_round(failpoint)
        self.wanted = self.scene.other
        return self.person.start("restore_wholly", self.scene.backups[self.wanted], self.key)

    def settled(self, job: str) -> Answer:
        """How the job ended, and O1 to O4, O6 and O7."""
        found = self.end_of(job)
        self.scene.judge(found, self.wanted, self.crowd)
        assert job == self._ask()  # O6
        for copy in self.person.ask("undo_copies"):
            self.person.ask("forget_undo", copy)
        return found

    def _ask(self) -> str:
        job: str = self.person.ask("restore", self.scene.backups[self.wanted], idempotency_key=self.key)
        return job


@contextmanager
def theatre(scene: Scene) -> Iterator[Restoring]:
    with neighbours(scene.database) as crowd:
        it = Restoring(scene, crowd)
        yield it
        it.left()
        crowd.stop()
        scene.account(crowd)


def mode_of(point: str, victims: Victims) -> str:
    """Each step is taken in both journal modes: not by every victim, or this would take all day."""
    return ("wal", "delete")[(IN_THE_WORKER.index(point) + VICTIMS.index(victims)) % 2]


@pytest.mark.parametrize("part", range(3))
@pytest.mark.parametrize("mode", ["wal", "delete"])
@pytest.mark.parametrize("victims", VICTIMS, ids="+".join)
def test_killed_at_every_step(scene_of: SceneOf, victims: Victims, mode: str, part: int) -> None:
    mine = [point for point in IN_THE_WORKER if mode_of(point, victims) == mode]
    with theatre(scene_of(mode)) as it:
        for point in mine[part::3]:
            job = it.begin(f"{point}=stop")
            worker = it.scene.stopped_worker_of(job)

            it.killed(victims, worker)

            committed = point in points.SETTLING or point == "restore.a6.committed"
            assert committed == (it.settled(job)["outcome"] == "completed"), point


@pytest.mark.parametrize("victims", VICTIMS, ids="+".join)
def test_killed_while_a_file_is_overwritten(scene_of: SceneOf, victims: Victims) -> None:
    """Bytes behind the last page send a database by path C, with programs at work on it.

    The steps in between, in which no program can read the file, are taken in test_kill_overwrite.py.
    """
    with theatre(scene_of("delete")) as it:
        for point in AROUND_AN_OVERWRITING[VICTIMS.index(victims) :: len(VICTIMS)]:
            with it.scene.database.open("ab") as file:
                file.write(b"\xa5" * 1_000_000)
            job = it.begin(f"{point}=stop")
            worker = it.scene.stopped_worker_of(job)

            it.killed(victims, worker)

            completed = point in points.OVERWRITTEN
            assert completed == (it.settled(job)["outcome"] == "completed"), point


@pytest.mark.parametrize(
    ("mode", "died_at", "recovering", "outcome"),
    [
        ("wal", "restore.a5.step:2", ("recovery.locked", "recovery.sealing", "undo.dropped"), None),
        ("delete", "restore.a5.step:2", ("recovery.sealed", "restore.a8.cleaning", "recovery.cleaned"), None),
        ("wal", "restore.a6.committed", ("recovery.weighed", "restore.a8.cleaned"), "completed"),
        ("delete", "restore.a6.committed", ("recovery.locked", "recovery.cleaned"), "completed"),
    ],
)
def test_recoveries_killed_one_after_the_other(
    scene_of: SceneOf, mode: str, died_at: str, recovering: tuple[str, ...], outcome: str | None
) -> None:
    """The one who settles is killed with its worker, at one step after the other."""
    with theatre(scene_of(mode)) as it:
        job = it.begin(f"{died_at}=stop")
        worker = it.scene.stopped_worker_of(job)
        for point in recovering:
            it.person.kill()
            kill(worker)
            it.person = it.scene.person(failpoint=f"{point}=stop")
            worker = it.scene.stopped_worker_of(job)

        it.killed(BOTH, worker)

        assert outcome == it.settled(job)["outcome"]


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_a_recovery_that_dies_is_run_again_by_whoever_asked_for_it(scene_of: SceneOf, mode: str) -> None:
    """Its parent lives: nobody has to come later."""
    with theatre(scene_of(mode)) as it:
        job = it.begin("restore.a5.step:2=stop")
        first = it.scene.stopped_worker_of(job)
        it.person.ask("aim", "recovery.locked=stop")
        kill(first)
        second = it.scene.stopped_worker_of(job)

        it.killed(WORKER, second)

        assert "interrupted" == it.settled(job)["error"]


@pytest.mark.parametrize(
    ("mode", "point"), [("wal", "journal.commit.before"), ("delete", "journal.commit.after")]
)
def test_the_parent_killed_at_every_write_to_the_journal(scene_of: SceneOf, mode: str, point: str) -> None:
    """Written or not yet written: what was told is durable, and what was durable is what counts."""
    with theatre(scene_of(mode)) as it:
        completed = False
        write = 0
        while not completed:
            write += 1
            asked = it.asked(f"{point}:{write}")
            until("the parent dead, or done", partial(over, it.person, asked))
            job = it.found()
            completed = job is not None and it.settled(job)["outcome"] == "completed"
        assert write > 4, "It wrote that the job was asked for, started, at two steps, and done."


def over(person: Person, asked: Pending) -> bool:
    return person.process.poll() is not None or asked.over


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_at_random(scene_of: SceneOf, mode: str, seed: int) -> None:
    random_rounds(scene_of(mode), 3, len(mode) * 100 + seed)


@pytest.mark.soak
@pytest.mark.parametrize("part", range(ROUNDS // 20))
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_at_random_for_long(scene_of: SceneOf, mode: str, part: int) -> None:
    """ROUNDS in all, in parts of ten, so that they spread over the cores."""
    random_rounds(scene_of(mode), 10, SEED * 1000 + len(mode) * 100 + part)


def random_rounds(scene: Scene, rounds: int, seed: int) -> None:
    """Kill whoever it may be after a random time, and those who come to settle too; cancel now and then."""
    chance = random.Random(seed)
    with theatre(scene) as it:
        for _ in range(rounds):
            job = it.begin()
            if chance.random() < 0.3:
                it.person.start("cancel", job)
            while True:
                it.killed_after(chance.uniform(0.0, 0.9), chance.choice(VICTIMS), job)
                if chance.random() < 0.6:
                    break
            it.settled(job)
