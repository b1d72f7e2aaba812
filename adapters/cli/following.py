"""A job in front of its user: shown until it ends, cancelled by Ctrl-C, its end turned into an answer.

Knows RunningJob, Output and Interrupts, and joins them; the commands say what to make of the end.
"""

from __future__ import annotations

import asyncio
from typing import TypeVar

from reprieve.core.endings import raise_unless_completed
from reprieve.core.errors import IllegalTransition, JobFailed, TooLate
from reprieve.core.job import Job
from reprieve.running_job import RunningJob

from .interrupts import Interrupts
from .output import Output

ResultT = TypeVar("ResultT")

CANCELLING = "Cancelling, and putting everything back. (Ctrl-C again leaves at once.)"


async def see_through(job: RunningJob[ResultT], output: Output) -> Job:
    """Show a job until it has completed. The first Ctrl-C cancels it.

    Raises JobCancelled or JobFailed if it ended so.
    """
    with Interrupts(output.settle) as interrupts:
        shown = asyncio.create_task(show(job, output))
        asked = asyncio.create_task(interrupts.asked.wait())
        await asyncio.wait((shown, asked), return_when=asyncio.FIRST_COMPLETED)
        if asked.done() and not shown.done():
            await _cancel(job, output)
        asked.cancel()
        return raise_unless_completed(await shown)


async def show(job: RunningJob[ResultT], output: Output) -> Job:
    """Show a job until it has ended, however it does; what it ended as.

    Raises StorageError where its end cannot be recorded now: a later command settles it.
    """
    showing = asyncio.create_task(_show_updates(job, output))
    settled = asyncio.create_task(job.settled())
    try:
        await asyncio.wait((showing, settled), return_when=asyncio.FIRST_COMPLETED)
        ended = await settled
        await showing
        return ended
    finally:
        for task in (showing, settled):
            task.cancel()
        await asyncio.wait((showing, settled))


async def _show_updates(job: RunningJob[ResultT], output: Output) -> None:
    async for update in job:
        output.job(update)


async def _cancel(job: RunningJob[ResultT], output: Output) -> None:
    output.say(CANCELLING)
    try:
        await job.cancel()
    except TooLate as error:
        output.say(str(error))
    except (JobFailed, IllegalTransition):
        return  # it failed by itself meanwhile: its end says why
