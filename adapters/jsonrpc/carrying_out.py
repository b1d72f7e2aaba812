"""From a request that starts a job to its answer: start it, tell its progress, and answer once it has ended.

The order of an end is the protocol's: the job's last change, the end of its progress, the answer.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, Protocol

from reprieve import RunningJob
from reprieve.core.endings import raise_unless_completed
from reprieve.core.job import Job

from ..wire import shaped
from .call import Call
from .greeting import Token
from .shapes import Started


class Asked(Protocol):
    """What the params of every start have in common."""

    @property
    def work_done_token(self) -> Token | None: ...
    @property
    def detach(self) -> bool: ...
    @property
    def idempotency_key(self) -> str | None: ...


Start = Callable[..., Awaitable[RunningJob[Any]]]
"""Called with `idempotency_key` and `detach`."""


async def carried_out(call: Call, asked: Asked, title: str, start: Start) -> Job | Started:
    """The job as it completed; or, detached, as it was started. Raises what its end says."""
    token = asked.work_done_token
    if token is not None:
        call.tellings.claim(token, call.cancel)
    try:
        running = await start(idempotency_key=asked.idempotency_key, detach=asked.detach)
        job = await running.now()
    except BaseException:
        call.tellings.free(token)
        raise
    call.started(running)
    told = _told_to_its_end(call, running, job, title, token)
    if not asked.detach:
        return raise_unless_completed(await told)
    call.detached = asyncio.create_task(told)
    return Started(shaped(job))


async def _told_to_its_end(
    call: Call, running: RunningJob[Any], job: Job, title: str, token: Token | None
) -> Job:
    """The job as it ended, when the client has been told of that."""
    telling = call.tellings.begin(token, title, job, call.cancel)
    try:
        async for job in running:
            telling.report(job)
        job = await running.settled()
        await call.changes.catch_up()
    finally:
        telling.end(job)
    return job
