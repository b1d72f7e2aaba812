"""Recovery settles, it does not repeat: what a process finds that another one left behind."""

from __future__ import annotations

import asyncio

import pytest

from reprieve.core.errors import KeyRequired, OwnershipLost, Problem, ReprieveError, Unreachable, Unsupported
from reprieve.core.job import Job, JobKind, Progress
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Failed, Noted, Progressed
from reprieve.core.ports import Events
from reprieve.core.request import Request
from reprieve.core.retry import RetryPolicy
from tests.core.doubles import (
    JumpingClock,
    Process,
    Script,
    ScriptedTransport,
    World,
    a_backup,
    until,
    untouched,
)


async def hangs(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 2))
    await asyncio.Event().wait()


async def committed(transport: ScriptedTransport, job: Job) -> Events:
    """The world says: it had been committed. Undone if a cancel was asked."""
    if job.state is JobState.CANCELLING:
        yield Cancelled()
    else:
        yield Completed(a_backup())


async def left_behind(
    world: World, *, cancel: bool = False, detached: bool = False, idle: bool = False
) -> str:
    """The id of a job whose process crashed: while it ran, or while it waited behind another one."""
    process = Process(ScriptedTransport(hangs), world)
    await process.orchestrator.open()
    job = await process.create(detached=detached)
    await until(lambda: process.transport.at_work == 1)
    if cancel:
        await process.orchestrator.ask_cancel(job.id)
        await until(lambda: process.world.kept[job.id].job.state is JobState.CANCELLING)
    if idle:
        waiting = await process.create(detached=detached)
        await process.crash()
        world.kept.pop(job.id)
        return waiting.id
    await process.crash()
    return job.id


@pytest.mark.parametrize(
    ("recovers", "cancel", "state", "outcome"),
    [
        (untouched, False, JobState.FAILED, None),
        (untouched, True, JobState.DONE, Outcome.CANCELLED),
        (committed, False, JobState.DONE, Outcome.COMPLETED),
        (committed, True, JobState.DONE, Outcome.CANCELLED),
    ],
)
async def test_what_ran_is_settled_by_what_the_world_says(
    recovers: Script, cancel: bool, state: JobState, outcome: Outcome | None
) -> None:
    world = World()
    job_id = await left_behind(world, cancel=cancel)
    process = Process(ScriptedTransport(recovers=recovers), world)
    async with process as orchestrator:
        job = await orchestrator.job(job_id)

    assert (state, outcome) == (job.state, job.outcome)
    assert 1 == sum(what[0] == "carry_out" for what in world.log)


async def test_what_only_waited_fails_and_never_begins() -> None:
    world = World()
    job_id = await left_behind(world, idle=True)
    process = Process(ScriptedTransport(), world)
    async with process as orchestrator:
        job = await orchestrator.job(job_id)

    assert job.error is not None
    assert ("interrupted", JobState.FAILED) == (job.error.kind, job.state)
    assert "before it began" in job.error.message


async def test_what_only_waited_and_was_asked_to_cancel_is_cancelled() -> None:
    world = World()
    job_id = await left_behind(world, idle=True)
    world.kept[job_id].cancel_asked = True
    async with Process(ScriptedTransport(), world) as orchestrator:
        job = await orchestrator.job(job_id)

    assert Outcome.CANCELLED == job.outcome


async def test_a_cancel_asked_while_nobody_owned_the_job_is_heeded() -> None:
    world = World()
    job_id = await left_behind(world)
    world.kept[job_id].cancel_asked = True
    process = Process(ScriptedTransport(recovers=committed), world)
    async with process as orchestrator:
        job = await orchestrator.job(job_id)

    assert Outcome.CANCELLED == job.outcome
    assert world.log.index(("durable", job_id, 2, "cancelling")) < world.log.index(("recover", job_id, 2))


@pytest.mark.parametrize("idle", [False, True])
@pytest.mark.parametrize("resumes", [False, True])
async def test_a_detached_creation_is_run_again_only_by_a_process_that_lives_long(
    idle: bool, resumes: bool
) -> None:
    world = World()
    job_id = await left_behind(world, detached=True, idle=idle)
    process = Process(ScriptedTransport(), world, resumes_detached=resumes)
    async with process as orchestrator:
        job = await orchestrator.wait(job_id)

    assert (Outcome.COMPLETED if resumes else None) == job.outcome
    assert (1 if idle or not resumes else 2) == job.attempt
    assert job.final


async def test_a_detached_creation_that_was_being_cancelled_is_not_run_again() -> None:
    world = World()
    job_id = await left_behind(world, detached=True, cancel=True)
    async with Process(ScriptedTransport(), world, resumes_detached=True) as orchestrator:
        job = await orchestrator.wait(job_id)

    assert Outcome.CANCELLED == job.outcome


async def test_a_creation_that_kills_its_process_each_time_is_not_run_for_ever() -> None:
    world = World()
    job_id = await left_behind(world, detached=True)
    for _ in range(2):
        process = Process(
            ScriptedTransport(hangs), world, resumes_detached=True, retry=RetryPolicy(3, first=0.0)
        )
        await process.orchestrator.open()
        await until(lambda process=process: process.transport.at_work == 1)  # type: ignore[misc]
        await process.crash()
    last = Process(ScriptedTransport(), world, resumes_detached=True, retry=RetryPolicy(3))
    async with last as orchestrator:
        job = await orchestrator.wait(job_id)

    assert (JobState.FAILED, 3) == (job.state, job.attempt)


