"""A cancel over HTTP: answered when it has finished, and 500 where there is nothing to cancel (any more)."""

from __future__ import annotations

from collections.abc import Awaitable

from aiohttp import web

from reprieve.core.errors import IllegalTransition, JobFailed, NotFound
from reprieve.core.job import Job


async def cancelled(cancellation: Awaitable[Job]) -> web.Response:
    """204 once everything is as it was before. What was cancelled already is that, and not an error.

    Raises TooLate and IllegalTransition, which are 500 here; so is that there is no such job.
    """
    try:
        await cancellation
    except (NotFound, JobFailed) as error:
        raise IllegalTransition(f"Nothing was cancelled. {error}") from error
    return web.Response(status=204)
