"""ApiWork: a creation or a restoration, as the Pieces API has them, found again by its Backup.

Makes our values of what the API tells. Where the service is our own, it also asks it for what the API has
no words for: why a job failed, and the undo copy that a restoration left.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable
from contextlib import aclosing
from typing import TypeVar

import attrs

from ...core.errors import Problem, ReprieveError, TransportError
from ...core.job import Job, JobKind, Progress, UndoCopy
from . import models
from .beside import Beside
from .models import Status
from .service import Service
from .translation import backup_of
from .ways import Errand, Told, Ways
from .work import Step, Steps

log = logging.getLogger(__name__)

T = TypeVar("T")


class ApiWork:
    """The work of `job` at a service; `beside` is what it has beside the API, if it is our own."""

    def __init__(self, job: Job, service: Service, ways: Ways, beside: Beside | None) -> None:
        self._job = job
        self._service = service
        self._ways = ways
        self._beside = beside
        self._backup: models.Backup | None = None

    async def look_first(self) -> None:
        """Whether there is what is to be restored."""
        if self._job.kind is JobKind.RESTORATION:
            self._backup = await self._service.backup(self._job.backup_id or "")

    async def start(self) -> Steps:
        """Begin it in the first way that the service has."""
        errand = Errand(self._job.kind, f"{self._job.id}-{self._job.attempt}", self._backup)
        async with aclosing(self._ways.start(errand)) as steps:
            async for told in steps:
                yield await self._step(told)

    async def status(self) -> Step:
        """How the newest job of its Backup stands."""
        known = self._backup or self._job.backup
        name = self._job.backup_id or (known.id if known else "")
        return await self._step(Told(await self._service.status(self._job.kind, name)))

    async def cancel(self) -> None:
        """Cancel the job of its Backup."""
        if self._backup is not None:
            await self._service.cancel(self._job.kind, self._backup)

    async def _step(self, told: Told) -> Step:
        said = told.progress
        self._backup = said.backup or self._backup
        step = Step(
            said.status,
            self._progress(said.percentage),
            backup_of(self._backup, self._service.where) if self._backup else None,
            ours=told.ours,
        )
        if said.status is Status.FAILED:
            return attrs.evolve(step, problem=await self._reason(told.reason))
        if said.status is Status.COMPLETED and self._job.kind is JobKind.RESTORATION:
            return attrs.evolve(step, undo=await self._undo())
        return step

    async def _reason(self, said: str) -> Problem | None:
        """Why it failed: its kind, where that can be asked, or else the sentence that was `said`."""
        if self._beside is not None and self._backup is not None:
            problem = await _if_it_says(self._beside.reason_of(self._job.kind, self._backup.id))
            if problem is not None:
                return problem
        return Problem.of(TransportError(f"{self._service.where} says: {said}")) if said else None

    async def _undo(self) -> UndoCopy | None:
        """The copy that a restoration left, where that can be asked."""
        if self._beside is None or self._backup is None:
            return None
        return await _if_it_says(self._beside.undo_of(self._job, self._backup.id))

    def _progress(self, percentage: float) -> Progress:
        """How far it is: for a Backup whose size is known in bytes, otherwise in percent."""
        share = max(0.0, min(100.0, percentage))
        if self._job.kind is JobKind.RESTORATION and self._backup and self._backup.bytes > 0:
            return Progress(done=round(self._backup.bytes * share / 100), total=self._backup.bytes)
        return Progress(done=round(share), total=100, unit="%")


async def _if_it_says(asking: Awaitable[T | None]) -> T | None:
    """What is asked beside a job's end, which is certain: without an answer, it is left out."""
    try:
        return await asking
    except ReprieveError as error:
        log.warning("the service does not say all of a job's end: %s", error)
        return None
