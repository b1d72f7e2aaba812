"""The offline transport plays its scenario: exactly, repeatably, and with a world that stays whole."""

import asyncio
import subprocess
import sys

import attrs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reprieve.core.errors import (
    AuthenticationRequired,
    NotFound,
    OutcomeUnknown,
    RepositoryCorrupt,
    ReprieveError,
    Unreachable,
)
from reprieve.core.job import JobKind
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancelled, Completed, Event, Interrupted, Noted, Progressed
from reprieve.transports.contract import Setting, Trial
from reprieve.transports.offline.parameters import Earlier
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.offline.world import OfflineWorld

from . import traces
from .scenarios import SIMULATED
from .traces import library_trace, trace, trial

ONE_BACKUP = (Earlier(1.0, 1000),)


async def backup_id(it: Trial) -> str:
    (first, *_) = await it.transport.backups()
    return first.id


# -- properties ----------------------------------------------------------------------------------


@given(SIMULATED, st.sampled_from(JobKind), st.none() | st.integers(0, 20))
@settings(deadline=None)
def test_every_job_ends_and_leaves_the_world_whole(
    scenario: Scenario, kind: JobKind, cancel_at: int | None
) -> None:
    """Whatever goes wrong: the stream ends, its progress rises, and the content is the old or the new one."""

    async def main() -> None:
        it = trial(attrs.evolve(scenario, backups=scenario.backups or ONE_BACKUP, without=()))
        before, listed = it.setting.content(), await it.listed()
        job = it.job(kind, backup_id=listed[0] if kind is JobKind.RESTORATION else None)
        told: list[Event] = []
        try:
            job, told = await it.follow(job, cancel_at=cancel_at)
        except ReprieveError as error:
            assert scenario.refuse or scenario.refuse_cancel, error
        shares = [event.progress.done for event in told if isinstance(event, Progressed)]
        assert sorted(shares) == shares
        assert all(event.progress.total == scenario.size for event in told if isinstance(event, Progressed))
        made = job.outcome is Outcome.COMPLETED
        assert (made and kind is JobKind.RESTORATION) == (before != it.setting.content())
        assert len(listed) + (made and kind is JobKind.CREATION) == len(await it.listed())

    asyncio.run(main())


@given(SIMULATED)
@settings(deadline=None, max_examples=30)
def test_a_run_repeats_exactly(scenario: Scenario) -> None:
    scenario = attrs.evolve(scenario, without=())

    assert trace(scenario) == trace(scenario)


EVENTFUL = Scenario.of(
    {
        "seed": 7,
        "curve": "stalls",
        "jitter": 0.3,
        "fail_at": 0.5,
        "fail_chance": 0.5,
        "ticks": 9,
        "backups": 2,
    }
)


def test_a_run_repeats_exactly_in_another_process() -> None:
    script = [sys.executable, traces.__file__, EVENTFUL.url()]

    elsewhere = subprocess.run(script, capture_output=True, text=True, check=True).stdout

    here = trace(EVENTFUL) + library_trace(EVENTFUL)
    assert here == elsewhere.splitlines()
    assert len(here) > 60


def test_another_seed_is_another_run() -> None:
    traces = {"\n".join(trace(attrs.evolve(EVENTFUL, seed=seed))) for seed in range(10)}

    assert 10 == len(traces)


def test_what_a_job_meets_does_not_depend_on_who_else_runs() -> None:
    alone = trace(EVENTFUL, jobs=1)
    together = [line for line in trace(EVENTFUL, jobs=6) if line.startswith("0 ")]

    assert [line.split("backup=")[0] for line in alone] == [line.split("backup=")[0] for line in together]


# -- the script, point by point --------------------------------------------------------------------


