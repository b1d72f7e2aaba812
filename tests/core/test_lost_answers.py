"""A journal whose answer is lost: what was asked may be recorded, and nobody was told.

Each write that makes a claim or records a change is tried so: nothing is recorded twice, no job is left that
no process speaks for, and observers hear of every change once.
"""

from __future__ import annotations

import asyncio

import attrs
import pytest

from reprieve.core.endings import raise_unless_completed
from reprieve.core.errors import JobFailed, ReprieveError, StorageError
from reprieve.core.job import Job, JobKind
from reprieve.core.journal import replay
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Completed, Noted
from reprieve.core.ports import Claim, Entry, Events
from tests.core.doubles import JumpingClock, Process, ScriptedTransport, World, a_backup, until, untouched


async def hangs(transport: ScriptedTransport, job: Job) -> Events:
    yield Noted("begun")
    await asyncio.Event().wait()


async def begun_is_done(transport: ScriptedTransport, job: Job) -> Events:
    yield Completed(a_backup(), revocable=False)


def states(world: World, job_id: str) -> list[tuple[int, str]]:
    return [(line.job.version, line.job.state.value) for line in world.lines if line.job.id == job_id]


async def test_a_start_that_was_recorded_is_not_recorded_again() -> None:
    process = Process(ScriptedTransport())
    process.journal.lose_at = range(3, 4)
    async with process as orchestrator:
        job = await process.create()
        with pytest.raises(StorageError):
            await orchestrator.wait(job.id)
        await until(lambda: not orchestrator._runs, rounds=50_000)

    assert [(0, "idle"), (1, "running"), (2, "failed")] == states(process.world, job.id)
    assert [] == [what for what in process.world.log if what[0] == "carry_out"]


async def test_a_completion_that_was_recorded_is_one_and_observers_hear_of_it() -> None:
    process = Process(ScriptedTransport())
    process.journal.lose_at = range(4, 5)
    async with process as orchestrator:
        job = await process.create()
        watch = await orchestrator.watch(job.id)
        with pytest.raises(StorageError):
            await orchestrator.wait(job.id)
        heard = [seen async for seen in watch]
        settled = await orchestrator.wait(job.id)

    assert Outcome.COMPLETED == settled.outcome == heard[-1].outcome
    assert [0, 1, 2] == list(dict.fromkeys(seen.version for seen in heard))
    assert [] == [what for what in process.world.log if what[0] == "recover"]


async def test_a_cancel_that_comes_while_nothing_is_known_is_remembered() -> None:
    process = Process(ScriptedTransport(hangs))
    process.journal.lose_at = range(4, 5)
    async with process as orchestrator:
        job = await process.create()
        with pytest.raises(StorageError):
            await orchestrator.wait(job.id)
        before = states(process.world, job.id)
        asked = await orchestrator.ask_cancel(job.id)
        await until(lambda: not orchestrator._runs, rounds=50_000)
        settled = await orchestrator.job(job.id)

    assert JobState.RUNNING == asked.state
    assert [(0, "idle"), (1, "running"), (2, "running")] == before
    assert [*before, (3, "cancelling"), (4, "done")] == states(process.world, job.id)
    assert Outcome.CANCELLED == settled.outcome


async def test_a_job_that_was_refused_and_recorded_is_not_carried_out_and_holds_nobody_up() -> None:
    process = Process(ScriptedTransport())
    process.journal.lose_at = range(1, 2)
    async with process as orchestrator:
        with pytest.raises(StorageError, match="answer was lost"):
            await process.create()
        (refused,) = process.world.kept
        other = await process.create()
        ended = await orchestrator.wait(other.id)
        settled = await orchestrator.wait(refused)

    assert Outcome.COMPLETED == ended.outcome
    with pytest.raises(JobFailed, match="answer was lost"):
        raise_unless_completed(settled)
    assert [other.id] == [what[1] for what in process.world.log if what[0] == "carry_out"]


async def test_a_job_that_was_refused_and_not_recorded_is_not_looked_for_for_ever() -> None:
    process = Process(ScriptedTransport())
    process.journal.fail_at = range(1, 2)
    async with process as orchestrator:
        with pytest.raises(StorageError):
            await process.create()
        await process.clock.sleep(5.0)

        assert set() == orchestrator._takeovers._in_doubt
    assert {} == process.world.kept


