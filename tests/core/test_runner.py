"""One job under way: what is durable before who hears of it, and how every odd transport ends its job."""

from __future__ import annotations

import asyncio

import pytest

from reprieve.core.errors import (
    Conflict,
    JobFailed,
    Problem,
    StorageFull,
    Unreachable,
)
from reprieve.core.job import Job, Progress
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Failed, Interrupted, Noted, Progressed
from reprieve.core.ports import Events
from reprieve.core.retry import RetryPolicy
from tests.core.doubles import Process, Script, ScriptedTransport, a_backup, until, works


async def ends_without_a_word(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 2))


async def says_nothing(transport: ScriptedTransport, job: Job) -> Events:
    return
    yield


def raises(error: BaseException, *, after: int = 0) -> Script:
    async def script(transport: ScriptedTransport, job: Job) -> Events:
        for done in range(after):
            yield Progressed(Progress("copy", done, 10))
        raise error
        yield

    return script


def tells(*events: Progressed | Noted | Completed | Cancelled | Failed | Interrupted) -> Script:
    async def script(transport: ScriptedTransport, job: Job) -> Events:
        for event in events:
            yield event

    return script


async def waits_for_abort(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 2))
    await transport.aborted.wait()
    yield Cancelled()


async def hangs(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 2))
    await asyncio.Event().wait()


async def test_nobody_hears_what_is_not_durable_and_effects_come_last() -> None:
    process = Process(ScriptedTransport(tells(Noted("step"), Completed(a_backup()))))
    log = process.world.log
    async with process as orchestrator:
        watch = await orchestrator.watch_all()

        offer = watch.offer

        def heard(job: Job, changed: bool) -> None:
            if changed:
                log.append(("heard", job.id, job.version, job.state.value))
            offer(job, changed)

        watch.offer = heard  # type: ignore[method-assign]
        job = await process.create()
        await orchestrator.wait(job.id)

    id = job.id
    expected: list[tuple[object, ...]] = [
        ("durable", id, 0, "idle"),
        ("heard", id, 0, "idle"),
        ("durable", id, 1, "running"),
        ("heard", id, 1, "running"),
        ("carry_out", id, 1),
        ("durable", id, 2, "running"),
        ("heard", id, 2, "running"),
        ("durable", id, 3, "done"),
        ("heard", id, 3, "done"),
        ("closed", id),
    ]
    assert expected == log


@pytest.mark.parametrize(
    ("script", "kind"),
    [
        (ends_without_a_word, "outcomeUnknown"),
        (says_nothing, "outcomeUnknown"),
        (raises(StorageFull("No room; make some."), after=1), "storageFull"),
        (raises(StorageFull("No room; make some.")), "storageFull"),
        (raises(Unreachable("Nobody answers."), after=1), "outcomeUnknown"),
        (raises(ZeroDivisionError("division by zero")), "internal"),
        (raises(ZeroDivisionError("division by zero"), after=2), "internal"),
        (raises(asyncio.CancelledError(), after=1), "outcomeUnknown"),
        (raises(asyncio.CancelledError()), "outcomeUnknown"),
        (tells(Cancelled()), "remoteProtocol"),
        (tells(Failed(Problem("badSource", "It is a folder."))), "badSource"),
        (tells(Interrupted(Problem("worker", "The worker died."))), "worker"),
    ],
)
async def test_however_its_stream_ends_the_job_fails_with_a_clear_error(script: Script, kind: str) -> None:
    process = Process(ScriptedTransport(script))
    async with process as orchestrator:
        job = await orchestrator.wait((await process.create()).id)

    assert (JobState.FAILED, 1) == (job.state, job.attempt)
    assert job.error is not None
    assert kind == job.error.kind
    assert job.error.message.endswith(".")


async def test_a_transport_that_refuses_at_once_fails_its_job() -> None:
    def refuse(transport: ScriptedTransport, job: Job) -> Events:
        raise Conflict("Something else has it.")

    transport = ScriptedTransport()
    transport.carry_out = lambda job: refuse(transport, job)  # type: ignore[method-assign]
    process = Process(transport)
    async with process as orchestrator:
        job = await orchestrator.wait((await process.create()).id)

    assert Problem("conflict", "Something else has it.") == job.error


async def test_an_attempt_that_never_began_is_tried_again_and_every_attempt_is_seen() -> None:
    refuses = raises(Unreachable("Nobody answers."))
    process = Process(ScriptedTransport(refuses, refuses, works))
    async with process as orchestrator:
        job = await process.create()
        seen = [(j.state.value, j.attempt) async for j in await orchestrator.watch(job.id)]
        waited = process.clock.monotonic()

    attempts = [("idle", 1), ("running", 1), ("idle", 2), ("running", 2), ("idle", 3), ("running", 3)]
    assert [*attempts, ("done", 3)] == [one for one in dict.fromkeys(seen)]
    assert 0.75 <= waited <= 1.7


async def test_it_gives_up_after_so_many_attempts() -> None:
    process = Process(ScriptedTransport(raises(Unreachable("Nobody answers."))), retry=RetryPolicy(3))
    async with process as orchestrator:
        job = await orchestrator.wait((await process.create()).id)

    assert (JobState.FAILED, 3) == (job.state, job.attempt)
    assert Problem("unreachable", "Nobody answers.", temporary=True) == job.error


