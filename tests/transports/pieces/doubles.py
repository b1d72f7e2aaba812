"""A scripted service: it offers only some ways, loses connections, forgets answers, and counts what it began.

Its jobs go on whoever listens, as real ones do. Tests hold a job where they want it, and let it go.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from itertools import count
from typing import Any

import attrs
from aiohttp import WSCloseCode, web
from aiohttp.test_utils import TestServer

WAYS = ("socket", "lines", "heartbeat", "blocking")
STEPS = (0.0, 40.0, 80.0, 100.0)

NOTHING_THERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


def backup_called(backup_id: str, size: int = 1000) -> dict[str, Any]:
    """A Backup as the API says it."""
    version, _, timestamp = backup_id.partition("_")
    return {
        "id": backup_id,
        "version": version,
        "timestamp": timestamp,
        "bytes": size,
        "created": {"value": "2026-11-22T14:30:05.123Z"},
        "device_name": "double",
        "platform": "LINUX",
    }


@attrs.define(eq=False)
class DoubleJob:
    """One job of the double."""

    kind: str
    backup: dict[str, Any]
    held: asyncio.Event
    key: str | None = None
    status: str = "IN-PROGRESS"
    percentage: float = 0.0
    news: asyncio.Condition = attrs.field(factory=asyncio.Condition)
    cancels: int = 0

    @property
    def final(self) -> bool:
        return self.status in ("COMPLETED", "CANCELED", "FAILED")

    def told(self) -> str:
        return json.dumps({"backup": self.backup, "status": self.status, "percentage": self.percentage})

    async def become(self, status: str, percentage: float) -> None:
        async with self.news:
            self.status, self.percentage = status, percentage
            self.news.notify_all()

    async def after(self, told: str) -> str:
        """What is told of it, once that is something else than `told`."""
        async with self.news:
            await self.news.wait_for(lambda: self.told() != told)
            return self.told()

    async def ended(self) -> None:
        async with self.news:
            await self.news.wait_for(lambda: self.final)


@attrs.define(eq=False)
class Double:
    """The service. `hold` keeps its jobs at their second step until `go` is set.

    `cut` cuts a stream off after so many steps (0: before any, with the job begun); `ends` is how
    jobs end. `heard` lists what it was asked, method and path, `began` its jobs in order.
    """

    ways: tuple[str, ...] = WAYS
    hold: bool = False
    cut: int | None = None
    ends: str = "COMPLETED"
    reason: str = ""
    instead: dict[str, Handler] = attrs.field(factory=dict)
    go: asyncio.Event = attrs.field(factory=asyncio.Event)
    heard: list[str] = attrs.field(factory=list)
    began: list[DoubleJob] = attrs.field(factory=list)
    published: dict[str, dict[str, Any]] = attrs.field(factory=dict)
    tasks: set[asyncio.Task[None]] = attrs.field(factory=set)

    # -- serving --------------------------------------------------------------------------------

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """The address at which it answers while the block runs."""
        app = web.Application()
        app.router.add_route("*", "/{path:.*}", self.answer)
        async with TestServer(app) as server:
            yield str(server.make_url("")).rstrip("/")
            for task in self.tasks:
                task.cancel()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """What it answers to a request."""
        self.heard.append(f"{request.method} {request.path}")
        for path, handler in self.instead.items():
            if request.path.endswith(path):
                return await handler(request)
        parts = request.path.strip("/").split("/")
        upgrade = request.headers.get("Upgrade", "").lower() == "websocket"
        match parts:
            case ["backups", "streamed", "progress"] if upgrade and "socket" in self.ways:
                return await self._watch(request)
            case ["backups"]:
                return web.json_response({"iterable": list(self.published.values())})
            case ["backup"]:
                return web.Response(status=204)
            case ["backup", backup_id] if backup_id in self.published:
                return web.json_response(self.published[backup_id])
            case ["backups", backup_id, "delete"] if backup_id in self.published:
                del self.published[backup_id]
                return web.Response(status=204)
            case ["backup", backup_id, job, "status"]:
                return self._status(backup_id, job)
            case ["backup", backup_id, job, "cancel"]:
                return await self._cancel(backup_id, job)
            case ["backups", "create", *way]:
                return await self._start(request, "creation", None, way)
            case ["backup", backup_id, "restore", *way]:
                return await self._start(request, "restoration", backup_id, way)
            case _:
                return web.Response(status=404, text="There is nothing here.")

    async def _watch(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.send_str(json.dumps({"backups": [], "restorations": []}))
        await socket.receive()
        return socket

    # -- jobs ---------------------------------------------------------------------------------------

    async def _start(
        self, request: web.Request, kind: str, backup_id: str | None, way: list[str]
    ) -> web.StreamResponse:
        lines = "application/x-ndjson" in request.headers["Accept"] and "lines" in self.ways
        match way:
            case ["streamed", "websocket"] if "socket" in self.ways:
                return await self._by_socket(request, kind, backup_id)
            case ["streamed"] if lines:
                return await self._by_lines(request, self.begin(kind, backup_id, request))
            case ["streamed"] if "heartbeat" in self.ways:
                return await self._by_heartbeat(request, self.begin(kind, backup_id, request))
            case [] if "blocking" in self.ways:
                job = self.begin(kind, backup_id, request)
                await job.ended()
                if job.status != "COMPLETED":
                    return web.Response(status=500, text=f"The {kind} is {job.status}.")
                return web.json_response(job.backup)
        return web.Response(status=404)

    def begin(self, kind: str, backup_id: str | None, request: web.Request | None = None) -> DoubleJob:
        """Begin a job."""
        backup_id = backup_id or f"1.0.0_20261122T1430{len(self.began):02}123Z"
        key = request.headers.get("Idempotency-Key") if request else None
        job = DoubleJob(kind, backup_called(backup_id), self.go if self.hold else _set(), key)
        self.began.append(job)
        task = asyncio.create_task(self._work(job))
        self.tasks.add(task)
        task.add_done_callback(self.tasks.discard)
        return job

    async def _work(self, job: DoubleJob) -> None:
        for percentage in STEPS:
            await job.become("IN-PROGRESS", percentage)
            await asyncio.sleep(0)
            if percentage == STEPS[1]:
                waiting = (asyncio.ensure_future(job.held.wait()), asyncio.ensure_future(job.ended()))
                await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
                for each in waiting:
                    each.cancel()
            if job.final:
                return
        if self.ends == "COMPLETED":
            self.published[job.backup["id"]] = job.backup
        await job.become(self.ends, 100.0 if self.ends == "COMPLETED" else job.percentage)

    def _newest(self, backup_id: str, kind: str) -> DoubleJob | None:
        jobs = [job for job in self.began if (job.kind, job.backup["id"]) == (kind, backup_id)]
        return jobs[-1] if jobs else None

    def _status(self, backup_id: str, kind: str) -> web.Response:
        job = self._newest(backup_id, kind)
        if job is None:
            return web.Response(status=404, text="There is no such job.")
        return web.json_response({**json.loads(job.told()), "value": job.status})

    async def _cancel(self, backup_id: str, kind: str) -> web.Response:
        job = self._newest(backup_id, kind)
        if job is None or job.final:
            return web.Response(status=500, text="There is nothing to cancel.")
        job.cancels += 1
        await job.become("CANCELED", job.percentage)
        return web.Response(status=204)

    # -- ways -----------------------------------------------------------------------------------------

    async def _by_socket(self, request: web.Request, kind: str, backup_id: str | None) -> web.StreamResponse:
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        await socket.receive_json()
        job = self.begin(kind, backup_id, request)
        async for told in self._steps(request, job):
            await socket.send_str(told)
        await socket.close(code=WSCloseCode.OK, message=self.reason.encode())
        return socket

    async def _by_lines(self, request: web.Request, job: DoubleJob) -> web.StreamResponse:
        response = web.StreamResponse(headers={"Content-Type": "application/x-ndjson"})
        await response.prepare(request)
        async for told in self._steps(request, job):
            await response.write(told.encode() + b"\n")
        return response

    async def _by_heartbeat(self, request: web.Request, job: DoubleJob) -> web.StreamResponse:
        headers = {"Content-Type": "application/json", "Location": f"/backup/{job.backup['id']}"}
        response = web.StreamResponse(headers=headers)
        await response.prepare(request)
        async for _ in self._steps(request, job):
            await response.write(b"\n")
        await response.write(job.told().encode())
        return response

    async def _steps(self, request: web.Request, job: DoubleJob) -> AsyncIterator[str]:
        """The job as it becomes; cut off where this double does that."""
        told = ""
        for number in count():
            told = await job.after(told)
            if number == self.cut:
                assert request.transport is not None
                request.transport.abort()
                raise ConnectionResetError
            yield told
            if job.final:
                return


def _set() -> asyncio.Event:
    event = asyncio.Event()
    event.set()
    return event


@asynccontextmanager
async def raw(answer: Callable[[bytes], bytes | None]) -> AsyncIterator[str]:
    """A service of bytes: what it answers to requests; None leaves them without one, b'' hangs up."""

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        asked_first = b"/v1/service" in request or b"/backups/streamed/progress" in request
        said = NOTHING_THERE if asked_first else answer(request)
        if said is None:
            await reader.read()
        else:
            writer.write(said)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(talk, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
