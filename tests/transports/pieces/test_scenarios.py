"""What goes wrong in a served scenario for good, as the service's client hears it; the database is as it was.

What goes well in the end keeps the whole contract (test_contract.py).
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from reprieve.core.errors import (
    OutcomeUnknown,
    Problem,
    RepositoryCorrupt,
    ReprieveError,
    StorageFull,
    TransportError,
)
from reprieve.core.job import Job, JobKind
from reprieve.core.lifecycle import JobState, Outcome
from reprieve.core.messages import Cancel, Event, Progressed
from reprieve.core.reducer import reduce
from reprieve.transports.contract import Trial
from reprieve.transports.offline.parameters import Earlier
from reprieve.transports.offline.scenario import Scenario

from .services import simulated

KINDS = pytest.mark.parametrize("kind", JobKind)


@asynccontextmanager
async def trial(folder: Path, **scenario: object) -> AsyncIterator[Trial]:
    """A client's transport, opened on a service that has one earlier backup."""
    plan = Scenario.of({"size": 1_000_000, "ticks": 10, "backups": (Earlier(1.0, 10),), **scenario})
    async with simulated(plan, folder) as setting:
        transport = setting.transport()
        await transport.open()
        try:
            yield Trial(setting, transport)
        finally:
            await transport.close()


async def job_of(it: Trial, kind: JobKind) -> Job:
    """A job that makes a backup, or that restores the earlier one over what somebody wrote since."""
    it.setting.edit()
    (earlier,) = await it.listed()
    return it.job(kind, backup_id=earlier if kind is JobKind.RESTORATION else None)


async def problem_of(it: Trial, job: Job) -> Problem:
    """What a job fails of, whether that is told or raised; nothing has changed by it."""
    before = it.setting.content(), await it.listed()
    try:
        job, _ = await it.follow(job)
        assert JobState.FAILED is job.state
        assert job.error is not None
        problem = job.error
    except ReprieveError as error:
        problem = Problem.of(error)
    assert before == (it.setting.content(), await it.listed())
    return problem


async def cancelled_amid(it: Trial, job: Job) -> tuple[Job, list[Event]]:
    """A job that is cancelled once the service has told how far it is."""
    events = it.transport.carry_out(job)
    while not isinstance(event := await anext(events), Progressed):
        job, _ = reduce(job, event)
    job, _ = reduce(job, Cancel())
    await it.transport.abort(job)
    return await it.follow(job, events)


@KINDS
async def test_a_failure_is_told_as_what_it_is(kind: JobKind, tmp_path: Path) -> None:
    async with trial(tmp_path, fail_at=0.4, fail="storageFull") as it:
        problem = await problem_of(it, await job_of(it, kind))

    assert (StorageFull.kind, False) == (problem.kind, problem.temporary)


@KINDS
async def test_a_failure_that_stays_is_told_once_the_service_gives_up(kind: JobKind, tmp_path: Path) -> None:
    async with trial(tmp_path, fail_at=0.4, times=0) as it:
        problem = await problem_of(it, await job_of(it, kind))

    assert "as its scenario says" in problem.message


@KINDS
async def test_a_start_that_is_refused_begins_nothing(kind: JobKind, tmp_path: Path) -> None:
    """Of which kind that is, is asked of the Backup; a creation that is refused has none."""
    async with trial(tmp_path, refuse="storageFull", times=0) as it:
        problem = await problem_of(it, await job_of(it, kind))

    named = StorageFull.kind if kind is JobKind.RESTORATION else TransportError.kind
    assert (named, False) == (problem.kind, problem.temporary)
    assert "refused to start, as its scenario says" in problem.message


@KINDS
async def test_what_hangs_is_cancelled(kind: JobKind, tmp_path: Path) -> None:
    async with trial(tmp_path, hang_at=0.5) as it:
        job = await job_of(it, kind)
        before = it.setting.content(), await it.listed()

        job, _ = await cancelled_amid(it, job)

        assert Outcome.CANCELLED == job.outcome, job.error
        assert before == (it.setting.content(), await it.listed())


@KINDS
async def test_a_cancel_that_is_refused_fails_the_job(kind: JobKind, tmp_path: Path) -> None:
    async with trial(tmp_path, refuse_cancel="storageFull", hang_at=0.5) as it:
        job = await job_of(it, kind)
        before = it.setting.content(), await it.listed()

        job, _ = await cancelled_amid(it, job)

        assert job.error is not None
        assert StorageFull.kind == job.error.kind
        assert "refused to cancel" in job.error.message
        assert before == (it.setting.content(), await it.listed())


async def test_a_backup_that_is_damaged_is_told_as_that(tmp_path: Path) -> None:
    async with trial(tmp_path, corrupt_on_restore=True) as it:
        problem = await problem_of(it, await job_of(it, JobKind.RESTORATION))
        made = await it.backup()

        assert RepositoryCorrupt.kind == problem.kind
        assert made.id in await it.listed()


@KINDS
async def test_an_end_that_nobody_knows_is_told_as_that(kind: JobKind, tmp_path: Path) -> None:
    async with trial(tmp_path, drop_at=0.5, drop_for=1, reconnect=False) as it:
        problem = await problem_of(it, await job_of(it, kind))

    assert OutcomeUnknown.kind == problem.kind
