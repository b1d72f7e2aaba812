"""Service: what a Pieces service can be asked, operation by operation, in the API's own models.

Knows the API's paths and documents; nothing of how a job is followed, and nothing of ours.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import TypeVar

import attrs

from ...core.errors import InvalidRequest, RemoteProtocolError
from ...core.job import JobKind
from ...core.ports import Clock
from . import models
from .client import Client
from .conversion import read, to_json
from .models import BackupStreamedProgress, Status
from .patience import Patience
from .refusals import cleaned

Model = TypeVar("Model")


@attrs.frozen
class Paths:
    """Where one kind of job is asked for, looked at and cancelled; `{}` is the Backup's id."""

    socket: str
    streamed: str
    blocking: str
    status: str
    cancel: str


PATHS = {
    JobKind.CREATION: Paths(
        socket="/backups/create/streamed/websocket",
        streamed="/backups/create/streamed",
        blocking="/backups/create",
        status="/backup/{}/creation/status",
        cancel="/backup/{}/creation/cancel",
    ),
    JobKind.RESTORATION: Paths(
        socket="/backup/{}/restore/streamed/websocket",
        streamed="/backup/{}/restore/streamed",
        blocking="/backup/{}/restore",
        status="/backup/{}/restoration/status",
        cancel="/backup/{}/restoration/cancel",
    ),
}

IN_PROGRESS = "/backups/streamed/progress"
"""The one web socket that begins nothing: all jobs in progress."""


class Service:
    """A service's operations. Each raises what client.py does for a bad answer, or none."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.client = client
        self.patience = Patience(clock, client.timeouts.away)

    @property
    def where(self) -> str:
        """Its address."""
        return self.client.address.name

    async def backups(self) -> tuple[models.Backup, ...]:
        """The catalogue."""
        return self.said(await self.client.ask("GET", "/backups"), models.Backups).iterable

    async def backup(self, backup_id: str) -> models.Backup:
        """One published Backup. Raises NotFound."""
        return self.said(await self.client.ask("GET", "/backup/{}", backup_id), models.Backup)

    async def delete(self, backup: models.Backup) -> None:
        """Delete one."""
        await self.client.ask("POST", "/backups/{}/delete", backup.id, body=to_json(backup))

    async def keep(self, documents: Sequence[Mapping[str, object]]) -> None:
        """Keep documents."""
        await self.client.ask("POST", "/backup", body=json.dumps({"iterable": documents}, allow_nan=False))

    async def status(self, kind: JobKind, backup_id: str) -> BackupStreamedProgress:
        """How the newest job of this Backup stands. Raises NotFound where there is none."""
        raw = await self.client.ask("GET", PATHS[kind].status, backup_id)
        told = self.said(raw, models.BackupStatus)
        status = told.status if told.value is Status.UNKNOWN else told.value
        return BackupStreamedProgress(told.backup, status, told.percentage)

    async def is_there(self) -> None:
        """Ask for a sign of life. Raises what it refuses that with: then it is there as well."""
        await self.client.ask("GET", "/.well-known/health")

    async def cancel(self, kind: JobKind, backup: models.Backup) -> None:
        """Cancel the job of this Backup; returns once that is answered, however long that takes.

        The answer may come before everything is as before; there may be nothing to cancel (any more), or it
        is too late: the job itself tells how it goes on, and how it ended.
        """

        async def standing() -> Status:
            return (await self.status(kind, backup.id)).status

        body = to_json(backup) if kind is JobKind.RESTORATION else None
        await self.patience.cancelled(self.stop(PATHS[kind].cancel, backup.id, body=body), standing)

    async def stop(self, path: str, name: str, body: str | None = None) -> None:
        """Ask for a cancel, and wait for the answer. That there is nothing to cancel is one as well."""
        async with self.client.answer("POST", path, name, body=body, patient=True) as answer:
            if not answer.good and answer.status not in (404, 500):
                raise await answer.error()

    def said(self, raw: bytes | str, model: type[Model]) -> Model:
        """The model that the service said. Raises RemoteProtocolError."""
        try:
            return read(json.loads(raw), model)
        except (ValueError, RecursionError) as error:
            raise RemoteProtocolError(
                f"{self.where} sent something that is no JSON; is it a backup service?"
            ) from error
        except InvalidRequest as error:
            raise RemoteProtocolError(
                f"{self.where} sent what makes no sense. {cleaned(str(error))}"
            ) from error
