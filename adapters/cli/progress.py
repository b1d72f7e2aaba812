"""The progress of jobs, shown: a bar for each on a terminal, a few plain lines elsewhere.

Takes Job snapshots and shows them; never asks for one. `rich` is imported when a bar is drawn: what is
over in a moment needs none.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, Protocol, TextIO

from reprieve.core.job import Job
from reprieve.core.lifecycle import JobState

from ..visible import visible
from . import words
from .screen import show

if TYPE_CHECKING:
    import asyncio

    from rich.progress import Progress as RichProgress
    from rich.progress import TaskID

QUIET = 0.15
"""Seconds that a job may run before a bar is worth drawing."""

STEP = 10
"""Percent between two plain lines."""


BAR_PATH_ROOM = 24
"""Characters of a path beside a bar."""


class Progress(Protocol):
    """Whatever shows jobs."""

    def show(self, job: Job) -> None:
        """The job as it became."""
        ...

    def end(self, job: Job) -> None:
        """A job that has ended, where nobody else tells how: in one line, which stays."""
        ...

    def say(self, sentence: str) -> None:
        """A sentence beside the jobs."""
        ...

    def close(self) -> None:
        """Nothing more comes; leave the terminal as it was."""
        ...


def progress_for(stream: TextIO) -> Progress:
    """Bars where the stream is a terminal that can draw them, lines elsewhere."""
    draws = stream.isatty() and os.environ.get("TERM") not in ("dumb", "unknown")
    return Bars(stream) if draws else Lines(stream)


class Lines:
    """A line when a job's state changes, and at each tenth of the way."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._said: dict[str, tuple[JobState, int, int]] = {}

    def show(self, job: Job) -> None:
        before, now = self._said.get(job.id), (job.state, int(job.percentage // STEP), job.attempt)
        if before == now or (before is None and job.state is JobState.IDLE):
            return
        if before is not None and before[0] is job.state and not 0 < now[1] < 100 // STEP:
            return
        self._said[job.id] = now
        trouble = _trouble(job) if before is None or before[2] != job.attempt else ""
        self.say(f"{words.doing(job)}: {words.standing(job)}{trouble}")

    def end(self, job: Job) -> None:
        self._said.pop(job.id, None)
        self.say(words.ending(job))

    def say(self, sentence: str) -> None:
        show(visible(sentence), self._stream)

    def close(self) -> None:
        self._said.clear()


class Bars:
    """A bar for each job under way: phase, bytes, rate, time left. It vanishes when the job has ended."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._since = time.monotonic()
        self._early: dict[str, Job] = {}
        self._alarm: asyncio.TimerHandle | None = None
        self._rich: RichProgress | None = None
        self._tasks: dict[str, TaskID] = {}

    def show(self, job: Job) -> None:
        if job.final:
            self._drop(job.id)
            return
        too_early = self._since + QUIET - time.monotonic()
        if self._rich is None and too_early > 0:
            self._show_later(job, too_early)
            return
        rich = self._drawn()
        if job.id not in self._tasks:
            self._tasks[job.id] = rich.add_task(words.doing(job, BAR_PATH_ROOM), total=None, job=job)
        rich.update(
            self._tasks[job.id],
            completed=job.percentage,
            total=100.0 if job.progress.total else None,
            job=job,
        )

    def _show_later(self, job: Job, seconds: float) -> None:
        """A job that now waits for something long says nothing more by itself."""
        import asyncio  # late: a command line that shows no job needs none

        self._early[job.id] = job
        if self._alarm is None:
            self._alarm = asyncio.get_running_loop().call_later(seconds, self._show_early)

    def _show_early(self) -> None:
        early, self._early = self._early, {}
        for job in early.values():
            self.show(job)

    def end(self, job: Job) -> None:
        self._drop(job.id)
        self.say(words.ending(job))

    def say(self, sentence: str) -> None:
        if self._rich is not None:
            self._rich.console.print(visible(sentence), highlight=False, markup=False)
        else:
            show(visible(sentence), self._stream)

    def close(self) -> None:
        rich, self._rich = self._rich, None
        self._tasks.clear()
        self._early.clear()
        if self._alarm is not None:
            self._alarm.cancel()
        if rich is not None:
            rich.stop()

    def _drop(self, job_id: str) -> None:
        self._early.pop(job_id, None)
        if self._rich is not None and job_id in self._tasks:
            self._rich.remove_task(self._tasks.pop(job_id))
            self._rich.refresh()

    def _drawn(self) -> RichProgress:
        if self._rich is None:
            from .bars import drawn_on

            self._rich = drawn_on(self._stream)
            self._rich.start()
        return self._rich


def _trouble(job: Job) -> str:
    """Why an attempt ended that will be followed by another; an end's reason is told by the command."""
    if job.final or job.error is None:
        return ""
    return f" (attempt {job.attempt}, after: {job.error.message})"
