"""Whose turn it is: one job on a database, at most so many in all, in order; keys; and closing."""

from __future__ import annotations

import asyncio

import pytest

from reprieve.core.errors import Conflict, InvalidRequest
from reprieve.core.job import Job, JobKind, Progress
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Progressed
from reprieve.core.ports import Events
from reprieve.core.request import Request
from tests.core.doubles import JumpingClock, Process, ScriptedTransport, World, a_backup, until, works


async def stops(transport: ScriptedTransport, job: Job) -> Events:
    yield Progressed(Progress("copy", 1, 2))
    await transport.aborted.wait()
    yield Cancelled()


async def test_one_at_a_time_on_a_database_in_the_order_of_asking() -> None:
    transport = ScriptedTransport()
    process = Process(transport, limit=5)
    async with process as orchestrator:
        jobs = [await process.create() for _ in range(6)]
        await asyncio.gather(*(orchestrator.wait(job.id) for job in jobs))

    began = [what[1] for what in process.world.log if what[0] == "carry_out"]
    assert 1 == transport.most_at_work
    assert [job.id for job in jobs] == began


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_at_most_so_many_run_at_once_and_no_fewer(limit: int) -> None:
    at_work = 0
    most = 0

    async def counts(transport: ScriptedTransport, job: Job) -> Events:
        nonlocal at_work, most
        at_work += 1
        most = max(most, at_work)
        for _ in range(20):
            await asyncio.sleep(0)
            yield Progressed(Progress("copy", 1, 2))
        at_work -= 1
        yield Completed(a_backup())

    process = Process(ScriptedTransport(), limit=limit)
    async with process as orchestrator:
        jobs = []
        for number in range(9):
            transport = ScriptedTransport(counts, database=f"db{number % 4}")
            jobs.append(await orchestrator.submit(Request(JobKind.CREATION), transport))
        await asyncio.gather(*(orchestrator.wait(job.id) for job in jobs))

    assert limit == most


async def test_one_at_a_time_holds_across_processes() -> None:
    world, clock = World(), JumpingClock()
    transport = ScriptedTransport()
    here = Process(transport, world, clock, shared=True)
    there = Process(transport, world, clock, shared=True)
    async with here as first, there as second:
        jobs = [await process.create() for process in (here, there, there, here)]
        ended = [await asyncio.gather(first.wait(job.id), second.wait(job.id)) for job in jobs]

    assert 1 == transport.most_at_work
    assert all(Outcome.COMPLETED == job.outcome for pair in ended for job in pair)


async def test_a_second_restoration_is_a_conflict_and_a_creation_waits() -> None:
    process = Process(ScriptedTransport(stops))
    async with process as orchestrator:
        first = await process.restore()
        waiting = await process.create()
        with pytest.raises(Conflict, match=first.id):
            await process.restore()
        await orchestrator.cancel(first.id)
        process.transport.scripts = [works]
        again = await process.restore()
        assert Outcome.COMPLETED == (await orchestrator.wait(again.id)).outcome
        assert (await orchestrator.job(waiting.id)).final


async def test_the_same_key_gives_the_same_job_and_another_request_is_a_conflict() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        first = await process.create(idempotency_key="k")
        again = await process.create(idempotency_key="k")
        await orchestrator.wait(first.id)
        after = await process.create(idempotency_key="k")
        with pytest.raises(Conflict, match="key 'k'"):
            await process.restore(idempotency_key="k")

    assert {first.id} == {again.id, after.id}
    assert 1 == sum(what[0] == "carry_out" for what in process.world.log)


async def test_the_same_key_of_another_backup_or_of_a_revert_is_a_conflict() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        first = await process.restore(idempotency_key="k")
        await orchestrator.wait(first.id)
        for other in ({"backup_id": "b2"}, {"backup_id": None, "undo_id": "u1"}):
            with pytest.raises(Conflict):
                await process.restore(idempotency_key="k", **other)


async def test_closing_cancels_what_runs_and_what_waits() -> None:
    process = Process(ScriptedTransport(stops))
    async with process:
        running, waiting = await process.create(), await process.create()
        await until(lambda: process.transport.at_work == 1)

    assert ["idle", "running", "cancelling", "done"] == await process.told(running.id)
    assert ["idle", "done"] == await process.told(waiting.id)
    assert 0 == process.transport.at_work


async def test_closing_leaves_a_detached_creation_unsettled_but_stops_its_work() -> None:
    process = Process(ScriptedTransport(stops))
    async with process:
        job = await process.create(detached=True)
        await until(lambda: process.transport.at_work == 1)

    assert ["idle", "running"] == await process.told(job.id)
    assert 0 == process.transport.at_work


async def test_finishing_lets_what_runs_end_and_takes_nothing_more() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        job = await process.create()
        await orchestrator.finish(60)

        assert Outcome.COMPLETED is (await orchestrator.job(job.id)).outcome
        with pytest.raises(InvalidRequest, match="closed"):
            await process.create()


async def test_finishing_cancels_what_takes_longer_and_its_watch_sees_the_end() -> None:
    process = Process(ScriptedTransport(stops))
    async with process as orchestrator:
        job = await process.create()
        seen = asyncio.create_task(_collect(await orchestrator.watch(job.id)))
        await until(lambda: process.transport.at_work == 1)
        await orchestrator.finish(5)

        assert Outcome.CANCELLED is (await seen)[-1].outcome


async def test_closing_ends_every_watch() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        watch = await orchestrator.watch_all()
        seen = asyncio.create_task(_collect(watch))
        job = await process.create()
        await orchestrator.wait(job.id)

    assert [JobState.IDLE, JobState.RUNNING, JobState.DONE] == [job.state for job in await seen]


async def test_what_is_closed_takes_nothing_more() -> None:
    process = Process(ScriptedTransport())
    async with process:
        pass
    with pytest.raises(InvalidRequest, match="closed"):
        await process.create()

    assert {} == process.world.kept


async def test_a_limit_of_none_is_refused() -> None:
    with pytest.raises(InvalidRequest, match="limit"):
        Process(ScriptedTransport(), limit=0)


async def test_ten_times_a_hundred_jobs_all_end() -> None:
    process = Process(ScriptedTransport(), limit=4)
    transports = [ScriptedTransport(database=f"db{number}") for number in range(10)]
    async with process as orchestrator:
        asked = [
            await orchestrator.submit(Request(JobKind.CREATION), transports[number % 10])
            for number in range(1000)
        ]
        ended = await asyncio.gather(*(orchestrator.wait(job.id) for job in asked))

    assert {Outcome.COMPLETED} == {job.outcome for job in ended}
    assert {1} == {transport.most_at_work for transport in transports}


async def _collect(watch: object) -> list[Job]:
    return [job async for job in watch]  # type: ignore[attr-defined]
