"""Run: one job under way.

`take` decides at once (reduce) and never waits, so decisions are atomic without locks and an illegal
command raises where it was given. What was decided leaves in order through one outbox: durable in
the journal first, then told to observers, then its effects are asked of the transport. Progress
is not journalled; it is told when no change of state is on its way. Knows ports, never their implementations.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from random import Random
from typing import Any

import attrs

from .errors import (
    IllegalTransition,
    NotFound,
    OutcomeUnknown,
    OwnershipLost,
    Problem,
    RemoteProtocolError,
    ReprieveError,
)
from .job import Job
from .lifecycle import JobState, Outcome
from .messages import (
    Abort,
    Begin,
    Cancel,
    Cancelled,
    Completed,
    Effect,
    Event,
    Failed,
    Interrupted,
    Message,
    Progressed,
    Recover,
    Start,
    StartAgain,
    ends_stream,
)
from .ports import Claim, Clock, Entry, Events, JournalStore, Transport
from .reducer import reduce
from .retry import RetryPolicy
from .tasks import end_task, only_cancelled_by_us

log = logging.getLogger(__name__)

Publish = Callable[[Job, bool], None]
"""Told every job as it became, and whether its state (or what is known of it) changed."""

Ask = Callable[[Job], Events]
"""What a transport is asked to do with a job: carry it out, or recover it."""

SETTLE_AFTER = 1.0
"""Seconds until a journal that failed, or a recovery that could not be made, is tried again."""

_SILENCE = (
    "The transport stopped telling without saying how the job ended; look at the database and the backups."
)


@attrs.frozen
class Surroundings:
    """What all runs of one orchestrator share.

    `listen` takes the cancels that other processes asked for; a run calls it before it offers a commit.
    """

    journal: JournalStore
    clock: Clock
    retry: RetryPolicy
    random: Random
    publish: Publish
    listen: Callable[[], Awaitable[None]]


@attrs.frozen
class _Decided:
    entry: Entry
    effects: tuple[Effect, ...]


class Run:
    """One job under way, in the process that owns it.

    `job` is the job as decided; `told` as last made durable. `ended` is set once `told` is final or
    `lost` says why this process can no longer speak for the job, or cannot now. When the journal has
    failed, the run is in doubt, and decides nothing until it knows what was recorded.
    """

    def __init__(self, job: Job, claim: Claim, transport: Transport | None, around: Surroundings) -> None:
        self.job = job
        self.told = job
        self.lost: ReprieveError | None = None
        self.recovers = False
        self.ended = asyncio.Event()
        self.claim = claim
        self._transport = transport
        self._around = around
        self._outbox: deque[_Decided] = deque()
        self._in_doubt = False
        self._unconfirmed: tuple[_Decided, ...] = ()
        self._wake = asyncio.Event()
        self._durable = asyncio.Event()
        self._durable.set()
        self._interference: Exception | None = None
        self._stream: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._trouble: Problem | None = None
        self._cancelled = False

    @property
    def shown(self) -> Job:
        """The job as observers may know it: durable, with the newest progress."""
        return self.told if self._outbox else self.job

    def take(self, message: Message) -> Job:
        """Decide what `message` makes of the job. Raises IllegalTransition, changing nothing.

        While the run is in doubt a cancel is only remembered.
        """
        if self._in_doubt and isinstance(message, Cancel):
            self._cancelled = True
            return self.job
        if isinstance(message, Progressed):
            self.job, _ = reduce(self.job, message)
            if not self._outbox:
                self._tell_progress()
            return self.job
        if message.at is None:
            message = attrs.evolve(message, at=self._around.clock.now())
        before = self.job
        self.job, effects = reduce(before, message)
        if self.job is not before:
            self._outbox.append(_Decided(Entry(self.job, message), effects))
            self._durable.clear()
            self._wake.set()
        return self.job

    def recover(self) -> None:
        """Settle a job that was taken over from a process that is gone."""
        self._perform(Recover())

    def give_up(self, problem: Problem, *, cancelled: bool) -> None:
        """Settle a job that waited when its process ended: it fails for `problem`, unless cancelled."""
        self.recovers = True
        self._trouble, self._cancelled = problem, cancelled
        self._settle()

    async def drive(self) -> Job:
        """Make decided things durable, told and done, until the job is settled.

        Raises OwnershipLost once another process has the job.
        """
        try:
            while not self.told.final:
                await self._wake.wait()
                self._wake.clear()
                try:
                    self._heed_interference()
                    await self._release()
                except OwnershipLost:
                    raise
                except Exception as error:  # whatever a journal throws, its job must end
                    await self._start_over(error)
            self.ended.set()
            if self._stream:
                await asyncio.wait((self._stream,))  # it clears away what recovery would have needed
            return self.told
        except OwnershipLost as error:
            self.lost = error
            raise
        finally:
            self.ended.set()
            await self._stop()

    def interfere(self, error: Exception) -> None:
        """The journal raised `error` for this job: OwnershipLost ends the run, all else the attempt."""
        self._interference = error
        self._wake.set()

    # -- the way out ------------------------------------------------------------------------

    def _heed_interference(self) -> None:
        error, self._interference = self._interference, None
        if error:
            raise error

    async def _release(self) -> None:
        while self._outbox:
            batch = tuple(self._outbox)
            await self._around.journal.append(self.claim, tuple(decided.entry for decided in batch))
            for decided in batch:
                self._outbox.popleft()
                self._tell(decided.entry.job)
            if not self._outbox:
                self._durable.set()
            for effect in (effect for decided in batch for effect in decided.effects):
                self._perform(effect)
        if self.job is not self.told and not self.told.final:
            self._tell_progress()

    def _tell(self, durable: Job) -> None:
        self.told = durable
        self._around.publish(durable, True)

    def _tell_progress(self) -> None:
        self._around.publish(self.job, False)
        self._around.journal.progressed(self.claim, self.job)

    async def _start_over(self, error: Exception) -> None:
        """The journal failed, and what it recorded is not known: stop, and settle the job once it shows."""
        await self._stop()
        self._cancelled |= self.job.state is JobState.CANCELLING or self.job.outcome is Outcome.CANCELLED
        self._trouble = self._trouble or Problem.of(error)
        self._unconfirmed += tuple(self._outbox)
        self._in_doubt = True
        self._outbox.clear()
        self._durable.set()
        self.job = self.told
        self.recovers = True
        self._cannot_now(error)
        self._errand(self._settle_later())

    def _cannot_now(self, error: Exception) -> None:
        """Whoever waits for the job hears why; it is settled as soon as that is possible."""
        self.lost = Problem.of(error).error()
        self.ended.set()

    async def _settle_later(self) -> None:
        """Claim the job anew, until the journal answers; settle it from what the journal has."""
        journal, job_id = self._around.journal, self.job.id
        while True:
            await self._around.clock.sleep(SETTLE_AFTER)
            try:
                takeover = await journal.claim(job_id)
                job = takeover.job if takeover else await journal.job(job_id)
                break
            except NotFound as error:
                return self.interfere(OwnershipLost(f"Job {job_id} is in the journal no longer: {error}"))
            except Exception as error:  # whatever a journal throws, it is asked again
                self._cannot_now(error)
        if takeover:
            self.claim = takeover.claim
            self._cancelled |= takeover.cancel_asked
        elif not job.final:
            return self.interfere(OwnershipLost(f"Another process has taken job {job_id} over."))
        self._confirm(job)
        self._settle()

    def _confirm(self, job: Job) -> None:
        """Go on from `job`, which the journal has; what it recorded after all is published now."""
        for decided in self._unconfirmed:
            if decided.entry.job.version <= job.version:
                self._tell(decided.entry.job)
        self.job = self.told = job
        self._unconfirmed, self._in_doubt = (), False
        self._wake.set()

    def _settle(self) -> None:
        """Whoever waited was told of the trouble, so work that had not begun is not begun now."""
        if self._cancelled and not self.job.final:
            self.take(Cancel())
        if self.job.state is JobState.IDLE and self._trouble:
            self.take(Start())
            self.take(Failed(self._trouble))
        else:
            self._perform(Recover())

    # -- the way to the transport -----------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        if self.job.final or self._transport is None:
            return
        match effect:
            case Begin() if self.job.state is JobState.CANCELLING:
                self.take(Cancelled())
            case Begin():
                self._follow(self._transport.carry_out)
            case Recover(delay):
                self.recovers = True
                self._follow(self._transport.recover, delay)
            case Abort():
                self._errand(self._abort(self._transport))
            case StartAgain(delay):
                self._errand(self._start_again(delay))

    def _follow(self, ask: Ask, delay: float = 0.0) -> None:
        self._stream = asyncio.create_task(self._listen(ask, delay))

    def _errand(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _start_again(self, delay: float) -> None:
        await self._around.clock.sleep(delay)
        if self.job.state is JobState.IDLE:
            self.take(Start())

    async def _abort(self, transport: Transport) -> None:
        try:
            with only_cancelled_by_us(OutcomeUnknown(_SILENCE)):
                await transport.abort(self.job)
        except Exception as error:  # whatever a transport throws, its job must end
            await end_task(self._stream)
            self._fail(error)

    async def _listen(self, ask: Ask, delay: float) -> None:
        """Take what the transport tells until the work has settled, one way or the other.

        What leads to another attempt is taken only when the stream has been closed: two never overlap.
        """
        if delay:
            await self._around.clock.sleep(delay)
        await self._durable.wait()
        event: Event | None = None
        answer: bool | None = None
        try:
            with only_cancelled_by_us(OutcomeUnknown(_SILENCE)):
                async with aclosing(ask(self.job)) as events:
                    while not ends_stream(event):
                        event = await events.asend(answer)
                        answer = await self._heard(event)
        except StopAsyncIteration:
            self._fail(OutcomeUnknown(_SILENCE))
        except IllegalTransition as error:
            self._fail(RemoteProtocolError(f"The transport told what cannot be: {error}"))
        except Exception as error:  # whatever a transport throws, its job must end
            self._broken_off(error, began=event is not None)
        else:
            if isinstance(event, Interrupted):
                self._left_no_trace(event.problem)

    async def _heard(self, event: Event) -> bool | None:
        """Take one event until it is durable; the answer to it, if it was an offer."""
        if isinstance(event, Interrupted):
            return None
        if isinstance(event, Progressed):
            self.take(event)
            return None
        offered = isinstance(event, Completed) and event.revocable
        if offered:
            await self._hear_others()
        if isinstance(event, Failed) and self._trouble:
            event = Failed(self._trouble)
        self.take(event)
        await self._durable.wait()
        return self.job.final if offered else None

    async def _hear_others(self) -> None:
        """Take what other processes ask for. If the journal cannot say, the drive ends this stream."""
        try:
            await self._around.listen()
        except Exception as error:  # the offer is not taken blindly, whatever the journal throws
            self.interfere(error)
            await asyncio.Event().wait()

    def _broken_off(self, error: Exception, began: bool) -> None:
        problem = Problem.of(error)
        if self.job.final:
            log.warning("job %s: its work had settled, and then broke off: %s", self.job.id, problem.message)
        elif problem.temporary and self.recovers:
            self._cannot_now(problem.error())
            self._perform(Recover(SETTLE_AFTER))
        elif problem.temporary and not began:
            self._left_no_trace(problem)
        elif problem.temporary:
            self._fail(
                OutcomeUnknown(f"{problem.message} The work had begun, and how it ended is not known.")
            )
        else:
            self._fail(error)

    def _left_no_trace(self, problem: Problem) -> None:
        """The work has ended and nothing was done: begin it again, unless it is cancelled or recovered."""
        if self.job.state is JobState.CANCELLING:
            self.take(Cancelled())
            return
        delay = self._around.retry.delay(self.job.attempt, problem, self._around.random)
        if self.recovers or delay is None:
            self.take(Failed(self._trouble or problem))
        else:
            self.take(Interrupted(problem, delay))

    def _fail(self, error: Exception) -> None:
        if not self.job.final:
            self.take(Failed(Problem.of(error)))

    async def _stop(self) -> None:
        for task in (self._stream, *self._errands):
            await end_task(task)
