"""One journal, several processes: they write at once, die, stop and come back, and the rules hold.

What another process does is told to it by tests.transports.local.journal_process.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import ExitStack, closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reprieve.core.errors import OwnershipLost
from reprieve.core.job import Job, JobKind
from reprieve.core.journal import replay
from reprieve.core.lifecycle import JobState
from reprieve.core.ports import Entry
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from reprieve.transports.local.journal.file import FAILPOINTS as FILE_POINTS
from reprieve.transports.local.journal.owners import Lease, Neighbours
from reprieve.transports.local.journal.writer import FAILPOINTS as COMMIT_POINTS
from reprieve.transports.local.os_lock import OsLock
from tests.transports.local.journal_process import Process

LEASE = 0.5
"""Seconds; short, so that a stopped owner is soon found out."""


@pytest.fixture
async def journal(tmp_path: Path) -> AsyncIterator[SqliteJournal]:
    journal = SqliteJournal(Home(tmp_path, tmp_path), lease=LEASE, heartbeat=0.05)
    await journal.open()
    yield journal
    await journal.close()


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(60):
        while not await look():
            await asyncio.sleep(0.01)


def processes(stack: ExitStack, count: int, folder: Path) -> list[Process]:
    started = [stack.enter_context(Process(folder)) for _ in range(count)]
    assert [process.hear() for process in started] == ["open"] * count
    return started


# -- at once ---------------------------------------------------------------------------------


async def test_eight_processes_write_at_once_and_every_line_is_there(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    steps = 20
    with ExitStack() as stack:
        writers = processes(stack, 8, tmp_path)
        for number, process in enumerate(writers):
            process.do("create", f"j{number}", f"/db{number}")
            process.do("start", f"j{number}")
        for number, process in enumerate(writers):
            process.say("note_many", f"j{number}", steps)
        assert [process.hear() for process in writers] == [steps] * 8

    for number in range(8):
        lines = await journal.entries(job_id=f"j{number}")
        assert [line.job.step for line in lines] == ["", "", *map(str, range(steps))]
        assert replay(lines) == await journal.job(f"j{number}")
    assert await journal.seq() == len(await journal.entries()) == 8 * (steps + 2)


async def test_eight_processes_that_open_a_new_journal_at_once_make_one(tmp_path: Path) -> None:
    with ExitStack() as stack:
        starters = [stack.enter_context(Process(tmp_path)) for _ in range(8)]
        assert [process.hear() for process in starters] == ["open"] * 8
        for number, process in enumerate(starters):
            process.do("create", f"j{number}", "/db")
        assert starters[0].do("claim", "j7") is None

    with closing(sqlite3.connect(tmp_path / "journal.db")) as look:
        assert look.execute("SELECT count(*), count(DISTINCT fence) FROM job").fetchone() == (8, 8)


async def test_fifty_starts_with_one_key_make_one_job(journal: SqliteJournal, tmp_path: Path) -> None:
    with ExitStack() as stack:
        starters = processes(stack, 5, tmp_path)
        for number, process in enumerate(starters):
            process.say("create_many", [f"p{number}-{n}" for n in range(10)], "key")
        answers = [answer for process in starters for answer in process.hear()]

        assert len(answers) == 50
        assert len({job_id for job_id, _ in answers}) == 1
        assert sum(claimed for _, claimed in answers) == 1
    assert len(await journal.jobs()) == 1


async def test_of_twenty_jobs_on_one_database_one_is_active_at_a_time(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    database = str(tmp_path / "busy")
    names = [[f"p{number}-{n}" for n in range(5)] for number in range(4)]
    with ExitStack() as stack:
        takers = processes(stack, 4, tmp_path)
        for process, mine in zip(takers, names, strict=True):
            process.say("take_turns", mine, database)
        assert [process.hear() for process in takers] == names

    assert most_at_work(await journal.entries()) == 1
    assert [job.state for job in await journal.jobs()] == [JobState.DONE] * 20


def most_at_work(lines: tuple[Entry, ...]) -> int:
    at_work: set[str] = set()
    most = 0
    for line in lines:
        if line.job.state is JobState.RUNNING:
            at_work.add(line.job.id)
        else:
            at_work.discard(line.job.id)
        most = max(most, len(at_work))
    return most


async def test_a_cancel_from_another_process_is_heard(journal: SqliteJournal, tmp_path: Path) -> None:
    with Process(tmp_path) as owner:
        owner.hear()
        owner.do("create", "a", "/db")
        owner.do("start", "a")

        assert await journal.ask_cancel("a")
        assert await journal.asked_cancels() == ()  # it is for the owner, not for whoever asked
        assert owner.do("complete", "a") == "done"
        assert not await journal.ask_cancel("a")


# -- death -----------------------------------------------------------------------------------


async def test_the_jobs_of_a_killed_owner_are_claimed_at_once_by_exactly_one(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        victim, *heirs = processes(stack, 5, tmp_path)
        for number in range(3):
            victim.do("create", f"j{number}", f"/db{number}")
            victim.do("start", f"j{number}")
        assert await journal.abandoned() == ()
        victim.kill()

        assert [job.id for job in await journal.abandoned()] == ["j0", "j1", "j2"]
        for number in range(3):
            for heir in heirs:
                heir.say("claim", f"j{number}")
            fences = [fence for fence in (heir.hear() for heir in heirs) if fence is not None]
            assert len(fences) == 1
        assert await journal.abandoned() == ()


async def test_the_lock_file_of_a_killed_owner_is_swept(tmp_path: Path) -> None:
    owners = Home(tmp_path, tmp_path).owners
    with Process(tmp_path) as victim:
        victim.hear()
        assert len(list(owners.iterdir())) == 1
        victim.kill()
    journal = SqliteJournal(Home(tmp_path, tmp_path))

    await journal.open()
    assert [path.name for path in owners.iterdir()] == [journal.owner]
    await journal.close()
    assert list(owners.iterdir()) == []


@pytest.mark.parametrize("point", COMMIT_POINTS)
@pytest.mark.parametrize("commit", [1, 2, 3, 6])
async def test_whatever_was_acknowledged_is_there_after_a_kill(
    journal: SqliteJournal, tmp_path: Path, point: str, commit: int
) -> None:
    with Process(tmp_path, heartbeat=60, failpoint=f"{point}:{commit}") as victim:
        victim.hear()
        script = [("create", "a", "/db"), ("start", "a"), *(("note", "a", str(n)) for n in range(9))]
        acknowledged = 0
        while victim.do(*script[acknowledged]) is not None:
            acknowledged += 1

    # `start` activates and appends: two commits
    kept = await journal.entries()
    committed = commit if point.endswith("after") else commit - 1
    assert len(kept) == (committed if committed < 2 else committed - 1)
    assert len(kept) - 1 <= acknowledged <= len(kept)
    if kept:
        assert replay(kept) == kept[-1].job
        takeover = await journal.claim("a")
        assert takeover is not None and takeover.job == kept[-1].job


@pytest.mark.parametrize("point", FILE_POINTS)
async def test_a_kill_while_the_file_is_made_leaves_one_that_can_be_opened(
    tmp_path: Path, point: str
) -> None:
    with Process(tmp_path, failpoint=point) as victim:
        assert victim.hear() is None

    with Process(tmp_path) as next_one:
        assert next_one.hear() == "open"
        assert next_one.do("create", "a", "/db") == ["a", True]


# -- stopped, and slow -----------------------------------------------------------------------


async def test_a_stopped_owner_is_taken_over_and_refused_when_it_comes_back(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    # Its heartbeat is far away: were it stopped inside a transaction, it would keep SQLite's write lock.
    with Process(tmp_path, lease=LEASE, heartbeat=60) as owner:
        owner.hear()
        owner.do("create", "a", "/db")
        owner.do("start", "a")
        os.kill(owner.pid, signal.SIGSTOP)

        async def is_abandoned() -> bool:
            return [job.id for job in await journal.abandoned()] == ["a"]

        await eventually(is_abandoned)
        takeover = await journal.claim("a")
        before = await journal.entries()
        os.kill(owner.pid, signal.SIGCONT)

        assert owner.do("note", "a", "zombie")["error"] == OwnershipLost.kind
        assert owner.do("complete", "a")["error"] == OwnershipLost.kind
        assert takeover is not None
        assert await journal.entries() == before
        assert await journal.job("a") == takeover.job
        assert owner.do("create", "b", "/other") == ["b", True]


async def test_the_lease_is_renewed_while_the_event_loop_is_busy(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    with Process(tmp_path, lease=10, heartbeat=0.02) as owner:
        owner.hear()
        owner.do("create", "a", "/db")
        assert owner.do("block_the_loop") == "blocked"
        seen = {lease_of(tmp_path)}

        async def is_renewed_again() -> bool:
            seen.add(lease_of(tmp_path))
            return len(seen) > 3

        await eventually(is_renewed_again)
        owner.say("go on")
        assert owner.hear() == '["go on"]'


def lease_of(folder: Path) -> float:
    with closing(sqlite3.connect(folder / "journal.db")) as look:
        return float(look.execute("SELECT max(lease_until) FROM owner").fetchone()[0])


class Moments:
    """A monotonic clock that a test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_a_clock_that_jumps_ahead_ends_no_live_owner(tmp_path: Path) -> None:
    moments = Moments()
    neighbours = Neighbours(tmp_path, lease=10, proof=3, clock=moments)
    with OsLock(tmp_path / "alive"):
        for beat in range(20):
            moments.now += 1
            assert not neighbours.gone("alive", Lease(until=beat, expired=True))