async def test_progress_comes_in_phases_at_the_scripted_pace() -> None:
    it = trial(Scenario.of({"size": 1000, "rate": 100, "ticks": 5, "phases": "read:2,store:3"}))
    seen = []
    async for event in it.transport.carry_out(it.job()):
        if isinstance(event, Progressed):
            seen.append((it.setting.clock.monotonic(), event.progress.phase, event.progress.done))

    assert [
        (2, "read", 200),
        (4, "read", 400),
        (6, "store", 600),
        (8, "store", 800),
        (10, "store", 1000),
    ] == seen


async def test_a_temporary_failure_interrupts_and_the_next_attempt_goes_on_to_the_end() -> None:
    it = trial(Scenario(ticks=10, fail_at=0.4))
    job = it.job()

    _, first = await it.follow(job)
    ended, second = await it.follow(job)

    assert isinstance(first[-1], Interrupted)
    assert (True, 4) == (first[-1].problem.temporary, sum(isinstance(event, Progressed) for event in first))
    assert Outcome.COMPLETED == ended.outcome
    assert first[0] == second[0]


async def test_a_permanent_failure_fails_with_the_kind_it_was_given() -> None:
    it = trial(Scenario(fail_at=1, fail="storageFull", times=0))

    for _ in range(2):
        ended, told = await it.follow(it.job())
        assert ended.error is not None
        assert ("storageFull", 100) == (ended.error.kind, sum(isinstance(one, Progressed) for one in told))


async def test_some_jobs_fail_and_some_do_not() -> None:
    it = trial(Scenario(fail_at=0.5, fail="permanent", fail_chance=0.3, ticks=2, times=0))

    states = [(await it.follow(it.job()))[0].state for _ in range(200)]

    assert 30 < states.count(JobState.FAILED) < 90


@pytest.mark.parametrize(
    ("fault", "error"), [("temporary", Unreachable), ("authenticationRequired", AuthenticationRequired)]
)
async def test_a_refused_start_raises_before_any_event(fault: str, error: type[ReprieveError]) -> None:
    it = trial(Scenario(refuse=fault, times=2))
    job = it.job()

    for _ in range(2):
        with pytest.raises(error):
            await it.follow(job)
    ended, _ = await it.follow(job)

    assert Outcome.COMPLETED == ended.outcome


async def test_it_hangs_until_it_is_cancelled() -> None:
    it = trial(Scenario(hang_at=0.5, ticks=4, cancel_delay=2))
    job, told = it.job(), list[Event]()

    async def follow() -> None:
        async for event in it.transport.carry_out(job):
            told.append(event)

    task = asyncio.create_task(follow())
    await it.setting.clock.sleep(1e6)
    assert 3 == len(told)
    await it.transport.abort(job)
    await task

    assert Cancelled() == told[-1]
    assert 1e6 + 2 == it.setting.clock.monotonic()


async def test_a_cancel_is_acknowledged_late_and_the_work_goes_on_until_then() -> None:
    it = trial(Scenario(size=10, rate=1, ticks=10, cancel_delay=2.5))
    job, told = it.job(), list[tuple[float, Event]]()

    async def follow() -> None:
        async for event in it.transport.carry_out(job):
            told.append((it.setting.clock.monotonic(), event))

    task = asyncio.create_task(follow())
    await it.setting.clock.sleep(3.25)
    await it.transport.abort(job)
    await it.setting.clock.sleep(1)
    await it.transport.abort(job)
    await task

    assert [0, 1, 2, 3, 4, 5, 5.75] == [at for at, _ in told]
    assert Cancelled() == told[-1][1]


async def test_a_cancel_may_be_refused() -> None:
    it = trial(Scenario(refuse_cancel="unreachable"))

    with pytest.raises(Unreachable):
        await it.transport.abort(it.job())


async def test_a_dropped_connection_comes_back_and_the_job_is_where_it_would_be() -> None:
    it = trial(Scenario(size=10, rate=1, ticks=10, drop_at=0.3, drop_for=3.5))
    seen = []
    async for event in it.transport.carry_out(it.job()):
        if isinstance(event, Progressed):
            seen.append(it.setting.clock.monotonic())

    assert [1, 2, 3, 7, 8, 9, 10] == seen


