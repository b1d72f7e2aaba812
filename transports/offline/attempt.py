"""One attempt at a job in the simulated world: how it goes, fails, hangs, drops out and is cancelled.

Knows the scenario, the world and an AlarmClock; nothing of the catalogue's calls or of who listens.
The world changes in its own `commit` and `undo` alone, so that it is whole wherever a stream is closed.
"""

from __future__ import annotations

from random import Random

import attrs

from ...core import errors
from ...core.errors import Problem
from ...core.job import Backup, Job, JobKind, Progress
from ...core.lifecycle import JobState
from ...core.messages import Cancelled, Completed, Event, Failed, Interrupted, Noted, Progressed
from ...core.operations import Operation
from ...core.ports import Events
from ..clock import AlarmClock
from .cancellation import NEVER, Cancellation
from .draws import stream
from .pace import labels, waits
from .parameters import problem
from .scenario import Scenario
from .world import OfflineWorld


@attrs.define
class _Course:
    """How an attempt will go, and how many progress events (`tick`) it has come past."""

    size: int
    pauses: list[float]
    phases: list[str]
    drop_at: int | None
    hang_at: int | None
    fail_at: int | None
    tick: int = 0

    def progress(self) -> Progress:
        """How far the work is at the event just reached."""
        done = self.size * self.tick // len(self.pauses)
        return Progress(self.phases[self.tick - 1], done, self.size)


