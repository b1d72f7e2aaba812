"""Path C killed at every named step and at random, with programs at work on the database.

A sound database goes this way too where something foreign lies at it: bytes behind its last page, or a
journal beside it. So the same programs and the same oracle serve as for path A.
"""

from __future__ import annotations

import itertools
import os
import random
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from reprieve.transports.local.restore import points
from tests.support.actor import Actor
from tests.support.databases import NEW, OLD, content_of, copy_database, writes_in
from tests.support.neighbours import neighbours
from tests.transports.local.restore.test_kill_loop import kill_after, settled
from tests.transports.local.restore.world import World, check

ROUNDS = int(os.environ.get("ROUNDS", "500"))
FOREIGN = b"\xd9\xd5 of another program " * 50_000
BEFORE = (points.FETCHING[-1], *points.BEFORE_OVERWRITING)  # how it is fetched, test_kill_loop.py has
ONCE_MORE = [point for point in points.BEFORE_OVERWRITING if point != "overwrite.locked"]

Contents = dict[int, str]
WorldOf = Callable[[str], World]


def in_turn(names: Iterable[str]) -> list[tuple[str, str]]:
    """Each point in one of the journal modes."""
    return list(zip(names, itertools.cycle(("wal", "delete"))))


def disturbed(world: World, mode: str) -> World:
    """Lay something foreign at the database that programs do not mind which have it open in this mode."""
    if mode == "wal":
        journal(world).write_bytes(FOREIGN)
    else:
        with world.target.open("ab") as file:
            file.write(FOREIGN)
    return world


def journal(world: World) -> Path:
    return world.target.with_name(f"{world.target.name}-journal")


def cleared(world: World, mode: str) -> None:
    """Take the foreign journal away, which in rollback mode would be the writer's own."""
    if mode == "wal":
        journal(world).unlink(missing_ok=True)


@pytest.mark.parametrize(("point", "mode"), in_turn(BEFORE))
def test_killed_before_the_first_byte(world_of: WorldOf, contents: Contents, point: str, mode: str) -> None:
    world = world_of(mode)
    with neighbours(world.target) as crowd:
        disturbed(world, mode)
        assert world.run("restore", point) is None
        crowd.write_more()

        assert settled(world) == "untouched"

        crowd.write_more()
        cleared(world, mode)
        check(world, crowd, contents, "untouched")


@pytest.mark.parametrize("point", points.OVERWRITING)
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_while_the_file_is_closed(
    world_of: WorldOf, contents: Contents, point: str, mode: str
) -> None:
    """Programs are refused until recovery comes; those that wait for a lock do not see it."""
    world = world_of(mode)
    disturbed(world, mode)
    before = world.target.read_bytes()
    assert world.run("restore", point) is None

    assert settled(world) == "untouched"

    assert before == world.target.read_bytes()
    assert (mode == "wal") == (journal(world).exists() and FOREIGN == journal(world).read_bytes())
    assert [] == world.leftovers()


@pytest.mark.parametrize("point", [*points.OVERWRITTEN, "harness.committing"])
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_once_the_content_is_there(
    world_of: WorldOf, contents: Contents, point: str, mode: str
) -> None:
    world = world_of(mode)
    with neighbours(world.target) as crowd:
        disturbed(world, mode)
        assert world.run("restore", point) is None
        crowd.write_more()

        assert settled(world) == "restored"

        crowd.write_more()
        check(world, crowd, contents, "restored")


@pytest.mark.parametrize(("point", "mode"), in_turn(["overwrite.declined", *ONCE_MORE, *points.OVERWRITTEN]))
def test_killed_while_undoing(world_of: WorldOf, contents: Contents, point: str, mode: str) -> None:
    world = world_of(mode)
    with neighbours(world.target) as crowd:
        disturbed(world, mode)
        after = {"after": "overwrite.declined"} if point != "overwrite.declined" else {}
        assert world.run("restore", point, cancel_on_commit=True, **after) is None
        crowd.write_more()

        assert settled(world) == "undone"

        crowd.write_more()
        cleared(world, mode)
        check(world, crowd, contents, "undone")