async def test_a_job_that_ended_while_the_connection_was_gone_tells_so_when_it_is_back() -> None:
    it = trial(Scenario(size=10, rate=1, ticks=10, drop_at=0.9, drop_for=60))

    ended, _ = await it.follow(it.job())

    assert Outcome.COMPLETED == ended.outcome
    assert 69 == it.setting.clock.monotonic()


async def test_a_cancel_gets_through_when_the_connection_is_back() -> None:
    it = trial(Scenario(size=100, rate=1, ticks=10, drop_at=0.1, drop_for=20, cancel_delay=1))
    job = it.job()
    told: list[Event] = []

    async def follow() -> None:
        async for event in it.transport.carry_out(job):
            told.append(event)

    task = asyncio.create_task(follow())
    await it.setting.clock.sleep(15)
    await it.transport.abort(job)
    await task

    assert Cancelled() == told[-1]
    assert 31 == it.setting.clock.monotonic()


async def test_a_connection_that_is_lost_for_good_leaves_the_outcome_unknown() -> None:
    it = trial(Scenario(drop_at=0.5, reconnect=False))

    ended, _ = await it.follow(it.job())

    assert ended.error is not None
    assert OutcomeUnknown.kind == ended.error.kind


async def test_a_damaged_backup_is_noticed_before_anything_is_changed() -> None:
    it = trial(Scenario(corrupt_on_restore=True, backups=ONE_BACKUP))
    before = it.setting.content()

    ended, _ = await it.follow(it.job(JobKind.RESTORATION, backup_id=await backup_id(it)))
    created, _ = await it.follow(it.job())

    assert ended.error is not None
    assert RepositoryCorrupt.kind == ended.error.kind
    assert before == it.setting.content()
    assert Outcome.COMPLETED == created.outcome


async def test_every_call_takes_its_time() -> None:
    it = trial(Scenario(latency=0.5, jitter=0.25))
    clock, took = it.setting.clock, []
    for _ in range(50):
        began = clock.monotonic()
        await it.transport.backups()
        took.append(clock.monotonic() - began)

    assert 0.5 <= min(took) < max(took) <= 0.75
    assert 50 == len(set(took))


async def test_the_catalogue_at_the_beginning() -> None:
    it = trial(Scenario(backups=(Earlier(1.0, 10), Earlier(3.0, 30), Earlier(1.0, 20))))

    backups = await it.transport.backups()

    assert [30, 10, 20] == [backup.bytes for backup in backups]
    assert 3 == len({backup.id for backup in backups})
    assert "0.0.1_20251229T000000000Z" == backups[0].id


async def test_databases_of_one_world_do_not_see_each_other() -> None:
    clock = VirtualClock()
    world = OfflineWorld(Scenario(), clock.now())
    one, two = (OfflineTransport(Scenario(database=name), clock, world) for name in ("one", "two"))
    it = Trial(Setting(lambda: one, clock), one)
    backup = await it.backup()

    assert (backup,) == await one.backups()
    assert () == await two.backups()
    with pytest.raises(NotFound):
        await two.backup(backup.id)


async def test_a_backup_is_known_from_the_first_event_on() -> None:
    it = trial(Scenario())

    ended, told = await it.follow(it.job())

    assert isinstance(told[0], Noted)
    assert isinstance(told[-1], Completed)
    assert told[0].backup is not None
    assert told[-1].backup is not None
    assert told[0].backup.id == told[-1].backup.id
    assert (0, 64_000_000) == (told[0].backup.bytes, told[-1].backup.bytes)
    assert ended.backup == told[-1].backup


async def test_a_closed_stream_leaves_nothing_behind_that_moves_time() -> None:
    it = trial(Scenario())
    events = it.transport.carry_out(it.job())
    await it.advance(it.job(), events, to_the_end=False)

    await events.aclose()
    await it.setting.clock.sleep(1)

    assert 1 == it.setting.clock.monotonic()