class Attempt:
    """One attempt at `job`; while it is under way it can be asked to stop."""

    def __init__(self, job: Job, scenario: Scenario, world: OfflineWorld, clock: AlarmClock) -> None:
        self._job = job
        self._scenario = scenario
        self._world = world
        self._clock = clock
        self._work = world.work(job)
        self._cancellation = Cancellation(clock)
        self._connected_from = -NEVER

    def abort(self) -> None:
        """Acknowledge a cancel after the scenario's delay, counted from when it gets through."""
        if not self._scenario.complete_despite_cancel:
            self._cancellation.ask(self._scenario.cancel_delay, heard_from=self._connected_from)

    async def carry_out(self) -> Events:
        """Do the work and tell how it goes. Raises NotFound, and what the scenario refuses with."""
        self._work.attempts += 1
        if await self._cancellation.wait(self._latency()):
            yield Cancelled()
            return
        self._refuse()
        self._work.backup = self._subject()
        yield Noted("begun", backup=self._work.backup)
        course = self._course()
        while (end := await self._advance(course)) is None:
            if self._clock.monotonic() >= self._connected_from:
                yield Progressed(course.progress())
        taken = yield end
        if taken is False:
            yield await self._withdraw()

    async def settle(self) -> Events:
        """Tell how the work stands that another process left, and begin none."""
        await self._cancellation.wait(self._latency())
        end = self._standing()
        taken = yield end
        if taken is False:
            yield await self._withdraw()

    # -- the work ---------------------------------------------------------------------------

    def _course(self) -> _Course:
        plan = self._scenario
        phases = [(phase.name, phase.weight) for phase in plan.phases]
        return _Course(
            size=plan.size,
            pauses=waits(plan.curve, plan.ticks, plan.size / plan.rate, self._random("pace")),
            phases=labels(phases, plan.ticks),
            drop_at=self._tick(plan.drop_at),
            hang_at=self._tick(plan.hang_at),
            fail_at=self._tick(self._failure()),
        )

    async def _advance(self, course: _Course) -> Event | None:
        """Work up to the next progress event; what ends the attempt, if it comes first."""
        if course.tick == course.drop_at:
            self._connected_from = self._clock.monotonic() + self._scenario.drop_for
            if not self._scenario.reconnect:
                await self._connected()
                return Failed(Problem.of(errors.OutcomeUnknown(_LOST)))
        if course.tick == course.hang_at and await self._cancellation.wait(NEVER):
            return Cancelled()
        if course.tick == course.fail_at:
            await self._connected()
            return self._fault()
        if course.tick == len(course.pauses):
            return await self._finish()
        if await self._cancellation.wait(course.pauses[course.tick]):
            return Cancelled()
        course.tick += 1
        return None

    async def _finish(self) -> Event:
        """Make it true, unless a cancel came first."""
        await self._connected()
        if self._cancellation.due:
            return Cancelled()
        if self._scenario.corrupt_on_restore and self._job.kind is JobKind.RESTORATION:
            return Failed(Problem.of(errors.RepositoryCorrupt(_DAMAGED)))
        self._world.commit(self._job, self._scenario.size, self._clock.now())
        return self._completed()

    def _completed(self) -> Completed:
        restored = self._job.kind is JobKind.RESTORATION
        revocable = restored and not self._scenario.complete_despite_cancel
        return Completed(self._work.backup, self._work.undo, revocable)

    async def _withdraw(self) -> Cancelled:
        """The offer was declined: put back what was there."""
        self.abort()
        await self._cancellation.wait(NEVER)
        self._world.undo(self._job)
        return Cancelled()

    def _standing(self) -> Event:
        """How the work of a process that is gone stands."""
        cancelling = self._job.state is JobState.CANCELLING
        restored = self._job.kind is JobKind.RESTORATION
        if self._work.committed and not (cancelling and restored):
            return self._completed()
        if cancelling:
            self._world.undo(self._job)
            return Cancelled()
        if restored:
            return Failed(Problem.of(errors.WasInterrupted(_UNTOUCHED)))
        return Interrupted(Problem.of(errors.WasInterrupted(_UNFINISHED)))

    # -- what the scenario says ---------------------------------------------------------------

    def _met(self) -> bool:
        """Whether this attempt is one of those that meet a fault."""
        return not self._scenario.times or self._work.attempts <= self._scenario.times

    def _refuse(self) -> None:
        self._scenario.need(_operation(self._job))
        if self._scenario.refuse is not None and self._met():
            raise problem(
                self._scenario.refuse, "The offline service refused to start, as its scenario says."
            ).error()

    def _subject(self) -> Backup | None:
        if self._job.kind is JobKind.RESTORATION:
            return self._world.source(self._job)
        return self._work.backup or self._world.provisional(self._job.database, self._clock.now())

    def _failure(self) -> float | None:
        likely = stream(self._scenario.seed, "job", self._work.ordinal, "fails").random()
        return self._scenario.fail_at if likely < self._scenario.fail_chance and self._met() else None

    def _fault(self) -> Failed | Interrupted:
        fault = problem(self._scenario.fail, "The work failed, as its scenario says; nothing was changed.")
        return Interrupted(fault) if fault.temporary else Failed(fault)

    def _tick(self, fraction: float | None) -> int | None:
        """After which progress event `fraction` of the work is reached."""
        return None if fraction is None else int(fraction * self._scenario.ticks)

    def _latency(self) -> float:
        return self._scenario.latency + self._random("latency").uniform(0.0, self._scenario.jitter)

    def _random(self, purpose: str) -> Random:
        return stream(self._scenario.seed, "job", self._work.ordinal, self._work.attempts, purpose)

    async def _connected(self) -> None:
        while (left := self._connected_from - self._clock.monotonic()) > 0:
            await self._clock.sleep(left)


def _operation(job: Job) -> Operation:
    if job.kind is JobKind.CREATION:
        return Operation.CREATE_BACKUP
    return Operation.REVERT if job.reverts else Operation.RESTORE


_LOST = (
    "The connection was lost while the work was under way, and how that ended is not known; "
    "look at the database and at the list of backups."
)
_UNTOUCHED = "The process that restored ended first; the database is untouched. Start the restoration again."
_UNFINISHED = "The process that made the backup ended first, and nothing was published. Start it again."
_DAMAGED = "The backup is damaged in its store; the database is untouched. Restore another backup."