@pytest.mark.parametrize("point", points.OVERWRITING)
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_while_undoing_closed(world_of: WorldOf, contents: Contents, point: str, mode: str) -> None:
    world = world_of(mode)
    disturbed(world, mode)
    before = world.target.read_bytes()
    assert world.run("restore", point, after="overwrite.declined", cancel_on_commit=True) is None

    assert settled(world) == "undone"

    assert before == world.target.read_bytes()
    assert [] == world.leftovers()


@pytest.fixture
def reverting(world_of_wal: World) -> tuple[World, str]:
    """A restored world, and the undo copy of what it held before: of a program that died, with its WAL."""
    world = world_of_wal
    with Actor(world.target) as program:
        program.sql("PRAGMA wal_autocheckpoint = 0", "INSERT INTO written VALUES (-1, 'in the WAL only')")
        program.kill()
    assert world.run("restore") == {"ending": "restored", "undo": world.job}
    undo = world.job
    world.next_job()
    return world, undo


@pytest.mark.parametrize("point", [points.BEFORE_OVERWRITING[-1], "overwrite.done", "harness.committing"])
def test_killed_while_a_wal_comes_back_to_programs_at_work(
    reverting: tuple[World, str], contents: Contents, point: str
) -> None:
    world, undo = reverting
    with neighbours(world.target) as crowd:
        assert world.run("revert", point, undo=undo) is None
        crowd.write_more()

        back = settled(world) == "restored"

        assert back == (point != points.BEFORE_OVERWRITING[-1])
        crowd.stop()
        assert contents[OLD if back else NEW] == content_of(world.target)
        found = writes_in(world.target)
        assert back == (-1 in found)
        for copy in (world.home / "undo").glob("*.db"):
            found |= writes_in(copy)
        assert set() == crowd.acknowledged - found
        assert [] == world.leftovers()


@pytest.mark.parametrize(
    "point",
    [*points.OVERWRITING, *(name for name in points.SIDE_FILES if "create" not in name), "overwrite.opened"],
)
def test_killed_while_a_wal_comes_back(reverting: tuple[World, str], contents: Contents, point: str) -> None:
    world, undo = reverting
    if point.startswith("undo.side"):  # there must be something to keep
        journal(world).write_bytes(b"\0 of a transaction that is over")
    assert world.run("revert", point, undo=undo) is None

    back = settled(world) == "restored"

    assert back == (point in ("overwrite.side_opened", "overwrite.opened"))
    assert contents[OLD if back else NEW] == content_of(world.target)
    assert back == (-1 in writes_in(world.target))


def random_rounds(world: World, contents: Contents, mode: str, rounds: int, seed: int) -> None:
    """Kill a restoration, and sometimes recoveries, after random times; then let one come through."""
    chance = random.Random(seed)
    template = copy_database(world.target, world.folder / "template.db")
    for number in range(rounds):
        copy_database(template, world.target)
        disturbed(world, mode)
        world.next_job()
        before = world.target.read_bytes()
        cancel = chance.random() < 0.4
        kill_after(world.start("restore", cancel_on_commit=cancel), chance.uniform(0.05, 0.6))
        while not world.committed and chance.random() < 0.4:
            kill_after(world.start("recover"), chance.uniform(0.05, 0.4))
        ending = settled(world)
        if ending == "restored":
            with neighbours(world.target) as crowd:
                check(world, crowd, contents, "restored")
        else:
            assert before == world.target.read_bytes(), (seed, number)
        assert [] == world.leftovers(), (seed, number)


@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_at_random(world_of: WorldOf, contents: Contents, mode: str) -> None:
    random_rounds(world_of(mode), contents, mode, rounds=3, seed=os.getpid())


@pytest.mark.soak
@pytest.mark.parametrize("mode", ["wal", "delete"])
def test_killed_at_random_for_long(world_of: WorldOf, contents: Contents, mode: str) -> None:
    random_rounds(world_of(mode), contents, mode, rounds=ROUNDS, seed=int(os.environ.get("SEED", "1")))
