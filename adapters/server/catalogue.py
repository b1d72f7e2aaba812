"""The catalogue over HTTP: listing backups, looking at one, deleting one (1, 7 and 4 of the contract)."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.job import Backup
from reprieve.core.operations import Operation
from reprieve.transports.pieces import models
from reprieve.transports.pieces.translation import backup_model, catalogue_model

from .answers import document, polled
from .bodies import document_in
from .keys import LIBRARY, LOOKUPS
from .routes import Route


async def named_backup(request: web.Request) -> Backup:
    """The Backup that the path names. Raises NotFound."""
    return await request.app[LOOKUPS].backup(request.match_info["backup"])


async def _backups(request: web.Request) -> web.StreamResponse:
    """The backups of the database, oldest first."""
    return document(catalogue_model(await request.app[LIBRARY].backups()))


async def _backup(request: web.Request) -> web.StreamResponse:
    return polled(backup_model(await named_backup(request)))


async def _delete(request: web.Request) -> web.StreamResponse:
    """Hide one. The body is an advisory copy: the path's id decides."""
    await document_in(request)
    backup = await named_backup(request)
    await request.app[LIBRARY].delete(backup.id)
    request.app[LOOKUPS].changed(backup.id)
    return web.Response(status=204)


ROUTES = (
    Route(
        method="GET",
        path="/backups",
        handler=_backups,
        summary="List the backups",
        operation=Operation.BACKUPS,
        number=1,
        gives=models.Backups,
        statuses=(200, 500, 505, 511),
    ),
    Route(
        method="POST",
        path="/backups/{backup}/delete",
        handler=_delete,
        summary="Delete a backup",
        operation=Operation.DELETE,
        number=4,
        takes=models.Backup,
        statuses=(204, 404, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="GET",
        path="/backup/{backup}",
        handler=_backup,
        summary="Look at a backup",
        operation=Operation.BACKUP,
        number=7,
        gives=models.Backup,
        statuses=(200, 404, 500, 505, 511),
    ),
)
