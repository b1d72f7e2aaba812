"""A journal that cannot be written: whoever waits hears of it, the job is settled once there is room."""

from __future__ import annotations

import attrs
import pytest

from reprieve.core.endings import raise_unless_completed
from reprieve.core.errors import JobFailed, StorageError, StorageFull
from reprieve.core.job import Job, Progress
from reprieve.core.journal import replay
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Noted, Progressed
from reprieve.core.ports import Events
from tests.core.doubles import Process, ScriptedTransport, a_backup, until, untouched


async def notes(transport: ScriptedTransport, job: Job) -> Events:
    for number in range(3):
        yield Progressed(Progress("copy", number, 3))
        yield Noted(f"step {number}")
    yield Completed(a_backup(), revocable=True)


async def committed_or_not(transport: ScriptedTransport, job: Job) -> Events:
    """The world goes by what the journal says: three steps noted is committed."""
    if job.step == "step 2":
        yield Completed(a_backup())
    elif job.state is JobState.CANCELLING:
        yield Cancelled()
    else:
        async for event in untouched(transport, job):
            yield event


# The writes of a job: 1 create, 2 activate, 3 start, 4 to 6 notes, 7 completed.
@pytest.mark.parametrize("trouble", ["fail_at", "lose_at"])
@pytest.mark.parametrize("long", [1, 2, 3])
@pytest.mark.parametrize("nth", range(2, 8))
async def test_trouble_at_any_write_is_told_and_the_job_is_settled_soon(
    nth: int, long: int, trouble: str
) -> None:
    """Whether the write was made or not, which its error does not say."""
    process = Process(ScriptedTransport(notes, recovers=committed_or_not))
    setattr(process.journal, trouble, range(nth, nth + long))
    async with process as orchestrator:
        job = await process.create()
        with pytest.raises(StorageError, match="make room"):
            await orchestrator.wait(job.id)
        told_at = process.clock.monotonic()
        await until(lambda: not orchestrator._runs, rounds=50_000)
        settled = await orchestrator.wait(job.id)
        took = process.clock.monotonic() - told_at

    assert took <= 5.0
    assert settled == attrs.evolve(replay(process.world.lines), progress=settled.progress)
    assert 1 >= sum(what[0] == "carry_out" for what in process.world.log)
    if nth == 7 or (nth, trouble) == (6, "lose_at"):
        assert Outcome.COMPLETED == settled.outcome
    else:
        assert settled.error is not None
        assert (JobState.FAILED, "storage") == (settled.state, settled.error.kind)


async def test_a_job_that_cannot_be_written_down_was_never_asked_for() -> None:
    process = Process(ScriptedTransport())
    process.journal.fail_at = range(1, 2)
    async with process as orchestrator:
        with pytest.raises(StorageError):
            await process.create()
        again = await process.create()
        ended = await orchestrator.wait(again.id)

    assert Outcome.COMPLETED == ended.outcome
    assert [again.id] == list(process.world.kept)


async def test_a_cancel_is_remembered_over_the_trouble() -> None:
    async def stops(transport: ScriptedTransport, job: Job) -> Events:
        yield Noted("begun")
        await transport.aborted.wait()
        yield Cancelled()

    process = Process(ScriptedTransport(stops, recovers=committed_or_not))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.world.kept[job.id].job.step == "begun")
        process.journal.trouble = StorageFull("The journal's disk is full; make room.")
        with pytest.raises(StorageFull):
            await orchestrator.cancel(job.id)
        process.journal.trouble = None
        await until(lambda: process.world.kept[job.id].job.final, rounds=50_000)

    assert Outcome.CANCELLED == process.world.kept[job.id].job.outcome


async def test_a_cancel_of_a_waiting_job_is_remembered_too() -> None:
    process = Process(ScriptedTransport(), limit=1)
    async with process as orchestrator:
        job = await process.create()
        process.journal.trouble = StorageFull("The journal's disk is full; make room.")
        with pytest.raises(StorageFull):
            await orchestrator.cancel(job.id)
        process.journal.trouble = None
        await until(lambda: process.world.kept[job.id].job.final, rounds=50_000)

    assert Outcome.CANCELLED == process.world.kept[job.id].job.outcome


async def test_a_journal_that_cannot_say_who_asked_to_cancel_stops_an_offer() -> None:
    """It is not taken blindly: the attempt ends, and recovery asks the world."""

    async def offers(transport: ScriptedTransport, job: Job) -> Events:
        process.journal.trouble = StorageFull("The journal's disk is full; make room.")
        yield Completed(a_backup(), revocable=True)

    process = Process(ScriptedTransport(offers), shared=True)
    async with process as orchestrator:
        job = await process.restore()
        with pytest.raises(StorageFull):
            await orchestrator.wait(job.id)
        process.journal.trouble = None
        await until(lambda: process.world.kept[job.id].job.final, rounds=50_000)

    log = process.world.log
    assert not [what for what in log if what[0] == "answered"]
    assert ("recover", job.id, 1) in log
    assert JobState.FAILED == process.world.kept[job.id].job.state


async def test_closing_does_not_wait_for_room() -> None:
    process = Process(ScriptedTransport(notes))
    async with process as orchestrator:
        job = await process.create()
        process.journal.trouble = StorageFull("The journal's disk is full; make room.")
        with pytest.raises(StorageFull):
            await orchestrator.wait(job.id)

    assert not process.world.kept[job.id].job.final


async def test_other_jobs_go_on_after_the_trouble() -> None:
    process = Process(ScriptedTransport(notes, recovers=committed_or_not), limit=1)
    async with process as orchestrator:
        jobs = [await process.create() for _ in range(3)]
        process.journal.fail_at = range(process.journal.writes + 1, process.journal.writes + 2)
        endings = []
        for job in jobs:
            await until(lambda job=job: process.world.kept[job.id].job.final, rounds=50_000)  # type: ignore[misc]
            endings.append((await orchestrator.wait(job.id)).state)

    assert 1 == endings.count(JobState.FAILED)
    assert 2 == endings.count(JobState.DONE)


async def test_awaiting_a_failed_job_says_what_the_trouble_was() -> None:
    process = Process(ScriptedTransport(notes, recovers=committed_or_not))
    process.journal.fail_at = range(4, 5)
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.world.kept[job.id].job.final, rounds=50_000)
        with pytest.raises(JobFailed, match="make room"):
            raise_unless_completed(await orchestrator.wait(job.id))
