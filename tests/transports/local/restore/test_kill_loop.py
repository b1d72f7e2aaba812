"""Workers killed at every named step and at random, and recoveries too, with the database in use.

Each round: a reader and a writer at work in processes of their own, a restoration killed, recoveries
killed, one that comes through, and then the oracle of the design's restore page.
"""

from __future__ import annotations

import itertools
import os
import random
import shutil
import subprocess
from collections.abc import Callable, Iterable

import pytest

from reprieve.transports.local.restore import points
from tests.support.databases import copy_database
from tests.support.neighbours import neighbours
from tests.transports.local.restore.world import World, check, ended

ROUNDS = int(os.environ.get("ROUNDS", "500"))
KILLED_BEFORE_COMMIT = (*points.FETCHING, *points.LIVE[:-1])

Contents = dict[int, str]
WorldOf = Callable[[str], World]


def in_turn(names: Iterable[str]) -> list[tuple[str, str]]:
    """Each point in one of the journal modes: tests/faults, with the whole product, takes each in both."""
    return list(zip(names, itertools.cycle(("wal", "delete"))))


def settled(world: World) -> str:
    """How recovery says the job ended; nothing is left for it where the journal has the commit."""
    if world.committed:
        world.sweep()
        return "restored"
    said = world.run("recover")
    assert said is not None and "ending" in said, said
    return said["ending"]


@pytest.mark.parametrize(("point", "mode"), in_turn(KILLED_BEFORE_COMMIT))
def test_killed_before_the_commit(world_of: WorldOf, contents: Contents, point: str, mode: str) -> None:
    world = world_of(mode)
    with neighbours(world.target) as crowd:
        assert world.run("restore", point) is None

        assert settled(world) == "untouched"

        check(world, crowd, contents, "untouched")


@pytest.mark.parametrize("point", ["restore.a6.committed", "harness.committing"])
def test_killed_between_the_two_commits(world: World, contents: Contents, point: str) -> None:
    with neighbours(world.target) as crowd:
        assert world.run("restore", point) is None
        crowd.write_more()

        assert settled(world) == "restored"

        check(world, crowd, contents, "restored")


@pytest.mark.parametrize(("point", "mode"), in_turn(points.SETTLING))
def test_killed_after_the_commit(world_of: WorldOf, contents: Contents, point: str, mode: str) -> None:
    world = world_of(mode)
    with neighbours(world.target) as crowd:
        assert world.run("restore", point) is None

        assert settled(world) == "restored"

        check(world, crowd, contents, "restored")


@pytest.mark.parametrize("point", [*points.LIVE, *points.UNDOING[1:]])
def test_killed_while_undoing(world: World, contents: Contents, point: str) -> None:
    with neighbours(world.target) as crowd:
        assert world.run("restore", point, after="restore.a7.begun", cancel_on_commit=True) is None
        crowd.write_more()

        assert settled(world) == "undone"

        check(world, crowd, contents, "undone")


@pytest.mark.parametrize(
    ("died_at", "cancelled", "killed_at"),
    [
        (
            "restore.a5.step:3",
            False,
            ("recovery.locked", "recovery.sealed", "undo.dropped", "recovery.cleaned"),
        ),
        ("restore.a6.committed", False, ("recovery.locked", "recovery.weighed", "harness.committing")),
        (
            "restore.a6.committed",
            True,
            (
                "recovery.weighed",
                "restore.a7.begun",
                "restore.a3.locked",
                "undo.record.renamed",
                "restore.a4.noted",
                "restore.a5.step:2",
                "restore.a6.committed",
                "restore.a7.done",
                "undo.dropped",
                "recovery.cleaned",
            ),
        ),
    ],
)
def test_recoveries_killed_one_after_the_other(
    world: World, contents: Contents, died_at: str, cancelled: bool, killed_at: tuple[str, ...]
) -> None:
    committed = died_at == "restore.a6.committed" and not cancelled
    with neighbours(world.target) as crowd:
        assert world.run("restore", died_at) is None
        if cancelled:
            world.cancel_flag.touch()
        for point in killed_at:
            crowd.write_more()
            world.run("recover", point)

        ending = settled(world)

        assert (ending == "restored") == committed
        check(world, crowd, contents, ending)


def random_rounds(world: World, contents: Contents, rounds: int, seed: int) -> None:
    """Kill a restoration, and sometimes recoveries, after random times; then let one come through."""
    chance = random.Random(seed)
    template = copy_database(world.target, world.folder / "template.db")
    for number in range(rounds):
        copy_database(template, world.target)
        world.next_job()
        with neighbours(world.target) as crowd:
            cancel = chance.random() < 0.4
            kill_after(world.start("restore", cancel_on_commit=cancel), chance.uniform(0.05, 0.6))
            while not world.committed and chance.random() < 0.4:
                kill_after(world.start("recover"), chance.uniform(0.05, 0.4))
            ending = settled(world)
            assert ending in ("restored", "untouched", "undone"), (seed, number)
            check(world, crowd, contents, "restored" if ending == "restored" else "old")
        shutil.rmtree(world.home)


def kill_after(worker: subprocess.Popen[str], seconds: float) -> None:
    try:
        worker.wait(seconds)
    except subprocess.TimeoutExpired:
        worker.kill()
    ended(worker)


def test_killed_at_random(world: World, contents: Contents) -> None:
    random_rounds(world, contents, rounds=3, seed=os.getpid())


@pytest.mark.soak
def test_killed_at_random_for_long(world: World, contents: Contents) -> None:
    random_rounds(world, contents, rounds=ROUNDS, seed=int(os.environ.get("SEED", "1")))
