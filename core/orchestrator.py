"""The orchestrator: many jobs, one at a time on a database, at most so many at once.

It owns the runs of this process, decides whose turn it is (line.py), tells observers
(observers.py), carries cancels between processes through the journal, and has settled what a process
that is gone has left behind (takeover.py).
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine
from random import Random
from typing import Any

import attrs

from .endings import raise_unless_done, too_late
from .errors import Conflict, IllegalTransition, InvalidRequest, OwnershipLost, Problem
from .job import Job
from .lifecycle import JobState, Outcome
from .line import Line
from .messages import Cancel, Start
from .observers import Audience, Watch
from .ports import Claim, Clock, JournalStore, Transport
from .request import Request, same_request
from .retry import RetryPolicy
from .runner import Run, Surroundings
from .takeover import Takeovers

log = logging.getLogger(__name__)

LISTEN_EVERY = 0.1
"""Seconds until a cancel from another process is seen."""

PATIENCE = 60.0
"""Seconds that closing waits for cancelled work to put the originals back."""

SETTLE_EVERY = 10
"""In how many rounds of listening the jobs of dead processes are looked for once."""


class Orchestrator:
    """The jobs of one process, over a journal that it may share with others.

    `transport_of` gives the transport for a job that another process began. `limit` is how many jobs
    run at once. `resumes_detached` says that this process lives long, and may run a detached creation
    again whose process died.
    """

    def __init__(
        self,
        journal: JournalStore,
        clock: Clock,
        transport_of: Callable[[Job], Awaitable[Transport]],
        *,
        limit: int = 2,
        retry: RetryPolicy | None = None,
        random: Random | None = None,
        resumes_detached: bool = False,
    ) -> None:
        self._journal = journal
        self._clock = clock
        if limit < 1:
            raise InvalidRequest(f"At most {limit} jobs at once is none at all; the limit is 1 or more.")
        self._random = random or Random()
        self._line = Line(limit)
        self._runs: dict[str, Run] = {}
        self._drives: dict[str, asyncio.Task[None]] = {}
        self._audience = Audience()
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Event()
        self._heard = 0
        self._closed = False
        retry = retry or RetryPolicy()
        self._around = Surroundings(journal, clock, retry, self._random, self._audience.offer, self.listen)
        self._takeovers = Takeovers(
            journal,
            clock,
            transport_of,
            adopt=self._adopt,
            is_known=self._runs.__contains__,
            enqueue=self._enqueue,
            begin=lambda job: self._line.started(job.id),
            spawn=self._spawn,
            attempts=retry.attempts if resumes_detached else 0,
        )

    async def open(self) -> None:
        """Open the journal, settle what dead processes left, and begin to give turns."""
        await self._journal.open()
        try:
            self._spawn(self._give_turns())
            for run in await self._takeovers.settle_abandoned():
                await run.ended.wait()
            if self._journal.shared:
                self._spawn(self._mind_others())
        except BaseException:
            await self._let_go()
            raise

    async def finish(self, within: float) -> None:
        """Take no more jobs; those of this process may go on for so many seconds, then they are cancelled.

        Returns when the originals are back. Detached creations stay unsettled; and a transport that does not
        acknowledge within PATIENCE is left: the next process settles its jobs.
        """
        self._closed = True
        await self._until_over(tuple(self._runs.values()), within)
        runs = tuple(run for run in self._runs.values() if not run.job.outlives_its_process)
        for run in runs:
            if not (run.job.final or run.recovers):
                run.take(Cancel())
        await self._until_over(runs, PATIENCE)

    async def close(self) -> None:
        """Cancel what runs, wait as `finish` does, and let the journal go."""
        try:
            await self.finish(0)
        finally:
            await self._let_go()

    async def _until_over(self, runs: tuple[Run, ...], within: float) -> None:
        """Until each is settled and has cleared up, or cannot be settled now; not longer than `within`."""
        over = asyncio.ensure_future(self._over(runs))
        patience = asyncio.ensure_future(self._clock.sleep(within))
        try:
            await asyncio.wait((over, patience), return_when=asyncio.FIRST_COMPLETED)
        finally:
            over.cancel()
            patience.cancel()

    async def _over(self, runs: tuple[Run, ...]) -> None:
        for run in runs:
            await run.ended.wait()
            if run.told.final and run.job.id in self._drives:
                await asyncio.wait((self._drives[run.job.id],))

    async def _let_go(self) -> None:
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)
        self._audience.close()
        await self._journal.close()

    # -- asking -----------------------------------------------------------------------------

    async def submit(self, request: Request, transport: Transport) -> Job:
        """Queue a job on the transport's database; the job that has its idempotency key, if one has.

        Raises Conflict for a second restoration of one database, or a key that another request has.
        """
        self._refuse_if_closed()
        wanted = Job(
            id=f"{self._random.getrandbits(80):020x}",
            database=transport.database,
            created=self._clock.now(),
            **attrs.asdict(request, recurse=False),
        )
        try:
            job, claim = await self._journal.create(wanted)
        except (Conflict, OwnershipLost):
            raise
        except Exception as error:  # it may be in the journal all the same
            self._takeovers.settle_if_claimed(wanted.id, Problem.of(error))
            raise
        if claim is None:
            return same_request(wanted, job)
        self._refuse_if_closed()
        run = self._adopt(job, claim, transport)
        self._audience.offer(job, True)
        self._enqueue(job)
        return run.job

    async def cancel(self, job_id: str) -> Job:
        """Cancel a job, wherever it runs; returns it once everything is as it was before.

        Cancelling what is cancelled already is accepted. Raises TooLate if the job completed,
        JobFailed if it fails meanwhile, IllegalTransition if it had failed before, NotFound if there is none.
        """
        await self.ask_cancel(job_id)
        job = await self.wait(job_id)
        if job.outcome is Outcome.COMPLETED:
            raise too_late(job)
        return raise_unless_done(job)

    async def ask_cancel(self, job_id: str) -> Job:
        """Ask a job to stop and return at once. Raises TooLate, IllegalTransition or NotFound."""
        run = self._runs.get(job_id)
        job = run.job if run else await self.job(job_id)
        if job.outcome is Outcome.CANCELLED:
            return job
        if job.outcome is Outcome.COMPLETED:
            raise too_late(job)
        if job.final:
            raise IllegalTransition(f"Job {job_id} has failed already; there is nothing to cancel.")
        if run:
            return run.take(Cancel())
        await self._journal.ask_cancel(job_id)
        return await self.job(job_id)

    async def job(self, job_id: str) -> Job:
        """One job as it stands. Raises NotFound."""
        run = self._runs.get(job_id)
        return run.shown if run else await self._journal.job(job_id)

    async def jobs(
        self, *, database: str | None = None, unsettled: bool = False, limit: int = 1000
    ) -> tuple[Job, ...]:
        """The newest jobs, newest first."""
        found = await self._journal.jobs(database=database, unsettled=unsettled, limit=limit)
        return tuple(self._runs[job.id].shown if job.id in self._runs else job for job in found)

    async def wait(self, job_id: str) -> Job:
        """The job once it is settled, wherever it runs.

        Raises NotFound, and StorageError where its journal cannot be written.
        """
        run = self._runs.get(job_id)
        if run:
            await run.ended.wait()
            if run.told.final:
                return run.told
            if run.lost and not isinstance(run.lost, OwnershipLost):
                raise run.lost
        job = await self._journal.job(job_id)
        while not job.final:
            await self._clock.sleep(LISTEN_EVERY)
            job = await self._journal.job(job_id)
        return job

    async def watch(self, job_id: str) -> Watch:
        """One job's changes, from how it stands now to its end. Raises NotFound."""
        await self._catch_up()
        watch = Watch(self._clock, job_id=job_id)
        self._audience.join(watch)  # before the look: what changes meanwhile is offered, in order, by version
        try:
            run = self._runs.get(job_id)
            watch.offer(run.shown if run else await self._journal.job(job_id), True)
        except BaseException:
            self.unwatch(watch)
            raise
        return watch

    async def watch_all(self, database: str | None = None) -> Watch:
        """The changes of every job (of one database), after how the unsettled ones stand now."""
        await self._catch_up()
        watch = Watch(self._clock, database=database)
        self._audience.join(watch)
        try:
            for job in reversed(await self._journal.jobs(database=database, unsettled=True)):
                run = self._runs.get(job.id)
                watch.offer(run.shown if run else job, True)
        except BaseException:
            self.unwatch(watch)
            raise
        return watch

    def unwatch(self, watch: Watch) -> None:
        """Nothing more for this one; its iteration ends."""
        self._audience.leave(watch)

    async def listen(self) -> None:
        """Take the cancels that other processes have asked for."""
        if not (self._journal.shared and self._runs):
            return
        for job_id in await self._journal.asked_cancels():
            run = self._runs.get(job_id)
            if run and not run.job.final:
                run.take(Cancel())

    # -- running ----------------------------------------------------------------------------

    def _adopt(self, job: Job, claim: Claim, transport: Transport | None) -> Run:
        run = Run(job, claim, transport, self._around)
        self._runs[job.id] = run
        self._drives[job.id] = self._spawn(self._see_through(run))
        return run

    async def _see_through(self, run: Run) -> None:
        job = run.job
        try:
            await run.drive()
        except OwnershipLost as error:
            log.info("job %s: its new owner tells how it goes on: %s", job.id, error)
        finally:
            del self._runs[job.id]
            del self._drives[job.id]
            self._line.leave(job.id, job.database)
            self._line.retry()
            self._turn.set()

    async def _give_turns(self) -> None:
        while True:
            await self._turn.wait()
            self._turn.clear()
            while (job_id := self._line.next()) is not None:
                await self._give_turn(self._runs[job_id])

    async def _give_turn(self, run: Run) -> None:
        job, claim = run.job, run.claim
        try:
            active = await self._journal.activate(claim)
        except Exception as error:  # whatever a journal throws, the next one has its turn
            if claim == run.claim:  # otherwise the run is in doubt, and has claimed its job anew
                run.interfere(error)
            return
        if run.job.state is not JobState.IDLE or run.recovers:
            return  # cancelled meanwhile, or to be given up: it leaves the line by itself
        if active:
            self._line.started(job.id)
            run.take(Start())
        else:
            self._line.blocked(job.id, job.database)

    # -- other processes --------------------------------------------------------------------

    async def _mind_others(self) -> None:
        """Now and then, look at what other processes did in the journal."""
        rounds = 0
        while True:
            await self._clock.sleep(LISTEN_EVERY)
            rounds += 1
            try:
                await self.listen()
                await self._hear_others()
                if rounds % SETTLE_EVERY == 0:
                    await self._takeovers.settle_abandoned()
            except Exception as error:  # whatever a journal throws, it is looked at again
                log.warning("the journal cannot be read just now, and is tried again: %s", error)
                continue
            self._line.retry()
            self._turn.set()

    async def _catch_up(self) -> None:
        if not self._audience:
            self._heard = max(self._heard, await self._journal.seq())

    async def _hear_others(self) -> None:
        if not self._audience:
            return
        for entry in await self._journal.entries(after=self._heard):
            self._heard = entry.seq
            if entry.owner != self._journal.owner:
                self._audience.offer(entry.job, True)
        for job in await self._journal.jobs(unsettled=True):
            if job.id not in self._runs:
                self._audience.offer(job, False)

    def _enqueue(self, job: Job) -> None:
        self._line.join(job.id, job.database)
        self._turn.set()

    def _refuse_if_closed(self) -> None:
        if self._closed:
            raise InvalidRequest("This library was closed; open it again to ask for a job.")

    def _spawn(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
