"""Cancels: in every state a job can be in, from here and from another process."""

from __future__ import annotations

import asyncio

import pytest

from reprieve.core.errors import IllegalTransition, JobFailed, NotFound, Problem, TooLate, Unreachable
from reprieve.core.job import Job, Progress
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Failed, Progressed
from reprieve.core.ports import Events
from reprieve.core.retry import RetryPolicy
from tests.core.doubles import JumpingClock, Process, ScriptedTransport, World, a_backup, until


async def stops(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 2))
    await transport.aborted.wait()
    yield Cancelled()


async def refuses(transport: ScriptedTransport, job: Job) -> Events:
    raise Unreachable("Nobody answers.")
    yield


async def test_a_job_that_waits_for_its_turn_ends_at_once_and_never_begins() -> None:
    process = Process(ScriptedTransport(stops))
    async with process as orchestrator:
        await process.create()
        waiting = await process.create()
        job = await orchestrator.cancel(waiting.id)

    assert Outcome.CANCELLED == job.outcome
    assert ["idle", "done"] == await process.told(waiting.id)


async def test_a_running_job_stops_and_the_cancel_returns_when_it_has() -> None:
    process = Process(ScriptedTransport(stops))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        asked = await orchestrator.ask_cancel(job.id)
        again = await orchestrator.ask_cancel(job.id)
        ended = await orchestrator.cancel(job.id)
        after = await orchestrator.cancel(job.id)

    assert (JobState.CANCELLING, JobState.CANCELLING) == (asked.state, again.state)
    assert Outcome.CANCELLED == ended.outcome == after.outcome
    assert ["idle", "running", "cancelling", "done"] == await process.told(job.id)
    assert 1 == sum(what[0] == "abort" for what in process.world.log)


async def test_a_job_that_waits_for_another_attempt_ends_at_once() -> None:
    process = Process(ScriptedTransport(refuses), retry=RetryPolicy(first=1000.0, longest=1000.0))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: len(process.world.lines) == 3)
        ended = await orchestrator.cancel(job.id)

    assert Outcome.CANCELLED == ended.outcome
    assert process.clock.monotonic() < 1000.0
    assert ["idle", "running", "idle", "done"] == await process.told(job.id)


async def test_a_job_cancelled_between_its_start_and_its_beginning_never_begins() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: orchestrator._runs[job.id].job.state is JobState.RUNNING)
        not_yet = process.world.kept[job.id].job.state
        ended = await orchestrator.cancel(job.id)

    assert JobState.IDLE == not_yet
    assert Outcome.CANCELLED == ended.outcome
    assert ["idle", "running", "cancelling", "done"] == await process.told(job.id)
    assert not [what for what in process.world.log if what[0] in ("carry_out", "abort")]


async def test_what_has_completed_cannot_be_cancelled() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        made, restored = await process.create(), await process.restore()
        await orchestrator.wait(made.id)
        await orchestrator.wait(restored.id)
        with pytest.raises(TooLate, match="`delete` hides the backup"):
            await orchestrator.cancel(made.id)
        with pytest.raises(TooLate, match="`revert` brings the former content back"):
            await orchestrator.cancel(restored.id)


async def test_a_transport_may_complete_in_spite_of_a_cancel_and_the_caller_is_told() -> None:
    async def completes(transport: ScriptedTransport, job: Job) -> Events:
        await transport.aborted.wait()
        yield Completed(a_backup())

    process = Process(ScriptedTransport(completes))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        with pytest.raises(TooLate):
            await orchestrator.cancel(job.id)
        ended = await orchestrator.job(job.id)

    assert Outcome.COMPLETED == ended.outcome


async def test_a_job_that_fails_while_it_is_being_cancelled_says_so() -> None:
    async def fails(transport: ScriptedTransport, job: Job) -> Events:
        await transport.aborted.wait()
        yield Failed(Problem("ambiguous", "Both copies are kept."))

    process = Process(ScriptedTransport(fails))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        with pytest.raises(JobFailed, match="Both copies are kept") as raised:
            await orchestrator.cancel(job.id)
        with pytest.raises(IllegalTransition, match="failed already"):
            await orchestrator.cancel(job.id)

    assert (job.id, "ambiguous") == (raised.value.job_id, raised.value.problem.kind)


async def test_an_unknown_job_is_not_found() -> None:
    async with Process(ScriptedTransport()) as orchestrator:
        with pytest.raises(NotFound):
            await orchestrator.cancel("nonsense")
        with pytest.raises(NotFound):
            await orchestrator.watch("nonsense")


@pytest.mark.parametrize("waits", [False, True])
async def test_another_process_cancels_a_job(waits: bool) -> None:
    """One that runs there, or waits there for its turn; seen within 100 ms."""
    world, clock = World(), JumpingClock()
    owner = Process(ScriptedTransport(stops), world, clock, shared=True)
    other = Process(ScriptedTransport(), world, clock, shared=True)
    async with owner, other as elsewhere:
        job = await owner.create()
        await until(lambda: owner.transport.at_work == 1)
        if waits:
            job = await owner.create()
        asked_at = clock.monotonic()
        ended = await elsewhere.cancel(job.id)
        took = clock.monotonic() - asked_at

    assert Outcome.CANCELLED == ended.outcome
    assert took <= 0.25


async def test_many_who_cancel_at_once_all_get_the_same_answer() -> None:
    process = Process(ScriptedTransport(stops))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        answers = await asyncio.gather(*(orchestrator.cancel(job.id) for _ in range(10)))

    assert {Outcome.CANCELLED} == {answer.outcome for answer in answers}
