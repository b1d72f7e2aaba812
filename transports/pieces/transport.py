"""PiecesTransport: jobs carried out by a service that speaks the Pieces Backup API.

Joins the service's operations into the core's Transport port. How a job is followed is following.py's
matter, how it is begun ways.py's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import NoReturn

from ...core.errors import InvalidRequest, Unsupported
from ...core.job import AssetVersion, Backup, Job, UndoCopy
from ...core.operations import Operation
from ...core.ports import Clock, Events
from .client import Client
from .following import Pursuit
from .service import Service
from .translation import backup_of
from .ways import Ways

PLAIN = frozenset(Operation) - {
    Operation.REVERT,
    Operation.UNDO_COPIES,
    Operation.FORGET_UNDO,
    Operation.ASSETS,
    Operation.ASSET,
    Operation.ASSET_HISTORY,
}
"""What every such service has."""


class PiecesTransport:
    """One service. Its address is the name of its database."""

    def __init__(self, client: Client, clock: Clock) -> None:
        self.database = client.address.name
        self.operations = PLAIN
        self._client = client
        self._clock = clock
        self._service = Service(client)
        self._ways = Ways(self._service, clock)
        self._pursuits: dict[str, Pursuit] = {}

    async def open(self) -> None:
        """Get ready; the service is asked when there is something to ask."""
        await self._client.open()

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.close()

    # -- jobs -------------------------------------------------------------------------------

    def carry_out(self, job: Job) -> Events:
        """Have the service do the work of `job`."""
        if job.reverts:
            self._lacks("revert")
        return self._pursued(job).carry_out()

    def recover(self, job: Job) -> Events:
        """Ask the service how the work stands; nothing is begun."""
        return self._pursued(job).recover()

    async def abort(self, job: Job) -> None:
        """Ask the service to stop. Raises what it refuses that with."""
        pursuit = self._pursuits.get(job.id)
        if pursuit is not None:
            await pursuit.abort()

    def _pursued(self, job: Job) -> Pursuit:
        pursuit = Pursuit(job, self._service, self._ways, self._clock, self._client.timeouts)
        self._pursuits[job.id] = pursuit
        return pursuit

    # -- the catalogue ----------------------------------------------------------------------

    async def backups(self) -> tuple[Backup, ...]:
        """The service's backups, oldest first."""
        found = [backup_of(backup, self.database) for backup in await self._service.backups()]
        return tuple(sorted(found, key=lambda backup: backup.created))

    async def backup(self, backup_id: str) -> Backup:
        """One of them. Raises NotFound."""
        return backup_of(await self._service.backup(backup_id), self.database)

    async def delete(self, backup_id: str) -> None:
        """Delete it. Raises NotFound."""
        await self._service.delete(await self._service.backup(backup_id))

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """Nothing that the API knows."""
        self._lacks("undo copies")

    async def forget_undo(self, undo_id: str) -> None:
        """Nothing that the API knows."""
        self._lacks("undo copies")

    # -- documents --------------------------------------------------------------------------

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Keep each document whole. The API does not tell which version each became, so it is 0.

        Raises InvalidRequest, before anything is sent, for what is no document.
        """
        sizes = [_size(document) for document in documents]
        await self._service.keep(documents)
        now = self._clock.now()
        return tuple(
            AssetVersion(str(document["id"]), 0, now, size, _name(document))
            for document, size in zip(documents, sizes, strict=True)
        )

    async def assets(self) -> tuple[AssetVersion, ...]:
        """Nothing that the API knows."""
        self._lacks("list of documents")

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """Nothing that the API knows."""
        self._lacks("way to read a document")

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Nothing that the API knows."""
        self._lacks("history of documents")

    def _lacks(self, what: str) -> NoReturn:
        raise Unsupported(f"{self.database} has no {what}: the Pieces API knows none.")


def _size(document: Mapping[str, object]) -> int:
    """The bytes of a document that can be kept. Raises InvalidRequest for another."""
    if not (isinstance(document.get("id"), str) and document["id"]):
        raise InvalidRequest("An asset needs an `id` that is a string; nothing was kept.")
    try:
        return len(json.dumps(document, ensure_ascii=False, allow_nan=False).encode())
    except (ValueError, TypeError) as error:
        raise InvalidRequest(f"The asset {document['id']} is no JSON: {error}. Nothing was kept.") from error


def _name(document: Mapping[str, object]) -> str | None:
    name = document.get("name")
    return name if isinstance(name, str) else None