async def test_work_that_ended_without_a_trace_is_begun_again() -> None:
    interrupted = tells(Noted("one"), Interrupted(Problem("worker", "It died.", temporary=True)))
    transport = ScriptedTransport(interrupted, works)
    process = Process(transport, retry=RetryPolicy(first=0.0))
    async with process as orchestrator:
        job = await orchestrator.wait((await process.create()).id)

    assert (Outcome.COMPLETED, 2) == (job.outcome, job.attempt)
    assert 1 == transport.most_at_work


async def test_an_offer_that_is_taken_is_answered_once_it_is_durable() -> None:
    process = Process(ScriptedTransport(tells(Completed(a_backup(), revocable=True))))
    async with process as orchestrator:
        job = await orchestrator.wait((await process.restore()).id)
        await process.transport.gone.wait()

    log = process.world.log
    assert Outcome.COMPLETED == job.outcome
    assert log.index(("durable", job.id, 2, "done")) < log.index(("answered", job.id, True))


@pytest.mark.parametrize("elsewhere", [False, True])
async def test_an_offer_is_declined_once_a_cancel_was_asked(elsewhere: bool) -> None:
    """Asked here, or in another process whose request lies in the journal unseen."""

    async def offers(transport: ScriptedTransport, job: Job) -> Events:
        if elsewhere:
            process.world.kept[job.id].cancel_asked = True
        else:
            await process.orchestrator.ask_cancel(job.id)
        taken = yield Completed(a_backup(), revocable=True)
        if not taken:
            yield Progressed(Progress("undo", 1, 1))
            yield Cancelled()

    process = Process(ScriptedTransport(offers), shared=elsewhere)
    async with process as orchestrator:
        job = await orchestrator.wait((await process.restore()).id)

    assert (Outcome.CANCELLED, "undo") == (job.outcome, job.progress.phase)
    assert ("answered", job.id, False) in process.world.log


async def test_the_next_job_waits_until_the_one_before_has_cleared_away() -> None:
    cleared = asyncio.Event()

    async def clears(transport: ScriptedTransport, job: Job) -> Events:
        yield Completed(a_backup(), revocable=True)
        await cleared.wait()

    process = Process(ScriptedTransport(clears, works))
    async with process as orchestrator:
        first, second = await process.create(), await process.create()
        await orchestrator.wait(first.id)
        waiting = await orchestrator.job(second.id)
        cleared.set()
        await orchestrator.wait(second.id)

    assert JobState.IDLE == waiting.state
    assert 1 == process.transport.most_at_work


async def test_an_error_while_clearing_away_changes_nothing_about_the_job() -> None:
    async def fails_late(transport: ScriptedTransport, job: Job) -> Events:
        yield Completed(a_backup(), revocable=True)
        raise Unreachable("Too late to matter.")

    process = Process(ScriptedTransport(fails_late))
    async with process as orchestrator:
        job = await orchestrator.wait((await process.create()).id)
        await until(lambda: not orchestrator._runs)

    assert ["idle", "running", "done"] == await process.told(job.id)


async def test_a_failing_abort_fails_the_job_and_ends_its_stream() -> None:
    async def refuse(job: Job) -> None:
        raise ZeroDivisionError("no way to stop")

    process = Process(ScriptedTransport(hangs, abort=refuse))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        with pytest.raises(JobFailed, match="no way to stop"):
            await orchestrator.cancel(job.id)

    assert 0 == process.transport.at_work


async def test_an_abort_whose_own_task_was_cancelled_fails_the_job() -> None:
    async def refuse(job: Job) -> None:
        raise asyncio.CancelledError

    process = Process(ScriptedTransport(hangs, abort=refuse))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        with pytest.raises(JobFailed, match="without saying how the job ended"):
            await orchestrator.cancel(job.id)


async def test_an_abort_that_hangs_harms_nothing_if_the_work_stops() -> None:
    stopped = asyncio.Event()

    async def hang(job: Job) -> None:
        stopped.set()
        await asyncio.Event().wait()

    async def stops(transport: ScriptedTransport, job: Job) -> Events:
        yield Progressed(Progress("copy", 1, 2))
        await stopped.wait()
        yield Cancelled()

    process = Process(ScriptedTransport(stops, abort=hang))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: process.transport.at_work == 1)
        job = await orchestrator.cancel(job.id)

    assert Outcome.CANCELLED == job.outcome


@pytest.mark.parametrize(
    "script",
    [
        raises(Unreachable("Nobody answers.")),
        tells(Interrupted(Problem("worker", "It died.", temporary=True))),
        tells(Interrupted(Problem("worker", "It died."))),
    ],
)
async def test_an_attempt_that_left_no_trace_satisfies_a_cancel(script: Script) -> None:
    async def first_cancel(transport: ScriptedTransport, job: Job) -> Events:
        await process.orchestrator.ask_cancel(job.id)
        await until(lambda: ("durable", job.id, 2, "cancelling") in process.world.log)
        async for event in script(transport, job):
            yield event

    process = Process(ScriptedTransport(first_cancel))
    async with process as orchestrator:
        job = await orchestrator.wait((await process.create()).id)

    assert Outcome.CANCELLED == job.outcome
