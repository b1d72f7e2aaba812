"""Making a backup over HTTP: starting, cancelling, and how it stands (2, 3, 10 and 11 of the contract)."""

from __future__ import annotations

from aiohttp import web

from reprieve import RunningJob
from reprieve.core.errors import NotFound
from reprieve.core.job import Backup
from reprieve.core.operations import Operation
from reprieve.transports.pieces import models
from reprieve.transports.pieces.translation import completed_model, status_model

from .answers import polled
from .bodies import document_in
from .cancelling import cancelled
from .catalogue import named_backup
from .keys import LIBRARY, LOOKUPS
from .routes import Route
from .starting import key_of
from .streams import tell_progress, tell_result


async def start_creation(request: web.Request) -> RunningJob[Backup]:
    """Start a creation, or find the one that has the request's idempotency key."""
    return await request.app[LIBRARY].create_backup(idempotency_key=key_of(request))


async def _create(request: web.Request) -> web.StreamResponse:
    """Back the database up; the answer is the Backup."""
    await document_in(request)
    return await tell_result(request, await start_creation(request))


async def _create_streamed(request: web.Request) -> web.StreamResponse:
    """Back the database up; the answer is how that goes, or how it went."""
    await document_in(request)
    return await tell_progress(request, await start_creation(request))


async def _cancel(request: web.Request) -> web.StreamResponse:
    """Cancel the creation; answers once it has ended.

    After eight seconds it answers at the latest: then the status is IN-PROGRESS until it is CANCELED.
    """
    library = request.app[LIBRARY]
    return await cancelled(request, library.creation_status, library.cancel_creation)


async def _status(request: web.Request) -> web.StreamResponse:
    """How the creation stands. A backup whose creation no journal here knows was made elsewhere."""
    try:
        job = await request.app[LOOKUPS].creation(request.match_info["backup"])
    except NotFound:
        return polled(completed_model(await named_backup(request)))
    return polled(status_model(job))


ROUTES = (
    Route(
        method="POST",
        path="/backups/create",
        handler=_create,
        summary="Make a backup",
        operation=Operation.CREATE_BACKUP,
        number=2,
        takes=models.SeededBackup,
        gives=models.Backup,
        statuses=(200, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="POST",
        path="/backups/create/streamed",
        handler=_create_streamed,
        summary="Make a backup and follow it",
        operation=Operation.CREATE_BACKUP,
        number=3,
        takes=models.SeededBackup,
        gives=models.BackupStreamedProgress,
        statuses=(200, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/{backup}/creation/cancel",
        handler=_cancel,
        summary="Cancel a creation",
        operation=Operation.CANCEL_CREATION,
        number=10,
        statuses=(204, 500),
        changes=True,
    ),
    Route(
        method="GET",
        path="/backup/{backup}/creation/status",
        handler=_status,
        summary="How a creation stands",
        operation=Operation.CREATION_STATUS,
        number=11,
        gives=models.BackupStatus,
        statuses=(200, 404, 500),
    ),
)
