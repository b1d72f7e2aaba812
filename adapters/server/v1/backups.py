"""Backups under /v1: listed with what each added; made and restored by jobs that are not waited for."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.operations import Operation

from ... import wire
from ..catalogue import named_backup
from ..keys import LIBRARY, LOOKUPS
from ..routes import Route
from .shapes import Backups, Start
from .talking import asked, key_for, started, told


async def _backups(request: web.Request) -> web.StreamResponse:
    """The backups of the database, oldest first."""
    library = request.app[LIBRARY]
    own = tuple(wire.shaped(one) for one in await library.backups())
    return told(Backups(own, await library.other_backups() or None))


async def _create(request: web.Request) -> web.StreamResponse:
    """Start a creation; answers at once with the job."""
    wanted = await asked(request, Start)
    key = key_for(request, wanted.idempotency_key)
    running = await request.app[LIBRARY].create_backup(idempotency_key=key, detach=wanted.detach)
    return await started(request, running)


async def _restore(request: web.Request) -> web.StreamResponse:
    """Start restoring the path's Backup; answers at once with the job."""
    wanted = await asked(request, Start)
    key = key_for(request, wanted.idempotency_key)
    backup = await named_backup(request)
    running = await request.app[LIBRARY].restore(backup.id, idempotency_key=key, detach=wanted.detach)
    request.app[LOOKUPS].changed(backup.id)
    return await started(request, running)


ROUTES = (
    Route(
        method="GET",
        path="/v1/backups",
        handler=_backups,
        summary="List the backups, with what each added",
        operation=Operation.BACKUPS,
        gives=Backups,
        statuses=(200, 500, 505, 511),
    ),
    Route(
        method="POST",
        path="/v1/backups",
        handler=_create,
        summary="Start making a backup",
        operation=Operation.CREATE_BACKUP,
        takes=Start,
        gives=wire.Job,
        statuses=(202, 409, 500),
        changes=True,
    ),
    Route(
        method="POST",
        path="/v1/backups/{backup}/restore",
        handler=_restore,
        summary="Start restoring a backup",
        operation=Operation.RESTORE,
        takes=Start,
        gives=wire.Job,
        statuses=(202, 404, 409, 500, 505, 511),
        changes=True,
    ),
)
