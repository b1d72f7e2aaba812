"""Restoring over HTTP: starting, cancelling, and how it stands (8, 9, 12 and 13 of the contract).

The bodies are advisory copies of the Backup: the path's id decides.
"""

from __future__ import annotations

from aiohttp import web

from reprieve import RunningJob
from reprieve.core.job import Backup
from reprieve.core.operations import Operation
from reprieve.transports.pieces import models
from reprieve.transports.pieces.translation import status_model

from .answers import polled
from .bodies import document_in
from .cancelling import cancelled
from .catalogue import named_backup
from .keys import LIBRARY, LOOKUPS
from .routes import Route
from .starting import key_of
from .streams import tell_progress, tell_result


async def start_restoration(request: web.Request) -> RunningJob[Backup]:
    """Start restoring the path's Backup, or find the restoration that has the request's idempotency key."""
    key = key_of(request)
    backup = await named_backup(request)
    running = await request.app[LIBRARY].restore(backup.id, idempotency_key=key)
    request.app[LOOKUPS].changed(backup.id)
    return running


async def _restore(request: web.Request) -> web.StreamResponse:
    """Replace the whole database; the answer is the Backup that it holds now."""
    await document_in(request)
    return await tell_result(request, await start_restoration(request))


async def _restore_streamed(request: web.Request) -> web.StreamResponse:
    """Replace the whole database; the answer is how that goes, or how it went."""
    await document_in(request)
    return await tell_progress(request, await start_restoration(request))


async def _cancel(request: web.Request) -> web.StreamResponse:
    """Cancel the restoration; answers once the original database is back.

    After eight seconds it answers at the latest: then the status is IN-PROGRESS until it is CANCELED.
    """
    await document_in(request)
    library = request.app[LIBRARY]
    return await cancelled(request, library.restoration_status, library.cancel_restoration)


async def _status(request: web.Request) -> web.StreamResponse:
    """How the newest restoration of this Backup stands."""
    lookups = request.app[LOOKUPS]
    job = await lookups.restoration(request.match_info["backup"])
    return polled(status_model(await lookups.with_its_backup(job)))


ROUTES = (
    Route(
        method="POST",
        path="/backup/{backup}/restore",
        handler=_restore,
        summary="Restore a backup",
        operation=Operation.RESTORE,
        number=8,
        takes=models.Backup,
        gives=models.Backup,
        statuses=(200, 404, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/{backup}/restore/streamed",
        handler=_restore_streamed,
        summary="Restore a backup and follow it",
        operation=Operation.RESTORE,
        number=9,
        takes=models.Backup,
        gives=models.BackupStreamedProgress,
        statuses=(200, 404, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/{backup}/restoration/cancel",
        handler=_cancel,
        summary="Cancel a restoration",
        operation=Operation.CANCEL_RESTORATION,
        number=12,
        takes=models.Backup,
        statuses=(204, 500),
        changes=True,
    ),
    Route(
        method="GET",
        path="/backup/{backup}/restoration/status",
        handler=_status,
        summary="How a restoration stands",
        operation=Operation.RESTORATION_STATUS,
        number=13,
        gives=models.BackupStatus,
        statuses=(200, 404, 500),
    ),
)
