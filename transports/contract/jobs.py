"""The contract of carrying jobs out: what they make, and how they are cancelled."""

from __future__ import annotations

from contextlib import aclosing
from datetime import timedelta

from ...core.errors import NotFound, Problem, ReprieveError
from ...core.job import Job, JobKind
from ...core.lifecycle import JobState, Outcome
from ...core.messages import Cancel, Cancelled, Completed, Progressed
from ...core.operations import Operation
from ...core.reducer import reduce
from .trial import UNKNOWN, Suite, Trial, is_offer, settles, tried


class Creations(Suite):
    """Making backups."""

    @tried
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

    @tried
    async def test_progress_is_within_its_total_and_never_falls(self, it: Trial) -> None:
        """What is done rises to what there is to do."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        _, told = await it.follow(it.job())

        progress = [event.progress for event in told if isinstance(event, Progressed)]
        shares = [one.done / one.total for one in progress if one.total]

        assert sorted(shares) == shares
        assert all(0 <= share <= 1 for share in shares)

    @tried
    async def test_each_backup_has_an_id_of_its_own_and_the_oldest_comes_first(self, it: Trial) -> None:
        """Two backups, one right after the other."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        before = await it.listed()

        first, second = await it.backup(), await it.backup()

        assert first.id != second.id
        assert first.timestamp < second.timestamp
        if await it.has(Operation.BACKUPS):
            assert [*before, first.id, second.id] == await it.listed()

    @tried
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


class Restorations(Suite):
    """Putting backups back, and going back from there."""

    @tried
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

    @tried
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

    @tried
    async def test_restoring_what_does_not_exist_fails_and_changes_nothing(self, it: Trial) -> None:
        """NotFound, raised out of the stream or told as Failed."""
        if not await it.has(Operation.RESTORE):
            return
        before = it.setting.content()

        problem = await _trouble(it, it.job(JobKind.RESTORATION, backup_id=UNKNOWN))

        assert NotFound.kind == problem.kind
        assert before == it.setting.content()


class Cancelling(Suite):
    """Stopping, wherever the work is."""

    @tried
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

    @tried
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

    @tried
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
            _, event = await it.advance(job, events, to_the_end=True)
            assert isinstance(event, Completed)
            if is_offer(event):
                event = await events.asend(False)
                while not settles(event):
                    event = await anext(events)
                assert isinstance(event, Cancelled)
                assert before == it.setting.content()

    @tried
    async def test_aborting_is_idempotent(self, it: Trial) -> None:
        """Twice during the work, once after it, and for a job that never began."""
        if not (await it.has(Operation.CREATE_BACKUP) and await it.has(Operation.CANCEL)):
            return
        job = it.job()
        events = it.transport.carry_out(job)
        job, event = await it.advance(job, events, to_the_end=False)
        job, _ = reduce(job, Cancel())

        await it.transport.abort(job)
        await it.transport.abort(job)
        if not settles(event):
            job, told = await it.follow(job, events)
            event = told[-1]
        await it.transport.abort(job)
        await it.transport.abort(it.job())

        assert isinstance(event, Cancelled | Completed)

    @tried
    async def test_a_stream_that_is_closed_stops(self, it: Trial) -> None:
        """Nothing is published and nothing changed, and the next job goes its way."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        before, listed = it.setting.content(), await it.listed()
        job = it.job()
        events = it.transport.carry_out(job)

        _, event = await it.advance(job, events, to_the_end=False)
        await events.aclose()
        await it.backup()

        if Operation.BACKUPS in it.transport.operations:
            made = 2 if settles(event) else 1
            assert len(listed) + made == len(await it.listed())
        assert before == it.setting.content()


async def _trouble(it: Trial, job: Job) -> Problem:
    try:
        job, _ = await it.follow(job)
    except ReprieveError as error:
        return Problem.of(error)
    assert job.error is not None, "The job must fail."
    return job.error
