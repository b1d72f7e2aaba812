"""The ways in which a service begins a job and tells how it goes: web socket, lines, one answer, waiting.

They are tried in this order; what a service does not have is remembered. A way is left for the next only
where the service has certainly begun nothing, so that a job is never begun twice. Knows the API's steps;
nothing of our events, and nothing of what to do when a connection is lost.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, aclosing
from functools import partial

import aiohttp
import attrs

from ...core.errors import (
    OutcomeUnknown,
    RemoteProtocolError,
    ReprieveError,
    TimedOut,
    TransportError,
    Unsupported,
)
from ...core.job import JobKind
from . import models
from .answer import Answer
from .border import border
from .client import JSON, NoSocket
from .conversion import to_json
from .models import BackupStreamedProgress, Status
from .refusals import NOT_THERE, cleaned, refusal
from .service import IN_PROGRESS, PATHS, Service

log = logging.getLogger(__name__)

NDJSON = "application/x-ndjson"
STATUS = PATHS[JobKind.CREATION].status.removeprefix("/backup/{}")
"""How a Location ends that says where a creation stands, and not where its Backup will be."""

HANDSHAKE_WITHIN = 5.0
"""Seconds for the handshake that finds out whether there are web sockets; a proxy may swallow it."""
REASON_WITHIN = 2.0
"""Seconds for the reason of a failure, which comes where a web socket is closed."""


@attrs.frozen
class Told:
    """One step of a job, as a service told it.

    `ours` says that it is certainly that of the job that was asked for: what a status says before there is
    an answer may be another's of the same Backup. `reason` is why it failed, in the service's sentence.
    """

    progress: BackupStreamedProgress
    ours: bool = True
    reason: str = ""


Telling = AsyncGenerator[Told, None]
"""What a service tells of one job. The last has a final status, or the service stopped telling."""


@attrs.frozen
class Errand:
    """What a service is asked for.

    `key` makes asking twice the same as asking once, where a service knows keys.
    """

    kind: JobKind
    key: str
    backup: models.Backup | None = None

    @property
    def names(self) -> tuple[str, ...]:
        """What stands for the `{}` in its paths."""
        return (self.backup.id,) if self.backup else ()

    @property
    def body(self) -> str:
        """What is sent with it: a copy of the Backup to restore, or a seed for a new one."""
        return to_json(self.backup or models.SeededBackup(models.Schema()))

    @property
    def headers(self) -> dict[str, str]:
        """What is said beside it."""
        return {"Idempotency-Key": self.key}


class Ways:
    """The ways of one service."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self._client = service.client
        self._missing: set[tuple[JobKind, str]] = set()
        self._makes_sockets: bool | None = None

    async def start(self, errand: Errand) -> Telling:
        """Begin a job, and tell how it goes.

        Raises Unsupported where the service has no way to, and what client.py raises; OutcomeUnknown once
        it may have begun.
        """
        tried: list[tuple[JobKind, str]] = []
        hindered: ReprieveError | None = None
        for way in (self._by_socket, self._by_stream, self._by_waiting):
            name = (errand.kind, way.__name__)
            if name in self._missing:
                continue
            try:
                async with aclosing(way(errand)) as steps:
                    async for step in steps:
                        self._missing.update(tried)  # only now: a service may have refused for a moment
                        yield step
                return
            except NotOffered as refused:
                if refused.now is None:
                    tried.append(name)
                hindered = hindered or refused.now
        if hindered is not None:
            raise hindered
        raise Unsupported(
            f"{self._service.where} has no way to begin a {errand.kind}; is it a backup service?"
        )

    # -- web socket ---------------------------------------------------------------------------

    async def _by_socket(self, errand: Errand) -> Telling:
        if not await self._has_sockets():
            raise NotOffered
        try:
            async with self._client.socket(
                PATHS[errand.kind].socket, *errand.names, headers=errand.headers
            ) as socket:
                with border(self._service.where, changes=True):
                    await socket.send_str(errand.body)
                within: float | None = (
                    self._client.timeouts.idle
                )  # pings keep it alive, also if it never speaks
                while isinstance(frame := await self._frame(socket, within), str):
                    within = None
                    step = self._step(frame)
                    yield Told(
                        step, reason=await self._reason(socket) if step.status is Status.FAILED else ""
                    )
        except NoSocket as refused:
            raise self._no_socket(refused.status) from refused

    async def _has_sockets(self) -> bool:
        """Whether the service makes web sockets, tried on the one that begins nothing.

        Where it makes none, it may take the handshake of another for a plain GET, and begin a job. What
        lies between may drop a handshake, or swallow it, and let all else pass: that is not remembered.
        """
        if self._makes_sockets is None:
            try:
                async with asyncio.timeout(HANDSHAKE_WITHIN), self._client.socket(IN_PROGRESS, changes=False):
                    self._makes_sockets = True
            except NoSocket as refused:
                error = refusal(self._service.where, refused.status)
                if error.temporary:
                    raise NotOffered(error) from refused
                self._makes_sockets = False
            except TransportError as error:
                raise NotOffered(error) from error
            except TimeoutError as error:
                raise NotOffered(TimedOut(f"{self._service.where} answers no handshake.")) from error
        return self._makes_sockets

    def _no_socket(self, status: int) -> Exception:
        """What to make of a refused handshake. Its sentence cannot be had; the next way will be told it."""
        if status < 400:
            return OutcomeUnknown(
                f"{self._service.where} answered a handshake with {status}; it may have begun a job."
            )
        begun_nothing = status < 500 or status in (501, 503, 505, 511)
        return NotOffered() if begun_nothing else refusal(self._service.where, status, changes=True)

    async def _reason(self, socket: aiohttp.ClientWebSocketResponse) -> str:
        """Why a job failed that has failed, if the service says so where it closes the socket."""
        try:
            end = await self._frame(socket, REASON_WITHIN)
        except TransportError as error:
            log.debug("%s says that a job failed, and not why: %s", self._service.where, error)
            return ""
        return cleaned(end.reason) if isinstance(end, _Closed) else ""

    async def _frame(self, socket: aiohttp.ClientWebSocketResponse, within: float | None) -> str | _Closed:
        """The next frame, or the end; `within` so many seconds."""
        with border(self._service.where, changes=True):
            message = await socket.receive(within)
        if message.type is aiohttp.WSMsgType.TEXT:
            return str(message.data)
        if message.type is aiohttp.WSMsgType.ERROR and isinstance(message.data, aiohttp.WebSocketError):
            raise RemoteProtocolError(
                f"{self._service.where} sent a frame that cannot be read: {message.data}."
            )
        if message.type is aiohttp.WSMsgType.BINARY:
            raise RemoteProtocolError(f"{self._service.where} sent a frame of bytes, where text is wanted.")
        return _Closed(message.extra or "" if message.type is aiohttp.WSMsgType.CLOSE else "")

    # -- one request ----------------------------------------------------------------------------

    def _by_stream(self, errand: Errand) -> Telling:
        """Progress as lines from a service that can, or else its end alone, with heartbeats before it."""
        accept = f"{NDJSON}, {JSON};q=0.5"
        return self._by_request(errand, PATHS[errand.kind].streamed, self._step, accept)

    def _by_waiting(self, errand: Errand) -> Telling:
        """Its end alone, which may come without a byte before it."""
        return self._by_request(errand, PATHS[errand.kind].blocking, self._end, patient=True)

    async def _by_request(
        self,
        errand: Errand,
        path: str,
        last: Callable[[bytes], BackupStreamedProgress],
        accept: str = JSON,
        patient: bool = False,
    ) -> Telling:
        request = self._client.answer(
            "POST",
            path,
            *errand.names,
            body=errand.body,
            accept=accept,
            headers=errand.headers,
            patient=patient,
        )
        async with AsyncExitStack() as stack:
            heading = asyncio.create_task(stack.enter_async_context(request))
            if patient:
                looks = self._service.patience.looks(heading, partial(self._standing, errand))
                async with aclosing(looks) as steps:
                    async for step in steps:
                        if step and not step.status.final:  # that is certainly another's
                            yield Told(step, ours=False)
            answer = await heading
            if answer.status in NOT_THERE:
                raise NotOffered
            if not answer.good:
                raise await answer.error()
            named = _named(answer.location)
            lines = answer.media_type == NDJSON
            telling = self._lines(answer) if lines else self._whole(answer, errand, last)
            heard = False
            try:
                async with aclosing(telling) as told:
                    async for each in told:
                        heard = True
                        yield each
            except OutcomeUnknown:
                if heard or not named:
                    raise
            if named and not heard:
                yield await self._found(errand.kind, named)

    async def _found(self, kind: JobKind, name: str) -> Told:
        """How a job stands that was begun, and of which nothing was told but its Backup's name."""
        found = await self._service.patience.found(partial(self._service.status, kind, name))
        if found.status.final and kind is JobKind.RESTORATION:  # it may be how an earlier one ended
            raise OutcomeUnknown(f"{self._service.where} stopped telling before it said anything.")
        return Told(found)

    async def _lines(self, answer: Answer) -> Telling:
        async with aclosing(answer.lines()) as lines:
            async for line in lines:
                yield Told(self._step(line))

    async def _whole(
        self, answer: Answer, errand: Errand, last: Callable[[bytes], BackupStreamedProgress]
    ) -> Telling:
        """The end; and until it comes, what the status says of the Backup that is named."""
        named = "".join(errand.names) or _named(answer.location)
        reading = asyncio.create_task(answer.whole())
        looks = self._service.patience.looks(reading, partial(self._news, errand.kind, named))
        async with aclosing(looks) as steps:
            async for step in steps:
                if step and not step.status.final:  # that may be how an earlier job ended
                    yield Told(step)
        yield Told(last(reading.result()))

    async def _standing(self, errand: Errand) -> BackupStreamedProgress | None:
        """How the Backup that is named stands. Where none is, whether anybody is there."""
        for name in errand.names:
            return await self._service.status(errand.kind, name)
        await self._service.is_there()
        return None

    async def _news(self, kind: JobKind, name: str) -> BackupStreamedProgress | None:
        """How a Backup stands, if that is said; that the service is there its heartbeats show."""
        try:
            return await self._service.status(kind, name) if name else None
        except ReprieveError as error:
            log.debug("no news of the %s of %s: %s", kind, name, error)
            return None

    def _step(self, raw: bytes | str) -> BackupStreamedProgress:
        return self._service.said(raw, BackupStreamedProgress)

    def _end(self, raw: bytes) -> BackupStreamedProgress:
        return BackupStreamedProgress(self._service.said(raw, models.Backup), Status.COMPLETED, 100.0)


class NotOffered(Exception):
    """The service does not have this way, and has begun nothing. It may have it later if `now` hinders."""

    def __init__(self, now: ReprieveError | None = None) -> None:
        super().__init__(now)
        self.now = now


@attrs.frozen
class _Closed:
    """A web socket's end, and the reason that came with it."""

    reason: str


def _named(location: str) -> str:
    """The id of the Backup that a Location names, if it does: the path ends with it, or with its status."""
    return location.removesuffix(STATUS).rpartition("/")[2]
