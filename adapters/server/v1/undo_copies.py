"""The way back under /v1: what restorations replaced, reverting to it, and dropping it for good."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.operations import Operation

from ... import wire
from ..keys import LIBRARY
from ..routes import Route
from .shapes import StartRevert, UndoCopies
from .talking import asked, key_for, started, told


async def _undo_copies(request: web.Request) -> web.StreamResponse:
    """What a revert can go back to, newest first."""
    return told(UndoCopies(tuple(wire.shaped(one) for one in await request.app[LIBRARY].undo_copies())))


async def _revert(request: web.Request) -> web.StreamResponse:
    """Start going back to an undo copy; answers at once with the job."""
    wanted = await asked(request, StartRevert)
    key = key_for(request, wanted.idempotency_key)
    running = await request.app[LIBRARY].revert(wanted.undo, idempotency_key=key, detach=wanted.detach)
    return await started(request, running)


async def _forget(request: web.Request) -> web.StreamResponse:
    """Drop an undo copy for good."""
    await request.app[LIBRARY].forget_undo(request.match_info["undo"])
    return web.Response(status=204)


ROUTES = (
    Route(
        method="GET",
        path="/v1/undo-copies",
        handler=_undo_copies,
        summary="List what a revert can go back to",
        operation=Operation.UNDO_COPIES,
        gives=UndoCopies,
        statuses=(200, 500),
    ),
    Route(
        method="POST",
        path="/v1/revert",
        handler=_revert,
        summary="Start reverting a restoration",
        operation=Operation.REVERT,
        takes=StartRevert,
        gives=wire.Job,
        statuses=(202, 404, 409, 500),
        changes=True,
    ),
    Route(
        method="DELETE",
        path="/v1/undo-copies/{undo}",
        handler=_forget,
        summary="Drop an undo copy for good",
        operation=Operation.FORGET_UNDO,
        statuses=(204, 404, 500),
        changes=True,
    ),
)
