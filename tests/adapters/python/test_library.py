"""The Python API over a scripted transport: iterate, await, cancel, and clear errors."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from reprieve import (
    InvalidRequest,
    Job,
    JobCancelled,
    JobFailed,
    JobKind,
    JobState,
    NotFound,
    Operation,
    Outcome,
    Problem,
    Progress,
    StorageError,
    TooLate,
    Unreachable,
    Unsupported,
    connect,
)
from reprieve.core.messages import Cancelled, Completed, Failed, Noted, Progressed
from reprieve.core.ports import Events
from tests.adapters.python.libraries import library
from tests.core.doubles import ScriptedTransport, a_backup, an_undo_copy, until


async def stops(transport: ScriptedTransport, job: Job) -> Events:
    yield Noted("begun", backup=a_backup("provisional"))
    yield Progressed(Progress("copy", 1, 4))
    await transport.aborted.wait()
    yield Cancelled()


async def published_under_another_id(transport: ScriptedTransport, job: Job) -> Events:
    yield Noted("begun", backup=a_backup("provisional"))
    yield Completed(a_backup("published"))


async def fails(transport: ScriptedTransport, job: Job) -> Events:
    yield Failed(Problem("badSource", "It is a folder."))


async def test_a_job_is_iterated_over_and_awaited_as_often_as_one_likes() -> None:
    transport = ScriptedTransport()
    async with library(transport) as lib:
        job = await lib.create_backup()
        states = [update.state async for update in job]
        again = [update.state async for update in job]
        backup = await job
        same = await job
        now = await job.now()

    assert [JobState.IDLE, JobState.RUNNING, JobState.DONE] == list(dict.fromkeys(states))
    assert [JobState.DONE] == again
    assert a_backup() == backup == same == now.backup
    assert [("transport", "open"), ("transport", "close")] == [
        what for what in transport.log if what[0] == "transport"
    ]


async def test_awaiting_a_failed_or_cancelled_job_says_so() -> None:
    async with library(ScriptedTransport(fails, stops)) as lib:
        failed = await lib.create_backup()
        with pytest.raises(JobFailed, match="It is a folder") as failure:
            await failed
        job = await lib.create_backup()
        await until(lambda: lib._transport.at_work == 1)  # type: ignore[attr-defined]
        ended = await job.cancel()
        with pytest.raises(JobCancelled) as cancel:
            await job
        settled = await job.settled()

    assert (Problem("badSource", "It is a folder."), failed.id) == (
        failure.value.problem,
        failure.value.job_id,
    )
    assert job.id == cancel.value.job_id
    assert Outcome.CANCELLED == ended.outcome == settled.outcome


async def test_leaving_the_block_cancels_what_runs_but_for_an_iteration_that_breaks_off() -> None:
    transport = ScriptedTransport(stops)
    async with library(transport) as lib:
        job = await lib.create_backup()
        async for update in job:
            if update.percentage:
                break
        running = await job.now()

    assert JobState.RUNNING == running.state
    assert 0 == transport.at_work
    assert ("abort", job.id, 3) in transport.log


async def test_restore_and_revert() -> None:
    async def gives_undo(transport: ScriptedTransport, job: Job) -> Events:
        yield Completed(a_backup(job.backup_id or "b0"), an_undo_copy("new"), revocable=True)

    async with library(ScriptedTransport(gives_undo)) as lib:
        restored = await (await lib.restore("b1"))
        left = await (await lib.revert())
        chosen = await lib.revert("u1")
        await chosen
        job = await chosen.now()
        with pytest.raises(NotFound, match="no undo copy u9"):
            await lib.revert("u9")
        with pytest.raises(NotFound, match="no backup b9"):
            await lib.restore("b9")
        status = await lib.restoration_status("b1")
        with pytest.raises(TooLate, match="revert"):
            await lib.cancel_restoration("b1")

    assert left is not None
    assert ("b1", "new") == (restored.id, left.id)
    assert ("u1", JobKind.RESTORATION, True) == (job.undo_id, job.kind, job.reverts)
    assert JobState.DONE == status.state


async def test_a_creation_is_known_by_both_ids_where_its_backup_is_published_under_another() -> None:
    async with library(ScriptedTransport(published_under_another_id)) as lib:
        job = await lib.create_backup()
        published = await job

        assert "published" == published.id
        for id in ("provisional", "published"):
            assert (job.id, published) == ((status := await lib.creation_status(id)).id, status.backup)


async def test_the_creation_of_a_backup_is_known_by_its_provisional_id() -> None:
    async with library(ScriptedTransport(stops)) as lib:
        job = await lib.create_backup()
        async for update in job:
            if update.backup:
                break
        status = await lib.creation_status("provisional")
        ended = await lib.cancel_creation("provisional")
        with pytest.raises(NotFound):
            await lib.creation_status("nonsense")

    assert job.id == status.id
    assert Outcome.CANCELLED == ended.outcome


async def test_jobs_can_be_listed_followed_watched_and_cancelled_by_id() -> None:
    async with library(ScriptedTransport(stops)) as lib:
        changes: list[Job] = []

        async def watch() -> None:
            async for change in lib.watch():
                changes.append(change)

        watching = asyncio.create_task(watch())
        await until(lambda: bool(lib._orchestrator._audience))
        job = await lib.create_backup(idempotency_key="k", speed=3)
        again = await lib.create_backup(idempotency_key="k")
        followed = await lib.follow(job.id)
        unsettled = await lib.jobs(unsettled=True)
        await lib.cancel(job.id)
        everything, none = await lib.jobs(), await lib.jobs(unsettled=True)
        with pytest.raises(JobCancelled):
            await followed
        with pytest.raises(NotFound):
            await lib.job("nonsense")
        with pytest.raises(NotFound):
            await lib.follow("nonsense")
    await watching

    assert job.id == again.id == followed.id
    assert [job.id] == [one.id for one in unsettled] == [one.id for one in everything]
    assert () == none
    assert {"speed": 3, "open_with": {"seed": 7}} == unsettled[0].options
    assert JobState.DONE == changes[-1].state


async def test_assets_need_an_id_and_without_any_the_database_is_backed_up() -> None:
    transport = ScriptedTransport()
    async with library(transport) as lib:
        kept = await lib.backup_asset({"id": "a"})
        several = await lib.backup_assets([{"id": "a"}, {"id": "b"}])
        assert (None, ()) == (await lib.backup_asset(), await lib.backup_assets())
        with pytest.raises(InvalidRequest, match="`id`"):
            await lib.backup_assets([{"id": "a"}, {"id": 7}])
        jobs = await lib.jobs()

    assert kept is not None
    assert ("a", ["a", "b"]) == (kept.id, [version.id for version in several])
    assert [Outcome.COMPLETED] * 2 == [job.outcome for job in jobs]


CALLS = {
    Operation.BACKUPS: (),
    Operation.BACKUP: ("b1",),
    Operation.CREATE_BACKUP: (),
    Operation.DELETE: ("b1",),
    Operation.BACKUP_ASSETS: ([],),
    Operation.BACKUP_ASSET: ({"id": "a"},),
    Operation.RESTORE: ("b1",),
    Operation.CANCEL_CREATION: ("b1",),
    Operation.CREATION_STATUS: ("b1",),
    Operation.CANCEL_RESTORATION: ("b1",),
    Operation.RESTORATION_STATUS: ("b1",),
    Operation.REVERT: (),
    Operation.UNDO_COPIES: (),
    Operation.FORGET_UNDO: ("u1",),
    Operation.ASSETS: (),
    Operation.ASSET: ("a",),
    Operation.ASSET_HISTORY: ("a",),
}


@pytest.mark.parametrize("operation", CALLS)
async def test_what_a_transport_does_not_have_is_unsupported(operation: Operation) -> None:
    transport = ScriptedTransport(operations=frozenset(Operation) - {operation})
    async with library(transport) as lib:
        with pytest.raises(Unsupported, match=f"'{operation}'"):
            await getattr(lib, operation)(*CALLS[operation])


async def test_a_library_whose_journal_does_not_open_lets_go_of_its_transport() -> None:
    transport = ScriptedTransport()
    lib = library(transport)

    async def refuse() -> None:
        raise Unreachable("No journal there.")

    lib._orchestrator.open = refuse  # type: ignore[method-assign]
    with pytest.raises(Unreachable):
        async with lib:
            pass

    assert [("transport", "open"), ("transport", "close")] == transport.log


async def test_leaving_does_not_wait_for_ever_for_work_that_ignores_a_cancel() -> None:
    async with connect("offline:?hang_at=0.5&complete_despite_cancel=true") as library:
        job = await library.create_backup()
        seen = 0.0
        async for update in job:
            seen = update.percentage
            if seen >= 50:
                break

    assert 50 <= seen < 100


async def test_what_is_recorded_is_played_again(tmp_path: Path) -> None:
    path = tmp_path / "recorded.json"

    async with connect("offline:?size=5000", record=path) as real:
        made = await (await real.create_backup())
    async with connect(f"offline:?replay={path}") as played:
        again = await (await played.create_backup())

    assert made == again


async def test_a_recording_that_cannot_be_written_is_met_before_anything_is_done(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="cannot be written"):
        async with connect("offline:", record=tmp_path / "no such folder" / "recorded.json"):
            raise AssertionError("It was opened.")
