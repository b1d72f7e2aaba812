"""Documents over HTTP: kept whole, unknown parts included (5 and 6 of the contract).

Without a body both back the database up, and answer once that is done.
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


async def _keep_all(request: web.Request) -> web.StreamResponse:
    """Keep each document as its next version."""
    documents = await documents_in(request, lambda body: read(body, models.Assets).iterable)
    return await _kept(request, documents)


async def _keep(request: web.Request) -> web.StreamResponse:
    """Keep one document as its next version."""
    return await _kept(request, await documents_in(request, lambda document: (document,)))


async def _kept(request: web.Request, documents: tuple[models.Document, ...] | None) -> web.Response:
    if documents is None:
        await (await start_creation(request))
    else:
        await request.app[LIBRARY].backup_assets(documents)
    return web.Response(status=204)


ROUTES = (
    Route(
        method="POST",
        path="/backup",
        handler=_keep_all,
        summary="Keep documents, or make a backup",
        operation=Operation.BACKUP_ASSETS,
        number=5,
        takes=models.Assets,
        statuses=(204, 505, 511),
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
        statuses=(204, 505, 511),
        changes=True,
    ),
)
