"""Run: one job under way.

`take` decides at once (reduce) and never waits, so decisions are atomic without locks and an illegal
command raises where it was given. What was decided leaves in order through one outbox: durable in
the journal first, then told to observers, then its effects are asked of the transport. Progress
is not journalled; it is told when no change of state is on its way.

This file knows ports, never their implementations.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import aclosing
from random import Random
from typing import Any

import attrs

from .errors import (
    IllegalTransition,
    OutcomeUnknown,
    OwnershipLost,
    Problem,
    RemoteProtocolError,
    ReprieveError,
    StorageError,
)
from .job import Job
from .lifecycle import JobState
from .messages import (
    Abort,
    Begin,
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
)
from .ports import Claim, Clock, Entry, Events, JournalStore, Transport
from .reducer import reduce
from .retry import RetryPolicy

Publish = Callable[[Job, bool], None]
"""Told every job as it became, and whether its state (or what is known of it) changed."""


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
    `lost` says why this process can no longer speak for the job, or cannot now.
    """

    def __init__(self, job: Job, claim: Claim, transport: Transport, around: Surroundings) -> None:
        self.job = job
        self.told = job
        self.lost: ReprieveError | None = None
        self.recovers = False
        self.ended = asyncio.Event()
        self.claim = claim
        self._transport = transport
        self._around = around
        self._outbox: deque[_Decided] = deque()
        self._wake = asyncio.Event()
        self._durable = asyncio.Condition()
        self._stream: asyncio.Task[None] | None = None
        self._errands: set[asyncio.Task[None]] = set()
        self._trouble: Problem | None = None

    def take(self, message: Message) -> Job:
        """Decide what `message` makes of the job. Raises IllegalTransition, changing nothing."""
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
            self._wake.set()
        return self.job

    def recover(self) -> None:
        """Settle a job that was taken over from a process that is gone."""
        self.recovers = True
        self._perform(Recover())

    async def drive(self) -> Job:
        """Make decided things durable, told and done, until the job is settled.

        Raises OwnershipLost once another process has the job.
        """
        try:
            while not self.told.final:
                await self._wake.wait()
                self._wake.clear()
                if isinstance(self.lost, OwnershipLost):
                    raise self.lost
                try:
                    await self._release()
                except OwnershipLost as error:
                    self.lost = error
                    raise
                except StorageError as error:
                    await self._start_over(error)
            self.ended.set()
            if self._stream:
                await asyncio.wait((self._stream,))  # it clears away what recovery would have needed
            return self.told
        finally:
            self.ended.set()
            await self._stop()

    def disown(self, error: OwnershipLost) -> None:
        """Another process has the job: `drive` raises `error`."""
        self.lost = error
        self._wake.set()

    # -- the way out ------------------------------------------------------------------------

    async def _release(self) -> None:
        while self._outbox:
            batch = tuple(self._outbox)
            await self._around.journal.append(self.claim, tuple(decided.entry for decided in batch))
            for decided in batch:
                self._outbox.popleft()
                self.told = decided.entry.job
                self._around.publish(self.told, True)
            async with self._durable:
                self._durable.notify_all()
            for effect in (effect for decided in batch for effect in decided.effects):
                self._perform(effect)
        if self.job is not self.told and not self.told.final:
            self._tell_progress()

    def _tell_progress(self) -> None:
        self._around.publish(self.job, False)
        self._around.journal.progressed(self.claim, self.job)

    async def _until_durable(self) -> None:
        async with self._durable:
            await self._durable.wait_for(lambda: not self._outbox)

    async def _start_over(self, error: StorageError) -> None:
        """The journal could not be written: stop, and settle from what it last said once it can be."""
        await self._stop()
        self._outbox.clear()
        self._trouble = Problem.of(error)
        self.job = self.told
        self._cannot_now(error)
        self._perform(Recover(1.0))

    def _cannot_now(self, error: ReprieveError) -> None:
        """Whoever waits for the job hears why; it is settled as soon as that is possible."""
        self.lost = error
        self.ended.set()

    # -- the way to the transport -----------------------------------------------------------

    def _perform(self, effect: Effect) -> None:
        if self.job.final:
            return
        match effect:
            case Begin() if self.job.state is JobState.CANCELLING:
                self.take(Cancelled())
            case Begin():
                self._follow(self._transport.carry_out(self.job))
            case Recover(delay):
                self._follow(self._transport.recover(self.job), delay, recovers=True)
            case Abort():
                self._errand(self._abort())
            case StartAgain(delay):
                self._errand(self._start_again(delay))

    def _follow(self, events: Events, delay: float = 0.0, *, recovers: bool = False) -> None:
        self._stream = asyncio.create_task(self._listen(events, delay, recovers))

    def _errand(self, errand: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(errand)
        self._errands.add(task)
        task.add_done_callback(self._errands.discard)

    async def _start_again(self, delay: float) -> None:
        await self._around.clock.sleep(delay)
        if self.job.state is JobState.IDLE:
            self.take(Start())

    async def _abort(self) -> None:
        try:
            await self._transport.abort(self.job)
        except Exception as error:  # whatever a transport throws, its job must end
            await self._cut_stream()
            self._fail(error)

    async def _listen(self, events: Events, delay: float, recovers: bool) -> None:
        """Take what the transport tells until the work has settled, one way or the other."""
        if delay:
            await self._around.clock.sleep(delay)
        began = False
        answer: bool | None = None
        try:
            async with aclosing(events):
                while True:
                    event = await events.asend(answer)
                    began = True
                    answer = await self._heard(event, recovers)
                    if self._over(event):
                        return
        except StopAsyncIteration:
            self._fail(
                OutcomeUnknown(
                    "The transport stopped telling without saying how the job ended; look at the database "
                    "and at the list of backups."
                )
            )
        except IllegalTransition as error:
            self._fail(RemoteProtocolError(f"The transport told what cannot be: {error}"))
        except Exception as error:  # whatever a transport throws, its job must end
            self._broken_off(error, began, recovers)

    async def _heard(self, event: Event, recovers: bool) -> bool | None:
        """Take one event until it is durable; the answer to it, if it was an offer."""
        if isinstance(event, Progressed):
            self.take(event)
            return None
        if isinstance(event, Interrupted):
            event = self._untouched(event.problem) if recovers else self._again_or_failed(event.problem)
        if isinstance(event, Failed) and self._trouble:
            event = Failed(self._trouble)
        offered = isinstance(event, Completed) and event.revocable
        if offered:
            await self._around.listen()
        self.take(event)
        await self._until_durable()
        return self.told.final if offered else None

    def _over(self, event: Event) -> bool:
        """Whether the stream has nothing more to tell after `event`, and nothing to clear away."""
        if isinstance(event, Completed) and event.revocable:
            return False
        return isinstance(event, Completed | Cancelled | Failed | Interrupted)

    def _broken_off(self, error: Exception, began: bool, recovers: bool) -> None:
        problem = Problem.of(error)
        if problem.temporary and recovers:
            self._cannot_now(problem.error())
            self._perform(Recover(self._around.retry.longest))
        elif problem.temporary and not began:
            self.take(self._again_or_failed(problem))
        elif problem.temporary:
            self._fail(
                OutcomeUnknown(f"{problem.message} The work had begun, and how it ended is not known.")
            )
        else:
            self._fail(error)

    def _again_or_failed(self, problem: Problem) -> Interrupted | Failed:
        delay = self._around.retry.delay(self.job.attempt, problem, self._around.random)
        return Failed(problem) if delay is None else Interrupted(problem, delay)

    def _untouched(self, problem: Problem) -> Cancelled | Failed:
        """What a recovery that found nothing done makes of the job: it is never begun again by itself."""
        return Cancelled() if self.job.state is JobState.CANCELLING else Failed(problem)

    def _fail(self, error: Exception) -> None:
        if not self.job.final:
            self.take(Failed(Problem.of(error)))

    async def _cut_stream(self) -> None:
        await _ended(self._stream)
        self._stream = None

    async def _stop(self) -> None:
        await self._cut_stream()
        for errand in tuple(self._errands):
            await _ended(errand)


async def _ended(task: asyncio.Task[None] | None) -> None:
    """Cancel a task of ours, and wait until it has gone."""
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        await asyncio.wait((task,))