def test_a_held_lock_without_renewals_ends_an_owner_after_its_lease_and_a_second_look(tmp_path: Path) -> None:
    moments = Moments()
    neighbours = Neighbours(tmp_path, lease=10, proof=3, clock=moments)
    with OsLock(tmp_path / "stopped"):
        assert not neighbours.gone("stopped", Lease(until=7, expired=True))
        moments.now = 2.9
        assert not neighbours.gone("stopped", Lease(until=7, expired=True))
        moments.now = 3.0
        assert neighbours.gone("stopped", Lease(until=7, expired=True))
        assert not neighbours.gone("stopped", Lease(until=8, expired=True))


def test_a_clock_that_jumps_back_keeps_no_stopped_owner(tmp_path: Path) -> None:
    moments = Moments()
    neighbours = Neighbours(tmp_path, lease=10, proof=3, clock=moments)
    with OsLock(tmp_path / "stopped"):
        assert not neighbours.gone("stopped", Lease(until=3600, expired=False))
        moments.now = 9.9
        assert not neighbours.gone("stopped", Lease(until=3600, expired=False))
        moments.now = 10.0
        assert neighbours.gone("stopped", Lease(until=3600, expired=False))


def test_an_owner_without_a_lock_is_gone_at_once(tmp_path: Path) -> None:
    neighbours = Neighbours(tmp_path, lease=10, proof=3)
    (tmp_path / "killed").touch()

    assert neighbours.gone("killed", Lease(until=3600, expired=False))
    assert neighbours.gone("never was", None)


async def test_an_owner_is_alive_to_another_journal_of_its_own_process(
    journal: SqliteJournal, tmp_path: Path
) -> None:
    second = SqliteJournal(Home(tmp_path, tmp_path))
    await second.open()
    await second.create(Job("a", JobKind.CREATION, "/db", datetime(2026, 11, 22, tzinfo=UTC)))

    assert await journal.abandoned() == ()
    assert await journal.claim("a") is None
    await second.close()
    assert [job.id for job in await journal.abandoned()] == ["a"]
