"""PiecesTransport: jobs carried out by a service that speaks the Pieces Backup API.

Joins the service's operations into the core's Transport port. How a job is followed is following.py's
matter, how it is begun ways.py's.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from weakref import WeakValueDictionary

from ...core.errors import InvalidRequest, Unsupported
from ...core.job import OPEN_WITH, AssetVersion, Backup, Job, UndoCopy
from ...core.operations import Operation
from ...core.ports import Clock, Events
from .api_work import ApiWork
from .beside import Beside
from .client import Client
from .following import Pursuit
from .revert_work import RevertWork
from .service import Service
from .translation import backup_of
from .ways import Ways
from .work import Work

PLAIN = frozenset(Operation) - {
    Operation.REVERT,
    Operation.UNDO_COPIES,
    Operation.FORGET_UNDO,
    Operation.ASSETS,
    Operation.ASSET,
    Operation.ASSET_HISTORY,
}
"""What every service has that speaks the API."""


class PiecesTransport:
    """One service. Its address is the name of its database.

    `operations` are those of a plain service until it is opened, and what the service says if it is our own.
    """

    def __init__(self, client: Client, clock: Clock) -> None:
        self.database = client.address.name
        self.operations = PLAIN
        self._client = client
        self._clock = clock
        self._service = Service(client, clock)
        self._ways = Ways(self._service)
        self._beside: Beside | None = None
        self._pursuits: WeakValueDictionary[str, Pursuit] = WeakValueDictionary()  # while one is followed

    async def open(self) -> None:
        """Ask which service it is. Raises Unreachable and whatever else keeps it from answering."""
        await self._client.open()
        try:
            self._beside = await Beside.of(self._service)
        except BaseException:
            await self._client.close()
            raise
        if self._beside is not None:
            self.operations = self._beside.operations

    async def close(self) -> None:
        """Let go of every connection."""
        await self._client.close()

    # -- jobs -------------------------------------------------------------------------------

    def carry_out(self, job: Job) -> Events:
        """Have the service do the work of `job`.

        Raises Unsupported for what it does not have, InvalidRequest for options: the API takes none.
        """
        options = sorted(job.options.keys() - {OPEN_WITH})
        if options:
            raise InvalidRequest(f"A service takes no option {', '.join(options)}; leave that out.")
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
        pursuit = Pursuit(job, self._work(job), self.database, self._clock, self._client.timeouts)
        self._pursuits[job.id] = pursuit
        return pursuit

    def _work(self, job: Job) -> Work:
        if job.reverts:
            return RevertWork(job, self._has(Operation.REVERT))
        return ApiWork(job, self._service, self._ways, self._beside)

    # -- the catalogue ----------------------------------------------------------------------

    async def backups(self) -> tuple[Backup, ...]:
        """The service's backups, oldest first."""
        found = [backup_of(backup, self.database) for backup in await self._service.backups()]
        return tuple(sorted(found, key=lambda backup: backup.timestamp))

    async def backup(self, backup_id: str) -> Backup:
        """One of them. Raises NotFound."""
        return backup_of(await self._service.backup(backup_id), self.database)

    async def other_backups(self) -> int:
        """None that it could tell of: a service has one database."""
        return 0

    async def delete(self, backup_id: str) -> None:
        """Delete it. Raises NotFound."""
        await self._service.delete(await self._service.backup(backup_id))

    async def undo_copies(self) -> tuple[UndoCopy, ...]:
        """What the service can revert to, newest first; `job` is its own name for what others asked for."""
        return await self._has(Operation.UNDO_COPIES).undo_copies()

    async def forget_undo(self, undo_id: str) -> None:
        """Drop one for good. Raises NotFound, and AuthenticationRequired without the owner's token."""
        await self._has(Operation.FORGET_UNDO).forget_undo(undo_id)

    # -- documents --------------------------------------------------------------------------

    async def keep_assets(self, documents: tuple[Mapping[str, object], ...]) -> tuple[AssetVersion, ...]:
        """Keep each document whole. A plain service does not tell which version each became: it is 0 then.

        Raises InvalidRequest, before anything is sent, for what is no document.
        """
        sizes = [_size(document) for document in documents]
        if self._beside is not None:
            return await self._beside.keep_assets(documents)
        await self._service.keep(documents)
        now = self._clock.now()
        return tuple(
            AssetVersion(str(document["id"]), 0, now, size, _name(document))
            for document, size in zip(documents, sizes, strict=True)
        )

    async def assets(self) -> tuple[AssetVersion, ...]:
        """The newest version of every document, by id."""
        return await self._has(Operation.ASSETS).assets()

    async def asset(self, asset_id: str, version: int | None = None) -> dict[str, object]:
        """One document, whole. Raises NotFound."""
        return await self._has(Operation.ASSET).asset(asset_id, version)

    async def asset_history(self, asset_id: str) -> tuple[AssetVersion, ...]:
        """Every version of one document, oldest first. Raises NotFound."""
        return await self._has(Operation.ASSET_HISTORY).asset_history(asset_id)

    def _has(self, operation: Operation) -> Beside:
        """What our own service offers beside the API. Raises Unsupported for another."""
        if self._beside is None or operation not in self.operations:
            raise Unsupported(f"{self.database} has no operation '{operation}'.")
        return self._beside


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
