"""Kept documents under /v1: keeping, listing, and reading every version of one."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.operations import Operation
from reprieve.transports.pieces.models import Document

from ... import wire
from ..keys import LIBRARY
from ..routes import Route
from .shapes import Assets, Documents, WhichVersion
from .talking import asked, queried, told, told_document


async def _assets(request: web.Request) -> web.StreamResponse:
    """The newest version of every document."""
    return told(Assets(tuple(wire.shaped(one) for one in await request.app[LIBRARY].assets())))


async def _keep(request: web.Request) -> web.StreamResponse:
    """Keep each document whole, as its next version."""
    documents = (await asked(request, Documents)).documents
    kept = await request.app[LIBRARY].backup_assets(documents)
    return told(Assets(tuple(wire.shaped(one) for one in kept)))


async def _asset(request: web.Request) -> web.StreamResponse:
    """One document, whole."""
    which = queried(request, WhichVersion)
    return told_document(await request.app[LIBRARY].asset(request.match_info["asset"], which.version))


async def _history(request: web.Request) -> web.StreamResponse:
    """Every version of one document, oldest first."""
    found = await request.app[LIBRARY].asset_history(request.match_info["asset"])
    return told(Assets(tuple(wire.shaped(one) for one in found)))


ROUTES = (
    Route(
        method="GET",
        path="/v1/assets",
        handler=_assets,
        summary="List the kept documents",
        operation=Operation.ASSETS,
        gives=Assets,
        statuses=(200, 500, 505, 511),
    ),
    Route(
        method="POST",
        path="/v1/assets",
        handler=_keep,
        summary="Keep documents",
        operation=Operation.BACKUP_ASSETS,
        takes=Documents,
        gives=Assets,
        statuses=(200, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="GET",
        path="/v1/assets/{asset}",
        handler=_asset,
        summary="Read a kept document",
        operation=Operation.ASSET,
        query=WhichVersion,
        gives=Document,
        statuses=(200, 404, 500, 505, 511),
    ),
    Route(
        method="GET",
        path="/v1/assets/{asset}/versions",
        handler=_history,
        summary="List the versions of a kept document",
        operation=Operation.ASSET_HISTORY,
        gives=Assets,
        statuses=(200, 404, 500, 505, 511),
    ),
)
