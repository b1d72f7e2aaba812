"""The methods on jobs, whichever process runs them: list, look, cancel, hear of every change."""

from __future__ import annotations

from reprieve.core.errors import NotFound
from reprieve.core.job import Job
from reprieve.core.operations import Operation

from .. import wire
from ..wire import shaped
from .call import Call
from .cancelling import cancelled
from .methods import Method
from .shapes import CancelAnswer, Jobs, Nothing, OneJob, Subscribe, Subscribed, WhichJobs


async def _list(call: Call, asked: WhichJobs) -> Jobs:
    """The newest jobs, newest first."""
    found = await call.library.jobs(unsettled=asked.unsettled, limit=asked.limit)
    return Jobs(tuple(shaped(job) for job in found))


async def _get(call: Call, asked: OneJob) -> Job:
    """One job, as it stands."""
    return await _named(call, asked)


async def _cancel(call: Call, asked: OneJob) -> CancelAnswer:
    """Cancel a job; answered once everything is as it was before."""
    return await cancelled(call, await _named(call, asked))


async def _subscribe(call: Call, asked: Subscribe) -> Subscribed:
    """How the unsettled jobs stand; from then on every change of state comes as `jobs/didChange`."""
    return await call.changes.subscribe(call.library, asked.since)


async def _unsubscribe(call: Call, asked: Nothing) -> None:
    """No more `jobs/didChange`."""
    call.changes.unsubscribe()


async def _named(call: Call, asked: OneJob) -> Job:
    job = await call.library.job(asked.job)
    if job.database != call.library.database:
        raise NotFound(f"There is no job {job.id} of this database; jobs/list says which there are.")
    return job


METHODS = (
    Method(
        name="jobs/list",
        handler=_list,
        summary="List the jobs",
        params=WhichJobs,
        gives=Jobs,
        operation=Operation.JOBS,
    ),
    Method(
        name="jobs/get",
        handler=_get,
        summary="Look at a job",
        params=OneJob,
        gives=wire.Job,
        operation=Operation.JOB,
        errors=(1404,),
    ),
    Method(
        name="jobs/cancel",
        handler=_cancel,
        summary="Cancel a job",
        params=OneJob,
        gives=CancelAnswer,
        operation=Operation.CANCEL,
        errors=(1404, 1409),
        ends_job=True,
    ),
    Method(
        name="jobs/subscribe",
        handler=_subscribe,
        summary="Hear of every change of a job's state",
        params=Subscribe,
        gives=Subscribed,
        operation=Operation.WATCH,
    ),
    Method(
        name="jobs/unsubscribe",
        handler=_unsubscribe,
        summary="Hear no more",
        params=Nothing,
        gives=None,
        operation=Operation.WATCH,
    ),
)
