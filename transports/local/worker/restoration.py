"""A restoration or a revert, in the worker: how restore/ reaches the journal, and what it reads from."""

from __future__ import annotations

from pathlib import Path

import attrs

from ....core.errors import Problem, WasInterrupted
from ....core.job import Backup
from ....core.lifecycle import JobState
from ....core.messages import Cancelled, Completed, Failed, Noted
from ..restore import Ending, Fact, Settled, Source, recover, revert
from ..restore import restore as put_back
from ..undo_catalogue import find_undo, list_undo
from .task import Meter, Task


def restore(task: Task) -> None:
    """Put the job's backup, or its undo copy, in place of the database; tell how it goes."""
    target, force = Path(task.job.database), task.has("force")
    steps = _Steps(task, Meter(task.channel))
    if task.job.undo_id is not None:
        steps.meter.total = _work_of(find_undo(task.home, task.job.undo_id).bytes, target)
        settled = revert(
            task.job.undo_id,
            target,
            job_id=task.job.id,
            home=task.home,
            steps=steps,
            force=force,
            resolved=True,
        )
    else:
        reader = task.place.repository().reader(task.job.backup_id or "", hidden=True)
        steps.backup = reader.backup
        steps.meter.total = _work_of(reader.size, target)
        source = Source(
            reader.page_size,
            reader.size,
            reader.spans(),
            check=not (reader.backup.source_damaged or force),
            wal=None if reader.image is None else reader.image.journal_mode == "wal",
        )
        settled = put_back(
            source, target, job_id=task.job.id, home=task.home, steps=steps, force=force, resolved=True
        )
    _settle(task, settled)


def _work_of(size: int, target: Path) -> int:
    """How many bytes there are to do: fetch and check, and for a live file keep the old, put in the new."""
    return 3 * size + target.stat().st_size if target.is_file() else 2 * size


def recover_restoration(task: Task) -> None:
    """Settle a restoration whose worker is gone; it is never run again by itself."""
    job = task.job
    steps = _Steps(task, Meter(task.channel), job.backup)
    settled = recover(job.step, job.notes, job_id=job.id, home=task.home, steps=steps)
    if settled.ending is Ending.UNTOUCHED and job.state is not JobState.CANCELLING:
        said = f"The process that restored into {job.database} ended before it was done. "
        next_time = "The database is untouched; start the restoration again if it is still wanted."
        task.channel.tell(Failed(Problem(WasInterrupted.kind, said + next_time)))
    else:
        _settle(task, settled)


def _settle(task: Task, settled: Settled) -> None:
    """A restored database was told by the offer already; what is left is that it was not."""
    if settled.ending is not Ending.RESTORED:
        task.channel.tell(Cancelled())


@attrs.define
class _Steps:
    """How a restore tells its parent what it does, and hears whether to stop."""

    task: Task
    meter: Meter
    backup: Backup | None = None

    def note(self, step: str, **facts: Fact) -> None:
        self.task.channel.ask(Noted(step, facts, backup=self.backup))

    def cancelled(self) -> bool:
        return self.task.channel.cancelled()

    def progressed(self, phase: str, done: int, total: int) -> None:
        self.meter.tell(phase, done, total)

    def commit(self) -> bool:
        copies = list_undo(self.task.home, None)
        undo = next((copy for copy in copies if copy.id == self.task.job.id), None)
        return self.task.channel.ask(Completed(self.backup, undo, revocable=True)) is True
