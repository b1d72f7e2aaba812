"""Watching a library for as long as a service runs, over every moment in which its journal cannot be read.

Knows the library; nothing of what is done with the jobs.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable

from reprieve import Library
from reprieve.core.errors import ReprieveError
from reprieve.core.job import Job

log = logging.getLogger(__name__)

AGAIN_AFTER = 1.0
"""Seconds until a journal that could not be read is watched again."""


async def every_job(library: Library, anew: Callable[[], None]) -> AsyncGenerator[Job]:
    """What `library.watch` tells, until the library is closed.

    After a trouble it begins `anew`, which is told before: with how the unsettled jobs stand by then.
    """
    while True:
        try:
            async for job in library.watch():
                yield job
            return
        except ReprieveError as error:
            log.warning("the jobs cannot be watched just now, and are watched again: %s", error)
        await asyncio.sleep(AGAIN_AFTER)
        anew()
