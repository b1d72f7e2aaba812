"""What every JournalStore does alike: the one in SQLite and the one in memory run the same tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import attrs
import pytest

from reprieve.core.errors import Conflict, IllegalTransition, NotFound, OwnershipLost, Problem, StorageError
from reprieve.core.job import Job, JobKind, Progress
from reprieve.core.journal import replay
from reprieve.core.lifecycle import JobState
from reprieve.core.messages import Cancel, Cancelled, Completed, Failed, Interrupted, Message, Noted, Start
from reprieve.core.ports import Claim, Entry, JournalStore, Takeover
from reprieve.core.reducer import reduce
from reprieve.transports.local.home import Home
from reprieve.transports.local.journal import SqliteJournal
from reprieve.transports.offline.memory_journal import MemoryJournal

NOW = datetime(2026, 11, 22, 14, 30, tzinfo=UTC)


@pytest.fixture(params=["sqlite", "memory"])
async def journal(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[JournalStore]:
    journal: JournalStore = MemoryJournal()
    if request.param == "sqlite":
        journal = SqliteJournal(Home(tmp_path, tmp_path), heartbeat=0.05)
    await journal.open()
    yield journal
    await journal.close()


async def restart(journal: JournalStore) -> None:
    """What a new process finds: the former owner is gone, and this is another one."""
    await journal.close()
    await journal.open()


def creation(job_id: str, database: str = "/db", *, key: str | None = None) -> Job:
    return Job(job_id, JobKind.CREATION, database, NOW, idempotency_key=key)


def restoration(job_id: str, database: str = "/db") -> Job:
    return Job(job_id, JobKind.RESTORATION, database, NOW, backup_id="b1")


def told(job: Job, *messages: Message) -> tuple[Entry, ...]:
    entries = []
    for message in messages:
        job, _ = reduce(job, message)
        entries.append(Entry(job, message))
    return tuple(entries)


async def created(journal: JournalStore, job: Job) -> Claim:
    _, claim = await journal.create(job)
    assert claim is not None
    return claim


async def started(journal: JournalStore, job: Job) -> tuple[Job, Claim]:
    claim = await created(journal, job)
    assert await journal.activate(claim)
    entries = told(job, Start(NOW))
    await journal.append(claim, entries)
    return entries[-1].job, claim


async def settled(journal: JournalStore, job: Job) -> Job:
    running, claim = await started(journal, job)
    entries = told(running, Completed(at=NOW))
    await journal.append(claim, entries)
    return entries[-1].job


# -- create ----------------------------------------------------------------------------------


async def test_a_new_job_is_recorded_with_its_first_line_and_claimed(journal: JournalStore) -> None:
    job, claim = await journal.create(creation("a"))

    assert job == creation("a")
    assert claim == Claim("a", journal.owner, claim.fence if claim else 0)
    assert await journal.job("a") == job
    assert await journal.entries() == (Entry(job, None, 1, journal.owner),)


async def test_an_idempotency_key_gives_the_same_job_without_a_claim(journal: JournalStore) -> None:
    running, _ = await started(journal, creation("a", key="k"))

    assert await journal.create(creation("b", key="k")) == (running, None)
    assert await journal.jobs() == (running,)


async def test_an_idempotency_key_is_remembered_after_the_end(journal: JournalStore) -> None:
    done = await settled(journal, creation("a", key="k"))
    await restart(journal)

    assert await journal.create(creation("b", key="k")) == (done, None)


async def test_of_many_starts_with_one_key_one_makes_a_job(journal: JournalStore) -> None:
    given = await asyncio.gather(*(journal.create(creation(f"j{n}", key="k")) for n in range(50)))

    assert len({job.id for job, _ in given}) == 1
    assert sum(claim is not None for _, claim in given) == 1
    assert len(await journal.jobs()) == 1


async def test_a_second_restoration_of_a_database_is_a_conflict_that_names_the_first(
    journal: JournalStore,
) -> None:
    claim = await created(journal, restoration("first"))

    with pytest.raises(Conflict, match="first"):
        await journal.create(restoration("second"))
    with pytest.raises(NotFound):
        await journal.job("second")
    await created(journal, restoration("elsewhere", "/other"))
    await created(journal, creation("creation"))

    await journal.append(claim, told(restoration("first"), Cancel(NOW)))
    await created(journal, restoration("second"))


async def test_an_id_is_used_once(journal: JournalStore) -> None:
    await created(journal, creation("a"))

    with pytest.raises(Conflict, match="a job a already"):
        await journal.create(creation("a"))


# -- activate --------------------------------------------------------------------------------


async def test_jobs_of_one_database_are_active_one_by_one_in_order(journal: JournalStore) -> None:
    first, second, third = [await created(journal, creation(name)) for name in ("a", "b", "c")]

    assert [await journal.activate(claim) for claim in (third, second, first, second)] == [
        False,
        False,
        True,
        False,
    ]
    await journal.append(first, told(creation("a"), Start(NOW), Completed(at=NOW)))
    assert [await journal.activate(claim) for claim in (third, second)] == [False, True]


async def test_jobs_of_different_databases_are_active_at_once(journal: JournalStore) -> None:
    await started(journal, creation("a", "/one"))

    await started(journal, creation("b", "/two"))

    assert {job.state for job in await journal.jobs()} == {JobState.RUNNING}


async def test_a_job_that_waits_for_its_next_attempt_keeps_its_place(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    waiting = await created(journal, creation("b"))
    await journal.append(claim, told(job, Interrupted(Problem("timedOut", "Slow.", True), 1.0, NOW)))

    assert (await journal.job("a")).state is JobState.IDLE
    assert not await journal.activate(waiting)
    assert await journal.activate(claim)


async def test_a_waiting_job_that_is_cancelled_leaves_the_line(journal: JournalStore) -> None:
    first, second = await created(journal, creation("a")), await created(journal, creation("b"))
    await journal.append(first, told(creation("a"), Cancel(NOW)))

    assert not await journal.activate(first)
    assert await journal.activate(second)


async def test_a_job_cannot_run_beside_the_active_one(journal: JournalStore) -> None:
    await started(journal, creation("a"))
    pushing = await created(journal, creation("b"))

    with pytest.raises(Conflict, match="b may not run"):
        await journal.append(pushing, told(creation("b"), Start(NOW)))
    assert await journal.job("b") == creation("b")
    assert len(await journal.entries(job_id="b")) == 1


async def test_a_waiting_job_of_a_dead_owner_is_passed_over(journal: JournalStore) -> None:
    await created(journal, creation("dead"))
    await restart(journal)

    assert await journal.activate(await created(journal, creation("alive")))


async def test_an_active_job_of_a_dead_owner_is_not_passed_over(journal: JournalStore) -> None:
    job, _ = await started(journal, creation("dead"))
    await restart(journal)
    waiting = await created(journal, creation("alive"))

    assert not await journal.activate(waiting)

    takeover = await journal.claim("dead")
    assert takeover is not None
    await journal.append(takeover.claim, told(job, Failed(Problem("interrupted", "It died."), NOW)))
    assert await journal.activate(waiting)


# -- append ----------------------------------------------------------------------------------


async def test_what_is_appended_can_be_read_and_replayed(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    entries = told(job, Noted("read", {"page": 7}, at=NOW), Cancel(NOW), Cancelled(NOW))
    await journal.append(claim, entries[:2])
    await journal.append(claim, entries[2:])

    lines = await journal.entries(job_id="a")
    assert [(line.job, line.message) for line in lines[2:]] == [
        (entry.job, entry.message) for entry in entries
    ]
    assert [line.seq for line in lines] == [1, 2, 3, 4, 5]
    assert replay(lines) == entries[-1].job == await journal.job("a")


async def test_nothing_is_appended_after_the_end(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    await journal.append(claim, told(job, Completed(at=NOW)))

    with pytest.raises(IllegalTransition, match="ended"):
        await journal.append(claim, told(job, Noted("late", at=NOW)))
    assert len(await journal.entries()) == 3


async def test_a_lost_claim_is_refused_and_those_beside_it_are_not(journal: JournalStore) -> None:
    job, lost = await started(journal, creation("lost"))
    await restart(journal)
    takeover = await journal.claim("lost")
    others = [await started(journal, creation(f"j{n}", f"/db{n}")) for n in range(5)]

    refused, *accepted = await asyncio.gather(
        journal.append(lost, told(job, Noted("zombie", at=NOW))),
        *(journal.append(claim, told(other, Noted("step", at=NOW))) for other, claim in others),
        return_exceptions=True,
    )

    assert isinstance(refused, OwnershipLost)
    assert accepted == [None] * 5
    assert takeover is not None
    assert await journal.job("lost") == takeover.job
    assert [(await journal.job(f"j{n}")).step for n in range(5)] == ["step"] * 5
    with pytest.raises(OwnershipLost):
        await journal.activate(lost)


# -- progress --------------------------------------------------------------------------------


async def test_progress_is_seen_and_changes_nothing_else(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    for done in range(10):
        journal.progressed(
            claim, attrs.evolve(job, progress=Progress("read", done, 9), percentage=done * 10.0)
        )
    expected = attrs.evolve(job, progress=Progress("read", 9, 9), percentage=90.0)

    async with asyncio.timeout(20):
        while (await journal.job("a")) != expected:
            await asyncio.sleep(0.005)
    assert await journal.jobs() == (expected,)
    assert len(await journal.entries()) == 2

    completed = told(job, Completed(at=NOW))
    await journal.append(claim, completed)
    assert await journal.job("a") == completed[-1].job


async def test_the_last_progress_is_there_after_a_restart(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    expected = attrs.evolve(job, progress=Progress("read", 4, 9), percentage=44.4)
    journal.progressed(claim, expected)
    await restart(journal)

    assert await journal.job("a") == expected
    assert await journal.abandoned() == (expected,)


async def test_a_transition_says_more_than_the_progress_before_it(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    journal.progressed(claim, attrs.evolve(job, percentage=99.0))
    done = told(job, Completed(at=NOW))[-1]
    await journal.append(claim, (done,))
    await restart(journal)

    assert await journal.job("a") == done.job


# -- cancels ---------------------------------------------------------------------------------


async def test_a_cancel_is_left_for_the_owner(journal: JournalStore) -> None:
    job, claim = await started(journal, creation("a"))
    await created(journal, creation("b"))
    assert await journal.asked_cancels() == ()

    assert await journal.ask_cancel("a")
    assert await journal.ask_cancel("a")

    assert await journal.asked_cancels() == ("a",)
    assert await journal.job("a") == job
    await journal.append(claim, told(job, Cancel(NOW), Cancelled(NOW)))
    assert await journal.asked_cancels() == ()
    assert not await journal.ask_cancel("a")


async def test_a_job_that_is_not_there_is_not_found(journal: JournalStore) -> None:
    for asking in (journal.job("x"), journal.ask_cancel("x"), journal.claim("x")):
        with pytest.raises(NotFound, match="x"):
            await asking


# -- takeovers -------------------------------------------------------------------------------


async def test_what_a_gone_owner_left_is_abandoned_and_claimed_once(journal: JournalStore) -> None:
    running, old = await started(journal, creation("a"))
    await created(journal, creation("b"))
    await settled(journal, creation("c", "/other"))
    assert await journal.abandoned() == ()
    await journal.ask_cancel("a")
    await restart(journal)

    assert await journal.abandoned() == (running, creation("b"))
    takeover = await journal.claim("a")

    assert takeover is not None
    assert takeover == Takeover(running, Claim("a", journal.owner, takeover.claim.fence), cancel_asked=True)
    assert takeover.claim.fence > old.fence
    assert await journal.abandoned() == (creation("b"),)
    assert await journal.claim("c") is None
    assert await journal.asked_cancels() == ("a",)
    assert await journal.activate(takeover.claim)


async def test_an_owner_claims_its_own_job_again(journal: JournalStore) -> None:
    """After a write whose answer was lost: what an earlier claim still wants to write comes too late."""
    running, old = await started(journal, creation("a"))
    waiting = await created(journal, creation("b"))
    await journal.ask_cancel("a")

    takeover = await journal.claim("a")

    assert takeover is not None
    assert takeover == Takeover(running, Claim("a", journal.owner, takeover.claim.fence), cancel_asked=True)
    assert takeover.claim.fence > max(old.fence, waiting.fence)
    with pytest.raises(OwnershipLost):
        await journal.append(old, told(running, Noted("late", at=NOW)))
    assert not await journal.activate(waiting)
    await journal.append(takeover.claim, told(running, Completed(at=NOW)))
    assert await journal.activate(waiting)
    assert await journal.claim("a") is None


async def test_a_fence_is_greater_than_every_one_before_it(journal: JournalStore) -> None:
    claims = [await created(journal, creation(f"j{n}")) for n in range(3)]
    await restart(journal)
    claims.append(await created(journal, creation("j3")))
    for n in range(3):
        takeover = await journal.claim(f"j{n}")
        assert takeover is not None
        claims.append(takeover.claim)

    fences = [claim.fence for claim in claims]
    assert fences == sorted(set(fences))


async def test_every_owner_has_a_name_of_its_own(journal: JournalStore) -> None:
    before = journal.owner
    await restart(journal)

    assert journal.owner != before


# -- looking ---------------------------------------------------------------------------------


async def test_jobs_are_listed_newest_first(journal: JournalStore) -> None:
    done = await settled(journal, creation("a"))
    b, c = creation("b"), creation("c", "/other")
    await created(journal, b)
    await created(journal, c)

    assert await journal.jobs() == (c, b, done)
    assert await journal.jobs(limit=2) == (c, b)
    assert await journal.jobs(database="/db") == (b, done)
    assert await journal.jobs(unsettled=True) == (c, b)
    assert await journal.jobs(database="/db", unsettled=True) == (b,)
    assert await journal.jobs(database="/nowhere") == ()


async def test_lines_are_read_from_where_one_was(journal: JournalStore) -> None:
    assert await journal.seq() == 0
    await started(journal, creation("a"))
    await created(journal, creation("b"))

    lines = await journal.entries()

    assert [(line.seq, line.job.id) for line in lines] == [(1, "a"), (2, "a"), (3, "b")]
    assert await journal.seq() == 3
    assert await journal.entries(after=1) == lines[1:]
    assert await journal.entries(after=1, limit=1) == lines[1:2]
    assert await journal.entries(after=1, job_id="a") == lines[1:2]
    assert await journal.entries(after=3) == ()
    assert await journal.entries(job_id="x") == ()
    assert {line.owner for line in lines} == {journal.owner}


async def test_a_closed_journal_says_so(journal: JournalStore) -> None:
    await journal.close()

    with pytest.raises(StorageError, match="closed"):
        await journal.create(creation("a"))
