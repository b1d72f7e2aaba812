"""The contract of recovery: what the next process makes of a job whose process died."""

from __future__ import annotations

from contextlib import aclosing

import attrs

from ...core.job import Job, JobKind
from ...core.lifecycle import JobState, Outcome
from ...core.messages import Completed, Event, Failed, Interrupted
from ...core.operations import Operation
from .trial import Suite, Trial, is_offer, settles, tried


class Recovery(Suite):
    """Settling what was left; beginning nothing."""

    @tried
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

    @tried
    async def test_recovery_settles_a_restoration_that_was_broken_off(self, it: Trial) -> None:
        """Its process died at the first event, before any commit: the database is untouched."""
        if not await it.has(Operation.RESTORE):
            return
        backup = await it.backup()
        it.setting.edit()
        before = it.setting.content()
        for state, expected in ((JobState.RUNNING, JobState.FAILED), (JobState.CANCELLING, JobState.DONE)):
            job = it.job(JobKind.RESTORATION, backup_id=backup.id)
            job, event = await self._left(it, job, to_the_end=False)
            if settles(event):
                return  # it did everything before it told anything

            job = await self._recovered(it, attrs.evolve(job, state=state))

            assert expected is job.state
            assert before == it.setting.content()

    @tried
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

            job = await self._recovered(it, attrs.evolve(job, state=state))

            cancelled = job.outcome is Outcome.CANCELLED
            assert (state is JobState.CANCELLING) == cancelled, job
            assert (before if cancelled else backed_up) == it.setting.content()

    @tried
    async def test_recovery_finds_a_backup_that_was_published(self, it: Trial) -> None:
        """Its process died between publishing and telling: the creation is completed, with its Backup."""
        if not await it.has(Operation.CREATE_BACKUP):
            return
        job, event = await self._left(it, it.job(), to_the_end=True)
        listed = await it.listed()

        recovered = await self._recovered(it, job)

        assert isinstance(event, Completed)
        assert (Outcome.COMPLETED, event.backup) == (recovered.outcome, recovered.backup)
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