@pytest.mark.parametrize("trouble", ["fail_at", "lose_at"])
@pytest.mark.parametrize("nth", range(1, 5))
@pytest.mark.parametrize("waits", [False, True])
async def test_a_takeover_is_never_left_half_way(waits: bool, nth: int, trouble: str) -> None:
    """Of a job that ran or waited, with one write that goes wrong: of a claim, or of an ending.

    The job is settled, and what waits behind it has its turn.
    """
    world, clock = World(), JumpingClock()
    dead = Process(ScriptedTransport(hangs), world, clock, shared=True)
    await dead.orchestrator.open()
    left = await dead.create()
    await until(lambda: world.kept[left.id].job.step == "begun")
    if waits:
        waiting = await dead.create()
        world.kept.pop(left.id)
        world.lines[:] = [line for line in world.lines if line.job.id != left.id]
        left = waiting
    await dead.crash()

    heir = Process(ScriptedTransport(recovers=untouched), world, clock, shared=True)
    setattr(heir.journal, trouble, range(nth, nth + 1))
    async with heir as orchestrator:
        ended = None
        while ended is None:
            try:
                ended = await orchestrator.wait((await heir.create()).id)
            except StorageError:
                await clock.sleep(1.0)
        await until(lambda: world.kept[left.id].job.final and not orchestrator._runs, rounds=50_000)
        settled = await orchestrator.wait(left.id)

    assert Outcome.COMPLETED == ended.outcome
    assert settled.error is not None
    assert JobState.FAILED == settled.state
    assert "interrupted" == settled.error.kind or not waits
    for job_id in world.kept:
        lines = [line for line in world.lines if line.job.id == job_id]
        assert lines[-1].job == attrs.evolve(replay(lines), progress=lines[-1].job.progress)


async def test_a_waiting_job_whose_ending_cannot_be_written_is_settled_once_it_can() -> None:
    """Its heir lives: nobody else may settle it, so the heir must."""
    world, clock = World(), JumpingClock()
    dead = Process(ScriptedTransport(hangs), world, clock, shared=True)
    heir = Process(ScriptedTransport(), world, clock, shared=True)
    await dead.orchestrator.open()
    async with heir as orchestrator:
        first, second = await dead.create(), await dead.create()
        await until(lambda: world.kept[first.id].job.step == "begun")
        write = heir.journal.append
        troubles = [StorageError("The journal is locked for a moment.")]

        async def append(claim: Claim, entries: tuple[Entry, ...]) -> None:
            if claim.job_id == second.id and troubles:
                raise troubles.pop()
            await write(claim, entries)

        heir.journal.append = append  # type: ignore[method-assign]
        await dead.crash()
        third = await orchestrator.wait((await heir.create()).id)

    assert [] == troubles
    assert JobState.FAILED == world.kept[second.id].job.state
    assert Outcome.COMPLETED == third.outcome


@pytest.mark.parametrize("error", [ValueError("a bug"), ReprieveError("Something new.")])
async def test_whatever_a_journal_throws_a_job_ends(error: Exception) -> None:
    process = Process(ScriptedTransport())
    write = process.journal.append
    errors = [error]

    async def append(claim: Claim, entries: tuple[Entry, ...]) -> None:
        if errors:
            raise errors.pop()
        await write(claim, entries)

    process.journal.append = append  # type: ignore[method-assign]
    async with process as orchestrator:
        job = await process.create()
        with pytest.raises(ReprieveError, match=str(error)):
            await orchestrator.wait(job.id)
        await until(lambda: not orchestrator._runs, rounds=50_000)

    assert JobState.FAILED == process.world.kept[job.id].job.state


async def test_a_job_that_another_process_took_in_the_meantime_is_let_go() -> None:
    """A run in doubt was thought dead: it claims its job anew, and finds that it has another owner."""
    world, clock = World(), JumpingClock()
    doubting = Process(ScriptedTransport(hangs), world, clock, shared=True)
    async with doubting as orchestrator:
        doubting.journal.lose_at = range(4, 5)
        job = await doubting.create()
        with pytest.raises(StorageError):
            await orchestrator.wait(job.id)
        doubting.journal.seize(job.id)
        async with Process(ScriptedTransport(recovers=begun_is_done), world, clock) as heir:
            settled = await heir.wait(job.id)
        await until(lambda: not orchestrator._runs, rounds=50_000)
        seen = await orchestrator.wait(job.id)

    assert JobKind.CREATION is settled.kind
    assert Outcome.COMPLETED == settled.outcome == seen.outcome
    assert 1 == sum(what[0] == "recover" for what in world.log)
