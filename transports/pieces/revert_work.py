"""RevertWork: going back to an undo copy, which only our own service can; found again by the service's job.

Knows `/v1/`'s jobs; nothing of how they are followed.
"""

from __future__ import annotations

import attrs

from ...core.job import Job
from .beside import Beside
from .models import Status
from .work import Step, Steps

JOB = "service_job"
"""Under which of a job's notes stands what the service calls it."""


class RevertWork:
    """The work of `job`, a revert."""

    def __init__(self, job: Job, beside: Beside) -> None:
        self._job = job
        self._beside = beside
        self._name = str(job.notes.get(JOB, ""))

    async def look_first(self) -> None:
        """Whether there is what is to be gone back to."""
        await self._beside.undo_copy(self._job.undo_id or "")

    async def start(self) -> Steps:
        """Ask for it. How it goes the job's status tells."""
        key = f"{self._job.id}-{self._job.attempt}"
        self._name = await self._beside.revert(self._job, key)
        yield Step(Status.IN_PROGRESS, notes={JOB: self._name})  # before a status can fail: it has begun
        yield await self.status()

    async def status(self) -> Step:
        """How the service's job stands."""
        return attrs.evolve(await self._beside.step(self._name, self._job), notes={JOB: self._name})

    async def cancel(self) -> None:
        """Cancel the service's job."""
        await self._beside.cancel(self._name)
