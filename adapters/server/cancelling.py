"""A cancel of the Pieces API (10 and 12): a 204 when it has finished, and 500 where nothing is in progress.

The API's document says so in words, also of what has been cancelled before; /v1 accepts that.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any

from aiohttp import web

from reprieve.core.errors import IllegalTransition, JobFailed, NotFound
from reprieve.core.job import Job
from reprieve.core.lifecycle import Outcome

from .timely import ended_in_time

OfBackup = Callable[[str], Coroutine[Any, Any, Job]]
"""What the library does with the job of a Backup, by its id: tell how it stands, or cancel it."""


async def cancelled(request: web.Request, look: OfBackup, cancel: OfBackup) -> web.Response:
    """204 once everything is as it was before, or before clients give up: the status says how it goes on.

    Raises TooLate and IllegalTransition, which are 500 here; so is that there is no such job.
    """
    backup = request.match_info["backup"]
    try:
        _refuse_if_cancelled(await look(backup))
        await ended_in_time(request, cancel(backup))
    except (NotFound, JobFailed) as error:
        raise IllegalTransition(f"Nothing was cancelled. {error}") from error
    return web.Response(status=204)


def _refuse_if_cancelled(job: Job) -> None:
    if job.outcome is Outcome.CANCELLED:
        raise IllegalTransition(
            f"Nothing is in progress: the {job.kind} {job.id} was cancelled before, and its status says so."
        )
