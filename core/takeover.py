"""Takeovers: the jobs that no run speaks for, and how each is settled.

Most were left by processes that are gone. Some are this process's own: a write that made a claim reported an
error, and was durable all the same. Either way the job would hold its database until a run speaks for it.
What never happens here is work that is not known to be wanted.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

import attrs

from .endings import abandoned
from .errors import NotFound, OwnershipLost, Problem, ReprieveError
from .job import Job
from .lifecycle import JobState
from .messages import Cancel, Interrupted
from .ports import Claim, Clock, JournalStore, Transport
from .runner import SETTLE_AFTER, Run

log = logging.getLogger(__name__)


@attrs.frozen
class Takeovers:
    """Claims jobs and gives each a run; `adopt` makes one that is driven, without a transport to be given up.

    `is_known` says whether a job has a run already. `enqueue` lets a run wait for its turn, `begin` says that
    it has it. `attempts` is how often a detached creation is run whose process died; 0: not again.
    """

    journal: JournalStore
    clock: Clock
    transport_of: Callable[[Job], Awaitable[Transport]]
    adopt: Callable[[Job, Claim, Transport | None], Run]
    is_known: Callable[[str], bool]
    enqueue: Callable[[Job], None]
    begin: Callable[[Job], None]
    spawn: Callable[[Coroutine[Any, Any, None]], object]
    attempts: int
    _in_doubt: set[str] = attrs.field(factory=set, init=False)

    async def settle_abandoned(self) -> list[Run]:
        """Take over what dead processes left; the runs that settle it."""
        runs = []
        for job in await self.journal.abandoned():
            if job.id in self._in_doubt:
                continue
            try:
                run = await self._settle(job)
            except OwnershipLost as error:
                log.info("job %s: somebody else settles it: %s", job.id, error)
            except Exception as error:  # one job's trouble is not the next one's
                log.warning("job %s: it cannot be settled now, and is tried again: %s", job.id, error)
                self.settle_if_claimed(job.id)
            else:
                runs += [run] if run else []
        return runs

    def settle_if_claimed(self, job_id: str, refused: Problem | None = None) -> None:
        """A write that claims this job failed. If it was made all the same, settle the job.

        A new job fails as `refused`: its caller has seen that error.
        """
        self._in_doubt.add(job_id)
        self.spawn(self._settle_until_clear(job_id, refused))

    async def _settle_until_clear(self, job_id: str, refused: Problem | None) -> None:
        while job_id in self._in_doubt:
            await self.clock.sleep(SETTLE_AFTER)
            try:
                await self._settle(await self.journal.job(job_id), refused)
            except (NotFound, OwnershipLost):
                self._in_doubt.discard(job_id)
            except Exception as error:  # whatever a journal throws, it is asked again
                log.warning("job %s: the journal cannot say whose it is: %s", job_id, error)
            else:
                self._in_doubt.discard(job_id)

    async def _settle(self, job: Job, refused: Problem | None = None) -> Run | None:
        """Claim one; the run that gives it up or recovers it, unless it is run again."""
        waits = job.state is JobState.IDLE
        resumes = refused is None and job.outlives_its_process and job.attempt < self.attempts
        transport: Transport | None = None
        if resumes or not waits:
            try:
                transport = await self.transport_of(job)
            except ReprieveError as error:  # it is not claimed: a process that can open it will settle it
                log.warning("job %s: it cannot be settled here and now: %s", job.id, error)
                return None
        if self.is_known(job.id):
            return None
        takeover = await self.journal.claim(job.id)
        if takeover is None:
            return None
        job = takeover.job
        if waits is not (job.state is JobState.IDLE):
            return await self._settle(job, refused)  # its owner was not gone yet
        run = self.adopt(job, takeover.claim, transport)
        if transport is None or (waits and takeover.cancel_asked):
            run.give_up(refused or abandoned(job), cancelled=takeover.cancel_asked)
        elif waits:
            self.enqueue(job)
            return None
        elif resumes and not takeover.cancel_asked and job.state is JobState.RUNNING:
            self.begin(job)
            run.take(Interrupted(abandoned(job)))
            return None
        else:
            if takeover.cancel_asked:
                run.take(Cancel())
            run.recover()
        return run
