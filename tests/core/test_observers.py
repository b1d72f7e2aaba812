"""Observers: every change of state in order and none twice; progress at most ten times a second."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from itertools import pairwise

import attrs
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.job import Job, JobKind, Progress
from reprieve.core.lifecycle import JobState
from reprieve.core.messages import Completed, Noted, Progressed
from reprieve.core.observers import PAUSE, Watch
from reprieve.core.ports import Events
from reprieve.core.request import Request
from tests.core.doubles import BEGINNING, JumpingClock, Process, ScriptedTransport, World, a_backup, until


async def works_slowly(transport: ScriptedTransport, job: Job) -> Events:
    """A thousand progress messages in ten seconds."""
    for number in range(1000):
        await process_clock.sleep(0.01)
        yield Progressed(Progress("copy", number + 1, 1000))
    yield Completed(a_backup())


process_clock: JumpingClock


async def test_progress_comes_at_most_ten_times_a_second_and_the_last_is_exact() -> None:
    global process_clock
    process_clock = clock = JumpingClock(quiet_rounds=20)
    process = Process(ScriptedTransport(works_slowly), clock=clock)
    async with process as orchestrator:
        job = await process.create()
        seen = [(clock.monotonic(), one) async for one in await orchestrator.watch(job.id)]

    times = [at for at, one in seen if one.state is JobState.RUNNING and one.progress.done]
    assert 90 <= len(times) <= 101
    assert all(later - earlier >= PAUSE - 1e-9 for earlier, later in pairwise(times))
    percentages = [one.percentage for _, one in seen]
    assert sorted(percentages) == percentages
    assert (1000, 100.0, JobState.DONE) == (
        seen[-1][1].progress.done,
        seen[-1][1].percentage,
        seen[-1][1].state,
    )


async def test_every_observer_gets_every_change_in_order_at_its_own_speed() -> None:
    async def notes(transport: ScriptedTransport, job: Job) -> Events:
        for number in range(30):
            yield Noted(f"step {number}")
            yield Progressed(Progress("copy", number, 30))
        yield Completed(a_backup())

    process = Process(ScriptedTransport(notes))

    async def observe(pause: float) -> list[Job]:
        watch = await process.orchestrator.watch(job.id)
        seen = []
        async for one in watch:
            seen.append(one)
            await process.clock.sleep(pause)
        return seen

    async with process as orchestrator:
        job = await process.create()
        observers = [asyncio.create_task(observe(pause)) for pause in (0.0, 0.5, 60.0)]
        await orchestrator.wait(job.id)
        ended_at = process.clock.monotonic()
        everybody = await asyncio.gather(*observers)

    for seen in everybody:
        assert list(range(seen[0].version, 33)) == list(dict.fromkeys(one.version for one in seen))
        assert JobState.DONE == seen[-1].state
    assert ended_at < 30.0


async def test_one_that_breaks_off_or_never_reads_harms_nobody() -> None:
    process = Process(ScriptedTransport())
    async with process as orchestrator:
        first = await process.create()
        await orchestrator.watch(first.id)  # never read
        breaks_off = await orchestrator.watch_all()
        async for _ in breaks_off:
            orchestrator.unwatch(breaks_off)
            break
        await orchestrator.wait(first.id)
        second = await process.create()
        states = [one.state async for one in await orchestrator.watch(second.id)]
        rest = [one async for one in breaks_off]

    assert JobState.DONE == states[-1]
    assert not [one for one in rest if one.id == second.id]


async def test_a_late_observer_begins_with_how_the_job_stands_and_a_settled_one_ends_at_once() -> None:
    go_on = asyncio.Event()

    async def halfway(transport: ScriptedTransport, job: Job) -> Events:
        yield Progressed(Progress("copy", 50, 100))
        await go_on.wait()
        yield Completed(a_backup())

    process = Process(ScriptedTransport(halfway))
    async with process as orchestrator:
        job = await process.create()
        await until(lambda: orchestrator._runs[job.id].shown.percentage == 50.0)
        late = await orchestrator.watch(job.id)
        all_of_them = await orchestrator.watch_all(process.transport.database)
        nobodys = await orchestrator.watch_all("another")
        first, also = await anext(late), await anext(all_of_them)
        go_on.set()
        await orchestrator.wait(job.id)
        after = [one.state async for one in await orchestrator.watch(job.id)]

    assert (JobState.RUNNING, 50.0) == (first.state, first.percentage) == (also.state, also.percentage)
    assert [JobState.DONE] == after
    assert [] == [one async for one in nobodys]


async def test_changes_in_another_process_are_seen_in_order_and_once() -> None:
    world, clock = World(), JumpingClock()
    global process_clock
    process_clock = clock
    owner = Process(ScriptedTransport(works_slowly), world, clock, shared=True)
    other = Process(ScriptedTransport(), world, clock, shared=True)
    async with owner as here, other as there:
        job = await owner.create()
        seen = [one async for one in await there.watch(job.id)]
        await here.wait(job.id)

    versions = [one.version for one in seen]
    percentages = [one.percentage for one in seen]
    assert sorted(versions) == versions
    assert [0, 1, 2] == sorted(set(versions))
    assert sorted(percentages) == percentages
    assert 20 <= len(seen) <= 105
    told = Counter((one.version, one.progress.done) for one in seen)
    assert {1} == set(told.values())


async def test_many_jobs_share_a_watch_fairly() -> None:
    global process_clock
    process_clock = JumpingClock(quiet_rounds=20)
    process = Process(ScriptedTransport(), clock=process_clock, limit=3)
    async with process as orchestrator:
        watch = await orchestrator.watch_all()
        jobs = [
            await orchestrator.submit(
                Request(JobKind.CREATION), ScriptedTransport(works_slowly, database=f"db{number}")
            )
            for number in range(3)
        ]
        seen: dict[str, list[Job]] = defaultdict(list)
        async for one in watch:
            seen[one.id].append(one)
            if all(jobs[-1].final for jobs in seen.values()) and len(seen) == 3:
                break

    assert {job.id for job in jobs} == set(seen)
    assert all(90 <= len(one) <= 105 for one in seen.values())


@given(st.lists(st.tuples(st.integers(0, 4), st.booleans(), st.integers(0, 5)), max_size=30))
def test_whatever_is_offered_versions_never_fall_and_nothing_is_told_twice(
    offers: list[tuple[int, bool, int]],
) -> None:
    """Offers may come late, twice and out of order: from the journal, from a look, from the run."""

    async def tell() -> list[Job]:
        watch = Watch(JumpingClock())
        for version, changed, done in offers:
            watch.offer(attrs.evolve(A_JOB, version=version, progress=Progress("copy", done, 5)), changed)
        watch.close()
        return [job async for job in watch]

    told = asyncio.run(tell())
    changes = [job.version for job in told]

    assert sorted(changes) == changes
    assert len(told) == len({(job.version, job.progress.done) for job in told})
    offered = [version for version, changed, _ in offers if changed]
    assert (max(offered) if offered else None) == (changes[-1] if changes else None)


A_JOB = Job("j", JobKind.CREATION, "db", BEGINNING, JobState.RUNNING)
