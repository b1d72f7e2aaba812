"""Beside: what our own service offers beside the API, under `/v1/`. Any other service has none of it.

Knows those paths and their shapes, which have the same fields as our own values; nothing of how jobs are
followed. The service has names of its own for its jobs and its database: where it speaks of a job that was
asked for here, ours stand instead.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence

import attrs

from ...core.errors import BY_KIND, NotFound, Problem, RemoteProtocolError, ReprieveError
from ...core.job import AssetVersion, Job, JobKind, Progress, UndoCopy
from ...core.operations import Operation
from .models import Document, Status
from .refusals import cleaned, refusal
from .service import Service
from .translation import OF_OUTCOME, OF_STATE
from .work import Step

PROTOCOL = 1
"""The version of `/v1/` that is spoken here."""


_STATUSES: dict[str, Status] = {
    **{state.value: status for state, status in OF_STATE.items()},
    **{outcome.value: status for outcome, status in OF_OUTCOME.items()},
}


@attrs.frozen
class Description:
    """What a service says of itself."""

    protocol: int
    operations: tuple[str, ...]


@attrs.frozen
class Failure:
    """Why a job failed."""

    kind: str
    message: str


@attrs.frozen
class ServiceJob:
    """A job of the service; `backup` and `undo` are ids."""

    id: str
    kind: str
    state: str
    outcome: str | None = None
    backup: str | None = None
    undo: str | None = None
    phase: str = ""
    done: int = 0
    total: int = 0
    unit: str = "bytes"
    error: Failure | None = None

    @property
    def status(self) -> Status:
        """How the API calls the way that it stands."""
        return _STATUSES.get(self.outcome or self.state, Status.UNKNOWN)

    @property
    def progress(self) -> Progress:
        """How far it is."""
        return Progress(cleaned(self.phase), self.done, self.total, cleaned(self.unit))

    @property
    def problem(self) -> Problem | None:
        """Why it failed, as a value of ours."""
        if self.error is None:
            return None
        kind = self.error.kind if self.error.kind in BY_KIND else ReprieveError.kind
        return Problem(kind, cleaned(self.error.message))


@attrs.frozen
class ServiceJobs:
    """The newest jobs."""

    jobs: tuple[ServiceJob, ...]


@attrs.frozen
class UndoCopies:
    """What a revert can go back to, newest first."""

    undoCopies: tuple[UndoCopy, ...]  # as it is on the wire


@attrs.frozen
class Assets:
    """Versions of documents."""

    assets: tuple[AssetVersion, ...]


class Beside:
    """The operations of our own service that the API has not."""

    def __init__(self, service: Service, operations: frozenset[Operation]) -> None:
        self.operations = operations
        self._service = service
        self._client = service.client
        self._ours: dict[str, str] = {}

    @classmethod
    async def of(cls, service: Service) -> Beside | None:
        """What a service has beside the API; None for one that is not ours, or whose `/v1/` is another.

        Raises what it takes for a refusal of all that would follow: a token is missing, or the name is wrong.
        Nor does an answer that is only for now say which service it is.
        """
        async with service.client.answer("GET", "/v1/service") as answer:
            if answer.status in (401, 403, 421) or refusal(service.where, answer.status).temporary:
                raise await answer.error()
            if answer.status != 200 or answer.media_type != "application/json":
                return None
            raw = await answer.whole()
        try:
            said = service.said(raw, Description)
        except RemoteProtocolError:  # somebody else's document, at a path of theirs
            return None
        if said.protocol != PROTOCOL:
            return None
        return cls(service, frozenset(one for one in Operation if one in said.operations))

    # -- jobs ---------------------------------------------------------------------------------------

    async def revert(self, job: Job, key: str) -> str:
        """Begin to go back; the service's name for that job."""
        body = json.dumps({"undo": job.undo_id, "idempotencyKey": key})
        begun = self._service.said(await self._client.ask("POST", "/v1/revert", body=body), ServiceJob)
        return begun.id

    async def step(self, name: str, job: Job) -> Step:
        """How the one of its jobs stands that is ours."""
        self._ours[name] = job.id
        theirs = await self._named(name)
        undo = None
        if theirs.status is Status.COMPLETED:
            undo = next((copy for copy in await self.undo_copies() if copy.job == job.id), None)
        return Step(theirs.status, theirs.progress, undo=undo, problem=theirs.problem)

    async def cancel(self, name: str) -> None:
        """Cancel one of its jobs; returns once it has ended, however it did."""

        async def standing() -> Status:
            return (await self._named(name)).status

        await self._service.patience.cancelled(self._service.stop("/v1/jobs/{}/cancel", name), standing)

    async def reason_of(self, kind: JobKind, backup_id: str) -> Problem | None:
        """Why the newest job of a Backup failed."""
        job = await self._job_of(kind, backup_id)
        return job.problem if job else None

    async def undo_of(self, job: Job, backup_id: str) -> UndoCopy | None:
        """The copy that the newest restoration of a Backup left, which was that of `job`."""
        theirs = await self._job_of(job.kind, backup_id) if Operation.UNDO_COPIES in self.operations else None
        if theirs is None or theirs.undo is None:
            return None
        self._ours[theirs.id] = job.id
        return next((copy for copy in await self.undo_copies() if copy.id == theirs.undo), None)

    async def _named(self, name: str) -> ServiceJob:
        return self._service.said(await self._client.ask("GET", "/v1/jobs/{}", name), ServiceJob)

    async def _job_of(self, kind: JobKind, backup_id: str) -> ServiceJob | None:
        said = self._service.said(await self._client.ask("GET", "/v1/jobs"), ServiceJobs)
        return next((job for job in said.jobs if (job.kind, job.backup) == (kind, backup_id)), None)

    # -- undo copies --------------------------------------------------------------------------------

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What a revert can go back to, newest first."""
        said = self._service.said(await self._client.ask("GET", "/v1/undo-copies"), UndoCopies)
        return tuple(
            attrs.evolve(
                copy,
                id=cleaned(copy.id),
                reason=cleaned(copy.reason),
                database=self._service.where,
                job=self._ours.get(copy.job) or cleaned(copy.job),
            )
            for copy in said.undoCopies
        )

    async def undo_copy(self, undo_id: str) -> UndoCopy:
        """One of them. Raises NotFound."""
        for copy in await self.undo_copies():
            if copy.id == undo_id:
                return copy
        raise NotFound(f"{self._service.where} has no undo copy {undo_id}.")

    async def forget_undo(self, undo_id: str) -> None:
        """Drop one for good. Raises NotFound, and AuthenticationRequired without the owner's token."""
        await self._client.ask("DELETE", "/v1/undo-copies/{}", undo_id)

    # -- documents ------------------------------------------------------------------------------------

    async def keep_assets(self, documents: Sequence[Mapping[str, object]]) -> tuple[AssetVersion, ...]:
        """Keep each document, as its next version."""
        body = json.dumps({"documents": documents}, allow_nan=False)
        return self._versions(await self._client.ask("POST", "/v1/assets", body=body))

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document."""
        return self._versions(await self._client.ask("GET", "/v1/assets"))

    async def asset(self, asset_id: str, version: int | None) -> Document:
        """One document, whole. Raises NotFound."""
        query = "" if version is None else f"?version={version}"
        raw = await self._client.ask("GET", f"/v1/assets/{{}}{query}", asset_id)
        return self._service.said(raw, Document)

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one, oldest first. Raises NotFound."""
        return self._versions(await self._client.ask("GET", "/v1/assets/{}/versions", asset_id))

    def _versions(self, raw: bytes) -> tuple[AssetVersion, ...]:
        """What a service says of documents, fit to be shown."""
        return tuple(
            attrs.evolve(one, id=cleaned(one.id), name=None if one.name is None else cleaned(one.name))
            for one in self._service.said(raw, Assets).assets
        )
