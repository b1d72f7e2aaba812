"""Jobs under /v1, whichever process runs them: listed, looked at, cancelled."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.errors import NotFound
from reprieve.core.job import Job
from reprieve.core.operations import Operation

from ... import wire
from ..keys import LIBRARY
from ..routes import Route
from .shapes import Jobs, WhichJobs
from .talking import queried, told, told_value


async def named_job(request: web.Request) -> Job:
    """The job that the path names. Raises NotFound, also for one of another database."""
    library = request.app[LIBRARY]
    job = await library.job(request.match_info["job"])
    if job.database != library.database:
        raise NotFound(f"There is no job {job.id} of this database; GET /v1/jobs lists what there is.")
    return job


async def _jobs(request: web.Request) -> web.StreamResponse:
    """The newest jobs, newest first."""
    which = queried(request, WhichJobs)
    found = await request.app[LIBRARY].jobs(unsettled=which.unsettled, limit=which.limit)
    return told(Jobs(tuple(wire.shaped(job) for job in found)))


async def _job(request: web.Request) -> web.StreamResponse:
    """One job, as it stands."""
    return told_value(await named_job(request))


async def _cancel(request: web.Request) -> web.StreamResponse:
    """Cancel a job; answers once everything is as it was before, with the job as it ended."""
    return told_value(await request.app[LIBRARY].cancel((await named_job(request)).id))


ROUTES = (
    Route(
        method="GET",
        path="/v1/jobs",
        handler=_jobs,
        summary="List the jobs",
        operation=Operation.JOBS,
        query=WhichJobs,
        gives=Jobs,
        statuses=(200, 500),
    ),
    Route(
        method="GET",
        path="/v1/jobs/{job}",
        handler=_job,
        summary="Look at a job",
        operation=Operation.JOB,
        gives=wire.Job,
        statuses=(200, 404, 500),
    ),
    Route(
        method="POST",
        path="/v1/jobs/{job}/cancel",
        handler=_cancel,
        summary="Cancel a job",
        operation=Operation.CANCEL,
        gives=wire.Job,
        statuses=(200, 404, 500),
        changes=True,
    ),
)
