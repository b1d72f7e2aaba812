"""Documents over HTTP: kept whole, unknown parts included (5 and 6 of the contract).

Without a body both back the database up, and answer once that is done, or before clients give up.
"""

from __future__ import annotations

from aiohttp import web

from reprieve.core.operations import Operation
from reprieve.transports.pieces import models
from reprieve.transports.pieces.conversion import read

from .bodies import documents_in
from .creations import start_creation
from .keys import LIBRARY
from .routes import Route
from .streams import location_of
from .timely import ended_in_time


async def _keep_all(request: web.Request) -> web.StreamResponse:
    """Keep each document as its next version.

    Without one, back the database up: answers once that has ended, and after eight seconds at the latest; it
    goes on then, and `Location` says where its status is.
    """
    documents = await documents_in(request, lambda body: read(body, models.Assets).iterable)
    return await _kept(request, documents)


async def _keep(request: web.Request) -> web.StreamResponse:
    """Keep one document as its next version; without one, back the database up, as `POST /backup` does."""
    return await _kept(request, await documents_in(request, lambda document: (document,)))


async def _kept(request: web.Request, documents: tuple[models.Document, ...] | None) -> web.Response:
    if documents is None:
        return await _backed_up(request)
    await request.app[LIBRARY].backup_assets(documents)
    return web.Response(status=204)


async def _backed_up(request: web.Request) -> web.Response:
    """204 for a backup that is made, or goes on; raises what it failed of by then."""
    running = await start_creation(request)
    await ended_in_time(request, running.outcome())
    return web.Response(status=204, headers=location_of(request, await running.now()))


ROUTES = (
    Route(
        method="POST",
        path="/backup",
        handler=_keep_all,
        summary="Keep documents, or make a backup",
        operation=Operation.BACKUP_ASSETS,
        number=5,
        takes=models.Assets,
        statuses=(204, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="POST",
        path="/backup/asset",
        handler=_keep,
        summary="Keep a document, or make a backup",
        operation=Operation.BACKUP_ASSET,
        number=6,
        takes=models.Document,
        statuses=(204, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
)
