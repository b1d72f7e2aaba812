"""Pursuit: one job at a service, followed by this process from asking for it to its end.

What the journal is told decides what recovery may believe: ASKED before the service can have heard of the
job, BEGUN once it has said so. A connection that is lost in between is not made good by asking again, but
by looking at the job's status. Knows steps and our events; nothing of HTTP.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator
from contextlib import aclosing

from ...core.endings import abandoned
from ...core.errors import (
    JobCancelled,
    NotFound,
    OutcomeUnknown,
    Problem,
    RemoteProtocolError,
    ReprieveError,
    TimedOut,
    TransportError,
)
from ...core.job import Job, JobKind, Progress
from ...core.lifecycle import JobState
from ...core.messages import Cancelled, Completed, Event, Failed, Interrupted, Noted, Progressed
from ...core.ports import Clock, Events
from .client import Timeouts
from .models import Status
from .patience import POLL
from .work import Step, Steps, Work

log = logging.getLogger(__name__)

ASKED, BEGUN, REFUSED = "asked", "begun", "refused"
"""How far a job came at the service, as its journal has it; nothing noted is as good as REFUSED."""

FORGOTTEN = "The service does not know of it any more."

STOP_WITHIN = 10.0
"""Seconds that a service has to stop a job whose stream was closed."""


class Pursuit:
    """One attempt at `job`, which is `work` of a service; while it is under way it can be asked to stop."""

    def __init__(self, job: Job, work: Work, where: str, clock: Clock, timeouts: Timeouts) -> None:
        self._job = job
        self._work = work
        self._where = where
        self._clock = clock
        self._timeouts = timeouts
        self._until = None if timeouts.total is None else clock.monotonic() + timeouts.total
        self._named = False
        self._status = Status.UNKNOWN
        self._declined: Status | None = None
        self._begun = False
        self._under_way = False
        self._cancel_asked = job.state is JobState.CANCELLING
        self._next: asyncio.Future[Step] | None = None
        self._share = -1.0

    async def abort(self) -> None:
        """Cancel it at the service: now, or as soon as the service has said what there is to cancel."""
        self._cancel_asked = True
        if self._named:
            await self._cancel()

    async def carry_out(self) -> Events:
        """Ask for the job and tell how it goes. Raises what the service refuses it with."""
        if await self._goes_on():
            steps = self._looked_at()
        else:
            await self._work.look_first()
            yield Noted(ASKED)
            if self._cancel_asked:
                yield Cancelled()
                return
            steps = self._steps()
        try:
            self._under_way = True
            async with aclosing(self._told(steps)) as events:
                async for event in events:
                    yield event
        except TimedOut as error:
            await self._leave(steps)
            if not self._begun:
                raise self._unknown("The time for it was over before the service said anything.") from error
            raise
        finally:
            await self._leave(steps)

    async def recover(self) -> Events:
        """Tell how the job stands that another process asked for. Closing this stops nothing there."""
        if self._job.step == BEGUN:
            async with aclosing(self._recovered()) as events:
                async for event in events:
                    yield event
        elif self._job.step == ASKED:
            died = "The process that asked for it ended before it was answered."
            yield Failed(Problem.of(self._unknown(died)))
        elif self._cancel_asked:
            yield Cancelled()
        else:
            yield Failed(abandoned(self._job))

    async def _recovered(self) -> Events:
        try:
            await self._work.status()
        except NotFound:
            yield Failed(Problem.of(self._unknown(FORGOTTEN)))
            return
        self._under_way = True
        async with aclosing(self._told(self._looked_at())) as events:
            async for event in events:
                yield event

    # -- what there is to do ------------------------------------------------------------------

    async def _goes_on(self) -> bool:
        """Whether what an earlier attempt of this job began still goes on, or has completed."""
        if self._job.step == ASKED:
            raise self._unknown("It was asked for before, and the answer was lost.")
        if self._job.step != BEGUN:
            return False
        try:
            standing = await self._work.status()
        except NotFound:
            return False
        return standing.status not in (Status.FAILED, Status.CANCELED)

    # -- what is told ---------------------------------------------------------------------------

    async def _told(self, steps: Steps) -> Events:
        """The events of the steps, to the last. Raises what went wrong once the work may have begun."""
        try:
            while self._under_way:
                step = await self._step(steps)
                for event in self._events_of(step):
                    yield event
                if self._cancel_asked and self._named and self._under_way and self._status != self._declined:
                    await self._cancel()
        except ReprieveError as error:
            if self._begun or not error.temporary:
                raise
            self._under_way = False
            yield Noted(REFUSED)
            yield Interrupted(Problem.of(error))

    def _events_of(self, step: Step) -> Iterator[Event]:
        self._status = step.status
        if step.status.final:
            self._under_way = False
            yield self._end(step)
        elif step.named:
            self._named = True
            if step.ours and not self._begun:
                self._begun = True
                if self._job.step != BEGUN:
                    yield Noted(BEGUN, step.notes, step.backup)
            yield from self._progressed(step.progress)

    def _progressed(self, progress: Progress) -> Iterator[Progressed]:
        """Progress, but none that falls: a status may be older than what was told before."""
        share = progress.done / progress.total if progress.total > 0 else 0.0
        if self._share < share <= 1.0:
            self._share = share
            yield Progressed(progress)

    def _end(self, step: Step) -> Event:
        kind = self._job.kind
        if step.status is Status.COMPLETED and (step.backup or self._job.reverts):
            return Completed(step.backup, step.undo)
        if step.status is Status.COMPLETED:
            error: ReprieveError = RemoteProtocolError(
                f"{self._where} completed the {kind}, and names no Backup."
            )
        elif step.status is Status.FAILED:
            error = TransportError(f"{self._where} says that the {kind} failed, and not why; its log may.")
        elif self._cancel_asked:
            return Cancelled()
        else:
            error = JobCancelled(
                f"Somebody else cancelled the {kind} at {self._where}; everything is as before."
            )
        return Failed(step.problem or Problem.of(error))

    # -- where it comes from ----------------------------------------------------------------------

    async def _steps(self) -> Steps:
        """What the service tells; and if it stops telling before the end, what its status says."""
        try:
            async with aclosing(self._work.start()) as steps:
                async for step in steps:
                    yield step
                    if step.status.final:
                        return
        except ReprieveError as error:
            if not self._goes_on_after(error):
                self._under_way = isinstance(error, RemoteProtocolError)  # any other answer is its end
                raise
            log.info("job %s: its status is asked for from now on: %s", self._job.id, error)
        if not self._named:
            raise self._unknown("The service stopped telling before it said anything.")
        async with aclosing(self._looked_at()) as steps:
            async for step in steps:
                yield step

    def _goes_on_after(self, error: ReprieveError) -> bool:
        """Whether its status says more than `error` does, which ended what was told."""
        lost = error.temporary or isinstance(error, OutcomeUnknown)
        if self._begun:
            return lost or self._cancel_asked
        return self._named and self._cancel_asked and not lost  # the answer of what was cancelled is an error

    async def _looked_at(self) -> Steps:
        """What the job's status says, until its end. Raises OutcomeUnknown if the service stays away."""
        seen = self._clock.monotonic()
        while True:
            try:
                step = await self._work.status()
            except NotFound as error:
                raise self._unknown(FORGOTTEN) from error
            except TransportError as error:
                if not error.temporary:
                    raise
                if self._clock.monotonic() - seen >= self._timeouts.away:
                    raise self._unknown(str(error)) from error
            else:
                seen = self._clock.monotonic()
                yield step
                if step.status.final:
                    return
            await self._clock.sleep(POLL)

    async def _step(self, steps: Steps) -> Step:
        """The next step. It goes on being waited for when whoever called this waits no longer."""
        if self._next is None:
            self._next = asyncio.ensure_future(anext(steps))
        left = None if self._until is None else max(0.0, self._until - self._clock.monotonic())
        await asyncio.wait((self._next,), timeout=left)
        if not self._next.done():
            raise TimedOut(
                f"The {self._job.kind} at {self._where} took longer than {self._timeouts.total:g} s; "
                "it was asked to stop.",
                temporary=False,
            )
        step, self._next = self._next, None
        return step.result()

    # -- stopping -------------------------------------------------------------------------------

    async def _cancel(self) -> None:
        """Cancel it, however often the service has to be told. If that is too late, the steps say so.

        Raises OutcomeUnknown if the service stays away.
        """
        lost = None
        while self._under_way:
            try:
                status = self._status
                await self._work.cancel()
                self._declined = status  # or cancelled; the same answer would come until that changes
                return
            except TransportError as error:
                if not (error.temporary or isinstance(error, OutcomeUnknown)):
                    raise
                lost = self._clock.monotonic() if lost is None else lost
                if self._clock.monotonic() - lost >= self._timeouts.away:
                    raise self._unknown(str(error)) from error
                log.info("job %s: the cancel has to be given again: %s", self._job.id, error)
            await self._clock.sleep(POLL)

    async def _leave(self, steps: Steps) -> None:
        """Nobody listens any more: stop whatever still runs at the service, and hear nothing more."""
        self._until = None  # from here on STOP_WITHIN holds, also where the whole time is over
        try:
            if self._under_way and (self._begun or self._next is not None):
                async with asyncio.timeout(STOP_WITHIN):
                    await self._stop(steps)
        except (ReprieveError, TimeoutError) as error:
            log.warning("job %s: %s may go on with it: %s", self._job.id, self._where, error)
        finally:
            self._under_way = False
            if self._next is not None:
                self._next.cancel()
                await asyncio.wait((self._next,))
            await steps.aclose()

    async def _stop(self, steps: Steps) -> None:
        while not self._named:
            for _ in self._events_of(await self._step(steps)):
                continue
            if not self._under_way:
                return
        await self._work.cancel()
        await self._stopped()

    async def _stopped(self) -> None:
        """Until it has ended: a cancel may be answered before that."""
        try:
            while not (await self._work.status()).status.final:
                await self._clock.sleep(POLL)
        except NotFound:  # it has no status to go by: the answer stands
            return

    def _unknown(self, why: str) -> OutcomeUnknown:
        if self._job.kind is JobKind.CREATION:
            look = "look at its list of backups before you ask for another"
        else:
            look = "look at its database before you restore again"
        return OutcomeUnknown(f"{why} How the {self._job.kind} at {self._where} ended is not known; {look}.")
