"""The WebSockets: one job told frame by frame (14 and 15 of the contract), or all that are in progress (16).

A generated client calls the same paths with a plain GET: it is answered one document, as 3 and 9 do.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine

from aiohttp import WSCloseCode, WSMsgType, web

from reprieve import RunningJob
from reprieve.core.errors import InvalidRequest, ReprieveError
from reprieve.core.job import Backup, Job
from reprieve.core.operations import Operation
from reprieve.transports.pieces import models
from reprieve.transports.pieces.conversion import to_json
from reprieve.transports.pieces.models import BackupStreamedProgress, Status

from .answers import JSON
from .bodies import document_of
from .callers import upgrades
from .catalogue import named_backup
from .creations import start_creation
from .following import Follower
from .keys import SETTINGS, WALL
from .restorations import start_restoration
from .routes import Route
from .streams import begun, step, tell_progress
from .taking import taken

Start = Callable[[web.Request], Awaitable[RunningJob[Backup]]]

FIRST_FRAME = 1.0
"""Seconds in which a client may say what it wants; after that it is served as if it had said nothing."""

PING_EVERY = 20.0
"""Seconds; a client that does not answer within half of it is gone."""

LONGEST_REASON = 123
"""Bytes of the reason in a closing frame (RFC 6455, 5.5)."""

PROTOCOL = "reprieve"
"""The subprotocol that is selected where a client offers it (beside the one that carries its token)."""


async def _creation(request: web.Request) -> web.StreamResponse:
    """Make a backup and follow it."""
    if not upgrades(request):
        return await tell_progress(request, await start_creation(request))
    return await _job_told(request, start_creation)


async def _restoration(request: web.Request) -> web.StreamResponse:
    """Restore the path's Backup and follow that."""
    if not upgrades(request):
        return await tell_progress(request, await start_restoration(request))
    await named_backup(request)
    return await _job_told(request, start_restoration)


async def _all(request: web.Request) -> web.StreamResponse:
    """Every job in progress, at each change."""
    wall = request.app[WALL]
    if not upgrades(request):
        return web.Response(body=wall.now.encode(), content_type=JSON)
    socket = await _opened(request)
    look = wall.look()

    async def tell() -> None:
        async for frame in look:
            await taken(request, socket.send_str(frame))

    try:
        if await _told_to_the_end(socket, tell()):
            await _close(request, socket, WSCloseCode.GOING_AWAY, "The service is stopping.")
    finally:
        wall.leave(look)
    return socket


async def _job_told(request: web.Request, start: Start) -> web.StreamResponse:
    socket = await _opened(request)
    try:
        if not await _first_frame(request, socket):
            return socket  # it left before it wanted anything
        running = await start(request)
    except InvalidRequest as error:
        await _close(request, socket, WSCloseCode.INVALID_TEXT, str(error))
        return socket
    except ReprieveError as error:
        await taken(request, socket.send_str(to_json(BackupStreamedProgress(status=Status.FAILED))))
        await _close(request, socket, WSCloseCode.OK, str(error))
        return socket
    async with await Follower.of(running) as following:
        if await _told_to_the_end(socket, _frames(request, socket, following)):
            await _close(request, socket, *_ending(following.job))
    return socket


async def _frames(request: web.Request, socket: web.WebSocketResponse, following: Follower) -> None:
    """The first one says which Backup it is about, but of a job that has to wait."""
    await following.until(begun, request.app[SETTINGS].hold)
    while not following.over:
        await taken(request, socket.send_str(await step(request, following.job)))
        await following.update()
    await taken(request, socket.send_str(await step(request, following.job)))


def _ending(job: Job) -> tuple[WSCloseCode, str]:
    """A normal close, whose reason says why a job failed; another where the service left first."""
    if not job.final:
        return WSCloseCode.GOING_AWAY, "The service is stopping; ask for the status once it is back."
    return WSCloseCode.OK, job.error.message if job.error else ""


async def _close(request: web.Request, socket: web.WebSocketResponse, code: WSCloseCode, reason: str) -> None:
    cut = reason.encode()[:LONGEST_REASON].decode(errors="ignore")
    await taken(request, socket.close(code=code, message=cut.encode()))


async def _opened(request: web.Request) -> web.WebSocketResponse:
    offered = request.headers.get("Sec-WebSocket-Protocol", "")
    socket = web.WebSocketResponse(
        protocols=(PROTOCOL,) if offered else (),
        heartbeat=PING_EVERY,
        max_msg_size=request.app[SETTINGS].max_body,
        compress=False,
    )
    await socket.prepare(request)
    return socket


async def _first_frame(request: web.Request, socket: web.WebSocketResponse) -> bool:
    """Whether the client is still there once it has said what it wants, or nothing.

    Raises InvalidRequest for what is no JSON object.
    """
    try:
        message = await socket.receive(timeout=FIRST_FRAME)
    except TimeoutError:
        return True
    if message.type is WSMsgType.TEXT:
        await document_of(request, message.data.encode())
        return True
    if message.type is WSMsgType.BINARY:
        raise InvalidRequest("The first frame must be text, not binary; nothing was started.")
    return False


async def _told_to_the_end(socket: web.WebSocketResponse, telling: Coroutine[None, None, None]) -> bool:
    """Whether all was told before the client left. Leaving stops nothing but the telling."""
    told = asyncio.create_task(telling)
    left = asyncio.create_task(_left(socket))
    try:
        await asyncio.wait((told, left), return_when=asyncio.FIRST_COMPLETED)
        if not told.done():
            return False
        try:
            told.result()
        except ConnectionResetError:
            return False
        return True
    finally:
        for task in (told, left):
            task.cancel()
        await asyncio.wait((told, left))


async def _left(socket: web.WebSocketResponse) -> None:
    """Return once the client has gone; what it says meanwhile is nothing that it was asked."""
    async for _ in socket:
        continue


ROUTES = (
    Route(
        method="GET",
        path="/backups/create/streamed/websocket",
        handler=_creation,
        summary="Make a backup and follow it, over a WebSocket",
        operation=Operation.CREATE_BACKUP,
        number=14,
        gives=models.BackupStreamedProgress,
        statuses=(200, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="GET",
        path="/backup/{backup}/restore/streamed/websocket",
        handler=_restoration,
        summary="Restore a backup and follow it, over a WebSocket",
        operation=Operation.RESTORE,
        number=15,
        gives=models.BackupStreamedProgress,
        statuses=(200, 404, 409, 423, 500, 505, 507, 511),
        changes=True,
    ),
    Route(
        method="GET",
        path="/backups/streamed/progress",
        handler=_all,
        summary="Every job in progress, over a WebSocket at each change",
        operation=Operation.WATCH,
        number=16,
        gives=models.BackupsStreamedProgress,
        statuses=(200, 500),
    ),
)
