"""What the core needs of asyncio's tasks: to end its own, and to tell who cancelled one. Knows no jobs."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from .errors import ReprieveError


@contextmanager
def only_cancelled_by_us(otherwise: ReprieveError) -> Iterator[None]:
    """A CancelledError that foreign code lets out of its own affairs is an error like any other."""
    try:
        yield
    except asyncio.CancelledError as error:
        task = asyncio.current_task()
        if task is None or task.cancelling():
            raise
        raise otherwise from error


async def end_task(task: asyncio.Task[None] | None) -> None:
    """Cancel a task of ours, and wait until it has gone."""
    if task is not None and task is not asyncio.current_task():
        task.cancel()
        await asyncio.wait((task,))
