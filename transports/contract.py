"""The contract of a transport, as tests: whoever writes one subclasses TransportContract and runs it.

    class TestMine(TransportContract):
        @asynccontextmanager
        async def setting(self, folder: Path) -> AsyncIterator[Setting]:
            yield Setting(lambda: MyTransport(folder / "my.db"), RealClock())

Every MUST of core/ports.py is a test here. Nothing is skipped: of an operation that a transport does not
have, the same test asks that it raises Unsupported. It needs pytest and no plugin of it. It knows the core
and its ports, and no transport.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AbstractAsyncContextManager, aclosing
from datetime import timedelta
from pathlib import Path
from typing import Any

import attrs
import pytest

from ..core.errors import InvalidRequest, NotFound, Problem, ReprieveError
from ..core.job import Job, JobKind
from ..core.lifecycle import JobState, Outcome
from ..core.messages import Cancel, Cancelled, Event, Failed, Interrupted, Progressed
from ..core.operations import Operation
from ..core.reducer import reduce
from .trial import CALLS, UNKNOWN, Setting, Trial, is_offer

__all__ = ["Setting", "TransportContract", "Trial"]

DEADLINE = 60.0
"""Real seconds after which a test gives up on a transport that hangs."""


def _tried(test: Callable[[Any, Trial], Coroutine[Any, Any, None]]) -> Callable[[Any, Path], None]:
    """A test that pytest can call without any plugin: in a loop of its own, on a transport opened for it."""

    async def opened(suite: TransportContract, folder: Path) -> None:
        async with asyncio.timeout(DEADLINE), suite.setting(folder) as setting:
            transport = setting.transport()
            await transport.open()
            try:
                await test(suite, Trial(setting, transport))
            finally:
                await transport.close()

    def run(self: TransportContract, tmp_path: Path) -> None:
        asyncio.run(opened(self, tmp_path))

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


class TransportContract:
    """What every transport must do. Subclass it as `Test…` and say in `setting` what to try."""

    def setting(self, folder: Path) -> AbstractAsyncContextManager[Setting]:
        """A fresh database, store and clock; `folder` is empty and this test's own."""
        raise NotImplementedError

    # -- what it is -------------------------------------------------------------------------

    @_tried
    async def test_it_says_what_it_can_and_whose_it_is(self, it: Trial) -> None:
        """Every operation is one of the table; the database's name stays the same."""
        assert it.transport.operations <= frozenset(Operation)
        assert it.transport.database
        assert it.setting.transport().database == it.transport.database

    @_tried
    async def test_what_it_does_not_have_raises_unsupported(self, it: Trial) -> None:
        """Calling an operation that was not declared raises Unsupported."""
        lacking = [operation for operation in CALLS if operation not in it.transport.operations]

        assert [] == [operation for operation in lacking if await it.has(operation)]

    # -- creations --------------------------------------------------------------------------

    @_tried
    async def test_a_creation_publishes_its_backup(self, it: Trial) -> None:
        """It ends as Completed; the backup that was told is the one that is listed."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        before = it.setting.content()

        backup = await it.backup()

        assert f"{backup.version}_{backup.timestamp}" == backup.id
        assert it.transport.database == backup.database
        assert timedelta(0) == backup.created.utcoffset()
        assert backup.bytes > 0
        assert before == it.setting.content()
        if await it.has(Operation.BACKUPS):
            assert (backup,) == (await it.transport.backups())[-1:]
        if await it.has(Operation.BACKUP):
            assert backup == await it.transport.backup(backup.id)

    @_tried
    async def test_progress_is_within_its_total_and_never_falls(self, it: Trial) -> None:
        """What is done rises to what there is to do."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        _, told = await it.follow(it.job())

        progress = [event.progress for event in told if isinstance(event, Progressed)]
        shares = [one.done / one.total for one in progress if one.total]

        assert sorted(shares) == shares
        assert all(0 <= share <= 1 for share in shares)

    @_tried
    async def test_each_backup_has_an_id_of_its_own_and_the_oldest_comes_first(self, it: Trial) -> None:
        """Two backups, one right after the other."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        before = await it.listed()

        first, second = await it.backup(), await it.backup()

        assert first.id != second.id
        assert first.created < second.created
        if await it.has(Operation.BACKUPS):
            assert [*before, first.id, second.id] == await it.listed()

    @_tried
    async def test_what_was_published_is_there_for_the_next_process(self, it: Trial) -> None:
        """Another transport on the same store lists the same backups."""
        if not (await it.has(Operation.CREATE_BACKUP) and await it.has(Operation.BACKUPS)):
            return
        await it.backup()

        other = it.setting.transport()
        await other.open()
        try:
            assert await it.transport.backups() == await other.backups()
        finally:
            await other.close()

    # -- restorations -----------------------------------------------------------------------

    @_tried
    async def test_a_restoration_puts_the_backup_back(self, it: Trial) -> None:
        """The content is what was backed up; what it replaced is kept as an undo copy."""
        if not await it.has(Operation.RESTORE):
            return
        backed_up = it.setting.content()
        backup = await it.backup()
        it.setting.edit()
        job = it.job(JobKind.RESTORATION, backup_id=backup.id)

        ended, _ = await it.follow(job)

        assert Outcome.COMPLETED == ended.outcome
        assert backup == ended.backup
        assert backed_up == it.setting.content()
        if await it.has(Operation.UNDO_COPIES):
            (undo, *_) = await it.transport.undo_copies()
            assert (job.id, it.transport.database) == (undo.job, undo.database)
            assert undo == ended.undo

    @_tried
    async def test_a_revert_brings_back_what_was_replaced(self, it: Trial) -> None:
        """And keeps, as an undo copy of its own, what it replaced in turn."""
        if not (await it.has(Operation.REVERT) and await it.has(Operation.RESTORE)):
            return
        backup = await it.backup()
        it.setting.edit()
        before = it.setting.content()
        undo = await it.restore(backup)
        restored = it.setting.content()

        ended, _ = await it.follow(it.job(JobKind.RESTORATION, undo_id=undo.id))

        assert Outcome.COMPLETED == ended.outcome
        assert before == it.setting.content()
        assert ended.undo is not None
        await it.follow(it.job(JobKind.RESTORATION, undo_id=ended.undo.id))
        assert restored == it.setting.content()

    @_tried
    async def test_restoring_what_does_not_exist_fails_and_changes_nothing(self, it: Trial) -> None:
        """NotFound, raised out of the stream or told as Failed."""
        if not await it.has(Operation.RESTORE):
            return
        before = it.setting.content()

        problem = await _trouble(it, it.job(JobKind.RESTORATION, backup_id=UNKNOWN))

        assert NotFound.kind == problem.kind
        assert before == it.setting.content()

    # -- cancelling -------------------------------------------------------------------------

    @_tried
    async def test_a_cancelled_creation_publishes_nothing(self, it: Trial) -> None:
        """Wherever the cancel comes: it ends as Cancelled and nothing was made, or it came too late."""
        if not (await it.has(Operation.CREATE_BACKUP) and await it.has(Operation.CANCEL)):
            return
        for cancel_at in (0, 1, 2, 5):
            before = await it.listed()

            ended, _ = await it.follow(it.job(), cancel_at=cancel_at)

            assert ended.state is JobState.DONE, ended.error
            made = 1 if ended.outcome is Outcome.COMPLETED else 0
            if Operation.BACKUPS in it.transport.operations:
                assert len(before) + made == len(await it.listed())

    @_tried
    async def test_a_cancelled_restoration_leaves_the_original(self, it: Trial) -> None:
        """Wherever the cancel comes: the original is back, or it came too late and is said to have."""
        if not (await it.has(Operation.RESTORE) and await it.has(Operation.CANCEL)):
            return
        backed_up = it.setting.content()
        backup = await it.backup()
        for cancel_at in (0, 1, 2, 5):
            it.setting.edit()
            before = it.setting.content()

            ended, _ = await it.follow(it.job(JobKind.RESTORATION, backup_id=backup.id), cancel_at=cancel_at)

            assert ended.state is JobState.DONE, ended.error
            cancelled = ended.outcome is Outcome.CANCELLED
            assert (before if cancelled else backed_up) == it.setting.content()

    @_tried
    async def test_an_offer_that_is_declined_is_undone(self, it: Trial) -> None:
        """A cancel that came just before the commit was recorded: the original comes back."""
        if not await it.has(Operation.RESTORE):
            return
        backup = await it.backup()
        it.setting.edit()
        before = it.setting.content()
        job = it.job(JobKind.RESTORATION, backup_id=backup.id)
        events = it.transport.carry_out(job)

        async with aclosing(events):
            job, event = await it.advance(job, events, to_the_end=True)
            assert job.outcome is Outcome.COMPLETED, job.error
            if is_offer(event):
                assert Cancelled() == await events.asend(False)
                assert before == it.setting.content()

    @_tried
    async def test_aborting_is_idempotent(self, it: Trial) -> None:
        """Twice during the work, once after it, and for a job that never began."""
        if not (await it.has(Operation.CREATE_BACKUP) and await it.has(Operation.CANCEL)):
            return
        job = it.job()
        events = it.transport.carry_out(job)
        job, _ = await it.advance(job, events, to_the_end=False)

        if not job.final:
            job, _ = reduce(job, Cancel())
        await it.transport.abort(job)
        await it.transport.abort(job)
        if not job.final:
            job, _ = await it.follow(job, events)
        await it.transport.abort(job)
        await it.transport.abort(it.job())

        assert job.state is JobState.DONE

    @_tried
    async def test_a_stream_that_is_closed_stops(self, it: Trial) -> None:
        """Nothing is published and nothing changed, and the next job goes its way."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        before, listed = it.setting.content(), await it.listed()
        job = it.job()
        events = it.transport.carry_out(job)

        job, _ = await it.advance(job, events, to_the_end=False)
        await events.aclose()
        await it.backup()

        if Operation.BACKUPS in it.transport.operations:
            made = 2 if job.final else 1
            assert len(listed) + made == len(await it.listed())
        assert before == it.setting.content()

    # -- recovery ---------------------------------------------------------------------------

    @_tried
    async def test_recovery_starts_nothing_that_had_not_begun(self, it: Trial) -> None:
        """A job of which there is no trace fails; or is cancelled, if it was to be."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        before, listed = it.setting.content(), await it.listed()

        left, cancelling = it.job(), attrs.evolve(it.job(), state=JobState.CANCELLING)
        _, told = await it.follow(left, it.transport.recover(left))
        ended, _ = await it.follow(cancelling, it.transport.recover(cancelling))

        assert isinstance(told[-1], Failed | Interrupted)
        assert Outcome.CANCELLED == ended.outcome
        assert listed == await it.listed()
        assert before == it.setting.content()

    @_tried
    async def test_recovery_settles_a_restoration_that_was_broken_off(self, it: Trial) -> None:
        """Its process died at the first event, before any commit: the database is untouched."""
        if not await it.has(Operation.RESTORE):
            return
        backup = await it.backup()
        it.setting.edit()
        before = it.setting.content()
        for state, expected in ((JobState.RUNNING, JobState.FAILED), (JobState.CANCELLING, JobState.DONE)):
            job = it.job(JobKind.RESTORATION, backup_id=backup.id)
            job, _ = await self._left(it, job, to_the_end=False)
            if job.final:
                return  # it did everything before it told anything

            job = await self._recovered(it, attrs.evolve(job, state=state))

            assert expected is job.state
            assert before == it.setting.content()

    @_tried
    async def test_recovery_settles_a_restoration_that_had_committed(self, it: Trial) -> None:
        """Its process died at the offer: the job completes, or is undone if it was to be cancelled."""
        if not await it.has(Operation.RESTORE):
            return
        backed_up = it.setting.content()
        backup = await it.backup()
        for state in (JobState.RUNNING, JobState.CANCELLING):
            it.setting.edit()
            before = it.setting.content()
            job = it.job(JobKind.RESTORATION, backup_id=backup.id)
            job, event = await self._left(it, job, to_the_end=True)
            if not is_offer(event):
                return

            job = await self._recovered(it, attrs.evolve(job, state=state, outcome=None))

            cancelled = job.outcome is Outcome.CANCELLED
            assert (state is JobState.CANCELLING) == cancelled, job
            assert (before if cancelled else backed_up) == it.setting.content()

    @_tried
    async def test_recovery_finds_a_backup_that_was_published(self, it: Trial) -> None:
        """Its process died between publishing and telling: the creation is completed, with its Backup."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        job, _ = await self._left(it, it.job(), to_the_end=True)
        listed = await it.listed()

        recovered = await self._recovered(it, attrs.evolve(job, state=JobState.RUNNING, outcome=None))

        assert Outcome.COMPLETED == recovered.outcome
        assert job.backup == recovered.backup
        assert listed == await it.listed()

    async def _left(self, it: Trial, job: Job, *, to_the_end: bool) -> tuple[Job, Event]:
        """A job whose process stopped following it at its first event, or at its last."""
        events = it.transport.carry_out(job)
        async with aclosing(events):
            return await it.advance(job, events, to_the_end=to_the_end)

    async def _recovered(self, it: Trial, job: Job) -> Job:
        """The job after another process has settled it."""
        other = it.setting.transport()
        await other.open()
        try:
            events = other.recover(job)
            job, told = await it.follow(job, events)
        finally:
            await other.close()
        if isinstance(told[-1], Interrupted):
            job = attrs.evolve(job, state=JobState.FAILED)
        return job

    # -- the catalogue ----------------------------------------------------------------------

    @_tried
    async def test_a_deleted_backup_is_hidden(self, it: Trial) -> None:
        """It is neither listed nor found, cannot be restored, nor deleted twice."""
        if not (await it.has(Operation.DELETE) and await it.has(Operation.CREATE_BACKUP)):
            return
        kept, hidden = await it.backup(), await it.backup()

        await it.transport.delete(hidden.id)

        if await it.has(Operation.BACKUPS):
            assert kept.id in await it.listed()
            assert hidden.id not in await it.listed()
        if await it.has(Operation.BACKUP):
            with pytest.raises(NotFound):
                await it.transport.backup(hidden.id)
        with pytest.raises(NotFound):
            await it.transport.delete(hidden.id)

    @_tried
    async def test_what_is_unknown_is_not_found(self, it: Trial) -> None:
        """Backups, undo copies and documents that never were."""
        for operation in (
            Operation.BACKUP,
            Operation.DELETE,
            Operation.FORGET_UNDO,
            Operation.ASSET,
            Operation.ASSET_HISTORY,
        ):
            if await it.has(operation):
                with pytest.raises(NotFound):
                    await CALLS[operation](it)

    @_tried
    async def test_undo_copies_come_newest_first_and_can_be_forgotten(self, it: Trial) -> None:
        """What is forgotten is gone; the others stay."""
        if not (await it.has(Operation.UNDO_COPIES) and await it.has(Operation.FORGET_UNDO)):
            return
        if not await it.has(Operation.RESTORE):
            return
        backup = await it.backup()
        it.setting.edit()
        first = await it.restore(backup)
        it.setting.edit()
        second = await it.restore(backup)

        listed = await it.transport.undo_copies()
        await it.transport.forget_undo(second.id)

        assert (second, first) == listed[:2]
        assert listed[1:] == await it.transport.undo_copies()
        with pytest.raises(NotFound):
            await it.transport.forget_undo(second.id)

    # -- documents --------------------------------------------------------------------------

    @_tried
    async def test_a_document_is_kept_whole_in_each_of_its_versions(self, it: Trial) -> None:
        """Parts that nobody here knows included."""
        if not (await it.has(Operation.BACKUP_ASSETS) and await it.has(Operation.ASSET)):
            return
        first = {"id": "snippet-1", "name": "größer", "parts": [1, 2.5, None, {"deep": [True, "\u2028"]}]}
        second = {**first, "parts": []}

        (one,) = await it.transport.keep_assets((first,))
        (two,) = await it.transport.keep_assets((second,))

        assert ("snippet-1", 1, 2) == (one.id, one.version, two.version)
        assert second == await it.transport.asset("snippet-1")
        assert first == await it.transport.asset("snippet-1", 1)
        assert second == await it.transport.asset("snippet-1", 2)
        with pytest.raises(NotFound):
            await it.transport.asset("snippet-1", 3)
        if await it.has(Operation.ASSET_HISTORY):
            assert (one, two) == await it.transport.asset_history("snippet-1")

    @_tried
    async def test_the_newest_version_of_every_document_is_listed_by_id(self, it: Trial) -> None:
        """Several at once, in any order."""
        if not (await it.has(Operation.BACKUP_ASSETS) and await it.has(Operation.ASSETS)):
            return
        await it.transport.keep_assets(({"id": "b"}, {"id": "a"}))
        await it.transport.keep_assets(({"id": "b", "more": 1},))

        assert [("a", 1), ("b", 2)] == [(one.id, one.version) for one in await it.transport.assets()]

    @_tried
    async def test_a_document_without_an_id_is_refused_and_nothing_is_kept(self, it: Trial) -> None:
        """Nor is what was given beside it."""
        if not await it.has(Operation.BACKUP_ASSETS):
            return
        for wrong in ({"name": "anonymous"}, {"id": 7}, {"id": ""}):
            with pytest.raises(InvalidRequest):
                await it.transport.keep_assets(({"id": "fine"}, wrong))

        if await it.has(Operation.ASSETS):
            assert () == await it.transport.assets()


async def _trouble(it: Trial, job: Job) -> Problem:
    try:
        job, _ = await it.follow(job)
    except ReprieveError as error:
        return Problem.of(error)
    assert job.error is not None, "The job must fail."
    return job.error
