"""Server-sent events under /v1: every change of every job, or of one, resumable where a client left off.

An event's id is the number of a line of the journal, so it holds across connections and runs of the service:
a client that comes back with `Last-Event-ID` misses no change. Progress is no line and has no id. An id
always comes with data, for there are clients that forget one that comes alone.
"""

from __future__ import annotations

import json
from collections.abc import AsyncGenerator
from contextlib import aclosing

from aiohttp import web

from reprieve import Library
from reprieve.core.job import Job
from reprieve.core.operations import Operation
from reprieve.library import watching

from ... import wire
from ..answers import streamed
from ..following import Updates
from ..forms import EVENTS
from ..keys import LIBRARY, SETTINGS, STOPPING
from ..routes import Route
from ..taking import taken
from .jobs import named_job


async def _all(request: web.Request) -> web.StreamResponse:
    """The changes of every job, after how the unsettled ones stand. Ends when the service stops."""
    library = request.app[LIBRARY]
    after = await _left_off(request)
    async with watching(library) as jobs:
        return await _streamed(request, _Story(library, after, None), Updates(jobs, request.app[STOPPING]))


async def _one(request: web.Request) -> web.StreamResponse:
    """The changes of one job, from how it stands to its end; 204 where a client has heard that already."""
    library = request.app[LIBRARY]
    job = await named_job(request)
    after = await _left_off(request)
    if job.final and after is not None and not [one async for one in library.history(after, job=job.id)]:
        return web.Response(status=204)  # an EventSource asks again after each end; this stops it
    async with aclosing(aiter(await library.follow(job.id))) as jobs:
        return await _streamed(request, _Story(library, after, job.id), Updates(jobs))


class _Story:
    """What one client has received: up to which line of the journal, and of each job how it stood."""

    def __init__(self, library: Library, after: int | None, job: str | None) -> None:
        self._library = library
        self._after = after
        self._job = job
        self._told: dict[str, Job] = {}

    async def begin(self) -> AsyncGenerator[bytes]:
        """What was missed since the client left off; or else how things stand, and where to begin."""
        events = self._standing() if self._after is None else self.missed()
        async for event in events:
            yield event

    async def _standing(self) -> AsyncGenerator[bytes]:
        """The line from which nothing will be missed comes last: a client that has it has the rest."""
        self._after = await self._library.newest_change()
        if self._job is not None:
            yield self._tell(await self._library.job(self._job), self._after)
            return
        for job in reversed(await self._library.jobs(unsettled=True)):
            yield self._tell(job)
        yield _event("position", {"seq": self._after}, self._after)

    async def missed(self) -> AsyncGenerator[bytes]:
        """Every change since the newest that was told."""
        async for entry in self._library.history(self._after or 0, job=self._job):
            self._after = entry.seq
            yield self._tell(entry.job, entry.seq)

    async def go_on(self, job: Job) -> AsyncGenerator[bytes]:
        """What an update means: changes, which the journal numbers, or progress."""
        if self._is_news(job):
            async for event in self.missed():
                yield event
        if self._is_news(job) or self._is_progress(job):
            yield self._tell(job)

    def _is_news(self, job: Job) -> bool:
        return job.id not in self._told or self._told[job.id].version < job.version

    def _is_progress(self, job: Job) -> bool:
        told = self._told[job.id]
        return told.version == job.version and told != job and not job.final

    def _tell(self, job: Job, id: int | None = None) -> bytes:
        self._told[job.id] = job
        return _event("job", wire.on_wire(job), id)


async def _streamed(request: web.Request, story: _Story, updates: Updates) -> web.StreamResponse:
    response = streamed(EVENTS.content_type)
    async with updates:
        try:
            await response.prepare(request)
            async for event in story.begin():
                await taken(request, response.write(event))
            while not updates.over:
                job = await updates.next(request.app[SETTINGS].heartbeat)
                if job is not None:
                    async for event in story.go_on(job):
                        await taken(request, response.write(event))
                elif not updates.over:
                    await taken(request, response.write(EVENTS.alive("")))
        except ConnectionResetError:  # the client has left
            return response
    return response


async def _left_off(request: web.Request) -> int | None:
    """Up to which line of the journal the client has heard; None for none, or one of another journal."""
    said = request.headers.get("Last-Event-ID", "")
    heard = int(said) if said.isascii() and said.isdecimal() and len(said) < 20 else None
    if heard is None or heard > await request.app[LIBRARY].newest_change():
        return None
    return heard


def _event(name: str, members: wire.Members, id: int | None) -> bytes:
    data = json.dumps(members, separators=(",", ":"))
    numbered = "" if id is None else f"id: {id}\n"
    return f"{numbered}event: {name}\ndata: {data}\n\n".encode()


ROUTES = (
    Route(
        method="GET",
        path="/v1/events",
        handler=_all,
        summary="The changes of every job, as server-sent events",
        operation=Operation.WATCH,
        gives=wire.Job,
        media=EVENTS.content_type,
        statuses=(200, 500),
    ),
    Route(
        method="GET",
        path="/v1/jobs/{job}/events",
        handler=_one,
        summary="The changes of one job, as server-sent events",
        operation=Operation.JOB,
        gives=wire.Job,
        media=EVENTS.content_type,
        statuses=(200, 204, 404, 500),
    ),
)
