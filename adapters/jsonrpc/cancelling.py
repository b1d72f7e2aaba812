"""A cancel by method: accepted or too late, answered once the job has ended and the client has been told."""

from __future__ import annotations

from reprieve.core.errors import IllegalTransition, JobFailed, TooLate
from reprieve.core.job import Job

from ..wire import shaped
from .call import Call
from .errors import Refused, RpcError
from .shapes import CancelAnswer


async def cancelled(call: Call, job: Job) -> CancelAnswer:
    """Whether the cancel came in time, and the job as it ended. Raises Refused for one that had failed."""
    accepted = True
    try:
        job = await call.library.cancel(job.id)
    except TooLate:
        accepted, job = False, await call.library.job(job.id)
    except JobFailed:
        job = await call.library.job(job.id)
    except IllegalTransition as error:
        state = (await call.library.job(job.id)).state.value
        more = {"state": state, "job": job.id}
        raise Refused(RpcError(error.rpc_code, str(error), error.kind, more)) from error
    await call.changes.catch_up()
    return CancelAnswer(accepted, shaped(job))
