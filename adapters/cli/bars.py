"""How a bar looks, in the words of `rich`: the only file of the command line that imports it at once."""

from __future__ import annotations

from typing import TextIO

from rich.console import Console
from rich.progress import BarColumn, Progress, ProgressColumn, Task, TextColumn, TimeRemainingColumn
from rich.text import Text

from reprieve.core.job import Job
from reprieve.core.lifecycle import JobState

from . import words

RATE_WIDTH = 11
PHASE_WIDTH = 10


def drawn_on(stream: TextIO) -> Progress:
    """Bars on a terminal, which leave nothing behind; 80 columns are enough."""
    return Progress(
        TextColumn("{task.description}", markup=False),
        _Phase(),
        BarColumn(bar_width=None, complete_style="cyan", finished_style="cyan", pulse_style="cyan"),
        TextColumn("{task.percentage:>3.0f} %"),
        _Rate(),
        TimeRemainingColumn(compact=True, elapsed_when_finished=True),
        console=Console(file=stream, highlight=False),
        transient=True,
        expand=True,
        refresh_per_second=10,
    )


class _Phase(ProgressColumn):
    """What the job does just now; yellow when it puts things back."""

    def render(self, task: Task) -> Text:
        job: Job = task.fields["job"]
        if job.state is JobState.CANCELLING:
            return Text("cancelling".ljust(PHASE_WIDTH), style="yellow")
        phase = job.progress.phase or job.state.value
        if job.attempt > 1:
            phase = f"{phase} (attempt {job.attempt})"
        return Text(phase.ljust(PHASE_WIDTH), style="dim")


class _Rate(ProgressColumn):
    """How fast it goes; for work that is not counted in bytes, how much is done."""

    def render(self, task: Task) -> Text:
        job: Job = task.fields["job"]
        if job.progress.unit == "%":
            shown = ""
        elif job.progress.unit != "bytes":
            shown = f"{job.progress.done} {job.progress.unit}"
        else:
            a_second = (task.speed or 0.0) / 100 * job.progress.total
            shown = f"{words.size(int(a_second))}/s" if a_second else ""
        return Text(shown.rjust(RATE_WIDTH), style="green")