@pytest.mark.parametrize("error", [KeyRequired("No key."), Unsupported("No such scheme.")])
async def test_a_job_that_cannot_be_opened_here_stops_nobody_and_waits_for_who_can(
    error: ReprieveError,
) -> None:
    world = World()
    job_id = await left_behind(world)
    cannot = Process(ScriptedTransport(database="another"), world)
    cannot.opens = error
    async with cannot as orchestrator:
        mine = await orchestrator.wait((await cannot.create()).id)
        left = await orchestrator.job(job_id)
    async with Process(ScriptedTransport(), world) as orchestrator:
        settled = await orchestrator.job(job_id)

    assert Outcome.COMPLETED == mine.outcome
    assert (JobState.RUNNING, JobState.FAILED) == (left.state, settled.state)


async def test_a_recovery_that_cannot_reach_the_world_tries_again_and_blocks_nobody() -> None:
    world, clock = World(), JumpingClock()
    job_id = await left_behind(world)
    asked = []

    async def unreachable_once(transport: ScriptedTransport, job: Job) -> Events:
        asked.append(clock.monotonic())
        if len(asked) == 1:
            raise Unreachable("Nobody answers.")
        yield Completed(a_backup())

    process = Process(ScriptedTransport(recovers=unreachable_once), world, clock)
    async with process as orchestrator:
        with pytest.raises(Unreachable):
            await orchestrator.wait(job_id)
        other = ScriptedTransport(database="another")
        mine = await orchestrator.submit(Request(JobKind.CREATION), other)
        assert Outcome.COMPLETED == (await orchestrator.wait(mine.id)).outcome
        await clock.sleep(60.0)
        job = await orchestrator.job(job_id)

    assert Outcome.COMPLETED == job.outcome
    assert 1.0 == pytest.approx(asked[1] - asked[0])


async def test_a_recovery_that_ends_without_a_word_fails_the_job() -> None:
    world = World()
    job_id = await left_behind(world)

    async def notes_only(transport: ScriptedTransport, job: Job) -> Events:
        yield Noted("looked")

    async with Process(ScriptedTransport(recovers=notes_only), world) as orchestrator:
        job = await orchestrator.job(job_id)

    assert job.error is not None
    assert "outcomeUnknown" == job.error.kind


async def test_a_running_process_settles_what_another_left() -> None:
    world, clock = World(), JumpingClock()
    survivor = Process(ScriptedTransport(recovers=committed), world, clock, shared=True)
    async with survivor as orchestrator:
        job_id = await left_behind(world)
        began = clock.monotonic()
        job = await orchestrator.wait(job_id)

    assert Outcome.COMPLETED == job.outcome
    assert clock.monotonic() - began <= 1.5


async def test_an_owner_that_was_only_stopped_finds_its_job_gone_and_says_no_more() -> None:
    """A takeover while the first owner still runs: nothing that it tells afterwards is written or heard."""
    world, clock = World(), JumpingClock()
    go_on = asyncio.Event()

    async def goes_on_later(transport: ScriptedTransport, job: Job) -> Events:
        yield Progressed(Progress("copy", 1, 2))
        await go_on.wait()
        yield Noted("zombie")
        yield Completed(a_backup())

    stopped = Process(ScriptedTransport(goes_on_later), world, clock, shared=True)
    async with stopped as zombie:
        job = await stopped.create()
        watch = await zombie.watch(job.id)
        await until(lambda: stopped.transport.at_work == 1)
        stopped.journal.seize(job.id)
        other = Process(ScriptedTransport(recovers=committed), world, clock)
        async with other as heir:
            settled = await heir.wait(job.id)
        go_on.set()
        as_seen = await zombie.wait(job.id)
        heard = [seen.state async for seen in watch]

    steps = [line.job.step for line in world.lines]
    assert Outcome.COMPLETED == settled.outcome == as_seen.outcome
    assert "zombie" not in steps
    assert [JobState.IDLE, JobState.RUNNING, JobState.DONE] == list(dict.fromkeys(heard))
    assert 0 == stopped.transport.at_work


@pytest.mark.parametrize("nth", range(1, 7))
async def test_ownership_lost_at_any_write_ends_the_run_without_another_word(nth: int) -> None:
    world, clock = World(), JumpingClock()
    process = Process(ScriptedTransport(_notes), world, clock, shared=True)
    writes = 0
    write = process.journal._write

    async def lose() -> None:
        nonlocal writes
        await write()
        writes += 1
        if writes > nth:
            raise OwnershipLost("Another process has it.")

    async with process as orchestrator:
        job = await process.create()
        process.journal._write = lose  # type: ignore[method-assign]
        await until(lambda: not orchestrator._runs)
        lines = len(world.lines)
        process.journal.seize(job.id)
        async with Process(ScriptedTransport(), world, clock) as heir:
            settled = await heir.job(job.id)
        assert settled.final
        assert 0 == process.transport.at_work
        assert lines <= nth + 1


async def _notes(transport: ScriptedTransport, job: Job) -> Events:
    for number in range(4):
        yield Noted(f"step {number}")
    yield Completed(a_backup())


async def test_a_failing_recovery_of_one_job_says_why() -> None:
    world = World()
    job_id = await left_behind(world)

    async def damaged(transport: ScriptedTransport, job: Job) -> Events:
        yield Failed(Problem("ambiguous", "Both copies are kept."))

    async with Process(ScriptedTransport(recovers=damaged), world) as orchestrator:
        job = await orchestrator.job(job_id)

    assert Problem("ambiguous", "Both copies are kept.") == job.error
