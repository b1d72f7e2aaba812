"""The catalogue over HTTP: listing backups, looking at one, deleting one (1, 7 and 4 of the contract)."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.operations import Operation
from reprieve.transports.pieces import models
from reprieve.transports.pieces.translation import backup_model, catalogue_model

from .answers import document
from .keys import LIBRARY
from .routes import Route


async def backups(request: web.Request) -> web.StreamResponse:
    """The backups of the database, oldest first."""
    return document(catalogue_model(await request.app[LIBRARY].backups()))


async def backup(request: web.Request) -> web.StreamResponse:
    """One backup."""
    return document(backup_model(await request.app[LIBRARY].backup(request.match_info["backup"])))


async def delete(request: web.Request) -> web.StreamResponse:
    """Hide one. The body is an advisory copy: the path's id decides."""
    await request.app[LIBRARY].delete(request.match_info["backup"])
    return web.Response(status=204)


ROUTES = (
    Route(
        method="GET",
        path="/backups",
        handler=backups,
        summary="List the backups",
        operation=Operation.BACKUPS,
        number=1,
        gives=models.Backups,
        statuses=(200, 500, 505, 511),
    ),
    Route(
        method="POST",
        path="/backups/{backup}/delete",
        handler=delete,
        summary="Delete a backup",
        operation=Operation.DELETE,
        number=4,
        takes=models.Backup,
        statuses=(204, 404, 500, 505, 511),
        changes=True,
    ),
    Route(
        method="GET",
        path="/backup/{backup}",
        handler=backup,
        summary="Look at a backup",
        operation=Operation.BACKUP,
        number=7,
        gives=models.Backup,
        statuses=(200, 404, 500, 505, 511),
    ),
)
