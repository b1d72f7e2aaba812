"""A job told over one response: its result alone (2 and 8 of the contract), or how it goes (3 and 9).

Headers wait: those of a result for Settings.hold, those of a stream until the work has begun, so that what
fails early has a status of its own. Then a newline keeps the client from giving up. After the headers, 3 and
9 tell a failure as a status; 2 and 8 cannot, so they say the sentence and break the body off: no client
library takes that for a Backup. A client that goes away stops nothing.
"""

from __future__ import annotations

from aiohttp import web

from reprieve import RunningJob
from reprieve.core.endings import raise_unless_done
from reprieve.core.errors import ReprieveError
from reprieve.core.job import Backup, Job, JobKind
from reprieve.transports.pieces.conversion import to_json
from reprieve.transports.pieces.translation import backup_model, progress_model

from .answers import document, streamed
from .following import Follower
from .forms import WHOLE, Form, form_for
from .keys import LOOKUPS, SETTINGS
from .routes import reached
from .taking import taken


async def tell_result(request: web.Request, running: RunningJob[Backup]) -> web.StreamResponse:
    """The Backup, once there is one. Raises what the job failed of, if it did so early."""
    settings = request.app[SETTINGS]
    async with await Follower.of(running) as following:
        if await following.until(_ended, settings.hold) and following.job.final:
            return document(backup_model(await running.outcome()), location_of(request, following.job))
        response = _response(request, WHOLE, following.job)
        try:
            await response.prepare(request)
            while not await following.until(_ended, settings.heartbeat):
                await taken(request, response.write(b"\n"))
            await _tell_end(request, response, running, following.job)
        except ConnectionResetError:  # the client has left, and the job goes on
            return response
        return response


async def tell_progress(request: web.Request, running: RunningJob[Backup]) -> web.StreamResponse:
    """How the job goes, in the form that the client accepts. Raises what it failed of before it began."""
    settings = request.app[SETTINGS]
    form = form_for(request)
    async with await Follower.of(running) as following:
        await following.until(begun, settings.hold)
        job = raise_unless_done(following.job)
        response = _response(request, form, job)
        try:
            await response.prepare(request)
            await _tell_steps(request, response, form, following)
        except ConnectionResetError:  # the client has left, and the job goes on
            return response
        return response


async def _tell_steps(
    request: web.Request, response: web.StreamResponse, form: Form, following: Follower
) -> None:
    heartbeat = request.app[SETTINGS].heartbeat
    newest = await step(request, following.job)
    if form.steps and not following.over:
        await taken(request, response.write(form.frame(newest)))
    while not following.over:
        if not await following.until(_anything if form.steps else _ended, heartbeat):
            await taken(request, response.write(form.alive(newest)))
            continue
        newest = await step(request, following.job)
        if not following.over:
            await taken(request, response.write(form.frame(newest)))
    await taken(request, response.write(form.frame(newest)))


async def step(request: web.Request, job: Job) -> str:
    """How a job stands, as streams and sockets say it."""
    return to_json(progress_model(await request.app[LOOKUPS].with_its_backup(job)))


def begun(job: Job) -> bool:
    """Whether the work has begun, and so there is a Backup to speak of; or whether it never will."""
    return job.final or job.backup is not None


async def _tell_end(
    request: web.Request, response: web.StreamResponse, running: RunningJob[Backup], job: Job
) -> None:
    """The Backup; or a sentence, and a body that is broken off."""
    try:
        if not job.final:
            raise ReprieveError(f"The service closes, and {job.kind} {job.id} goes on; ask for its status.")
        await taken(request, response.write(to_json(backup_model(await running.outcome())).encode()))
    except ReprieveError as error:
        await taken(request, response.write(str(error).encode()))
        if request.transport is not None:
            request.transport.close()  # without the last chunk, so that no client takes it for whole


def _response(request: web.Request, form: Form, job: Job) -> web.StreamResponse:
    return streamed(form.content_type, location_of(request, job))


def location_of(request: web.Request, job: Job) -> dict[str, str]:
    """Where a creation stands, from its first moment on and however it ends; it names the Backup.

    (The Backup itself is not found before it is published.)
    """
    if job.kind is not JobKind.CREATION or job.backup is None:
        return {}
    return {"Location": reached(request, f"/backup/{job.backup.id}/creation/status")}


def _ended(job: Job) -> bool:
    return job.final


def _anything(job: Job) -> bool:
    return True
