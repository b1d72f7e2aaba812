"""Answers before which nothing can be sent: a 204 has no body, so no newline keeps its client waiting.

Client libraries give up after ten seconds without a byte. An interim `100 Continue` would be legal, but
some of them take it for an error (docs: decisions). So such an answer comes within Settings.answer_within,
and what has not ended by then goes on. Knows requests and time; nothing of jobs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Coroutine
from typing import Any

from aiohttp import web

from reprieve.core.errors import ReprieveError

from .keys import GOING_ON, SETTINGS

log = logging.getLogger(__name__)


async def ended_in_time(request: web.Request, work: Coroutine[Any, Any, object]) -> bool:
    """Whether the work ended before its client gives up. Raises what the work raises by then.

    Work that has not ended goes on, also where the client leaves; what it raises later is in the log.
    """
    going_on = request.app[GOING_ON]
    task = asyncio.create_task(work)
    going_on.add(task)
    ended, _ = await asyncio.wait((task,), timeout=request.app[SETTINGS].answer_within)
    if not ended:
        task.add_done_callback(_log_failure)
        task.add_done_callback(going_on.discard)
        return False
    going_on.discard(task)
    task.result()
    return True


async def until_the_end(app: web.Application) -> AsyncIterator[None]:
    """End what goes on once the application has ended."""
    yield
    going_on = app[GOING_ON]
    for task in going_on:
        task.cancel()
    if going_on:
        await asyncio.wait(going_on)


def _log_failure(task: asyncio.Task[object]) -> None:
    error = None if task.cancelled() else task.exception()
    if isinstance(error, ReprieveError):
        log.info("what was answered before its end: %s", error)
    elif error is not None:
        log.error("what was answered before its end failed", exc_info=error)
