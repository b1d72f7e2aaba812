"""What a message makes of a job: pure, and all the logic there is.

`reduce` asks the table (lifecycle.py) for the next state, fills in the rest of the job, and says
which effects follow. Replaying a journal is the same fold, with the effects thrown away.
"""

from __future__ import annotations

from typing import Any

from .job import Job, Progress
from .lifecycle import OUTCOMES, JobState, Trigger, advance
from .messages import (
    Abort,
    Begin,
    Cancel,
    Cancelled,
    Completed,
    Effect,
    Failed,
    Interrupted,
    Message,
    Noted,
    Progressed,
    Recover,
    Start,
    StartAgain,
)

Reduction = tuple[Job, tuple[Effect, ...]]

NOTHING: tuple[Effect, ...] = ()


def reduce(job: Job, message: Message) -> Reduction:
    """The job after `message`, and what has to be done now.

    Every change counts up the job's version; progress, and a cancel asked twice, do not. Raises
    IllegalTransition, and changes nothing, where the table has no row for it.
    """
    match message:
        case Progressed(progress):
            advance(job.state, Trigger.PROGRESSED)
            return _progressed(job, progress), NOTHING
        case Noted():
            advance(job.state, Trigger.PROGRESSED)
            return _noted(job, message), NOTHING
        case Completed(revocable=True) if job.state is JobState.CANCELLING:
            return _declined(job, message), NOTHING
        case Start():
            state = advance(job.state, Trigger.START)
            return _changed(job, state=state, started=job.started or message.at), (Begin(),)
        case Cancel():
            return _cancel(job, message)
        case Interrupted():
            return _interrupted(job, message)
        case Completed():
            return _settled(job, message, percentage=100.0, **_result(job, message)), NOTHING
        case Cancelled():
            return _settled(job, message), NOTHING
        case Failed(problem):
            return _settled(job, message, error=problem), NOTHING


def _progressed(job: Job, progress: Progress) -> Job:
    percentage = job.percentage
    if progress.total:
        percentage = max(percentage, min(100.0, 100.0 * progress.done / progress.total))
    return _with(job, progress=progress, percentage=percentage)


def _noted(job: Job, noted: Noted) -> Job:
    return _changed(job, step=noted.step, notes={**job.notes, **noted.notes}, **_result(job, noted))


def _declined(job: Job, offer: Completed) -> Job:
    """A cancel was asked before the commit was recorded: the transport undoes."""
    return _changed(job, step="undo", **_result(job, offer))


def _cancel(job: Job, message: Cancel) -> Reduction:
    if job.state is JobState.CANCELLING:
        advance(job.state, Trigger.CANCEL)
        return job, NOTHING
    if job.state is JobState.RUNNING:
        return _changed(job, state=advance(job.state, Trigger.CANCEL)), (Abort(),)
    return _settled(job, message), NOTHING


def _interrupted(job: Job, message: Interrupted) -> Reduction:
    state = advance(job.state, Trigger.INTERRUPTED)
    again = Recover(message.delay) if state is JobState.CANCELLING else StartAgain(message.delay)
    return _changed(job, state=state, attempt=job.attempt + 1, error=message.problem), (again,)


def _result(job: Job, message: Completed | Noted) -> dict[str, Any]:
    result: dict[str, Any] = {"backup": message.backup or job.backup, "undo": message.undo or job.undo}
    if job.backup and message.backup and job.backup.id != message.backup.id:
        result["former_ids"] = (*job.former_ids, job.backup.id)
    return result


def _settled(job: Job, message: Cancel | Cancelled | Completed | Failed, **changes: Any) -> Job:
    state = advance(job.state, message.trigger)
    outcome = OUTCOMES[job.state, message.trigger]
    return _changed(job, state=state, outcome=outcome, ended=message.at, **{"error": None, **changes})


def _changed(job: Job, **changes: Any) -> Job:
    return _with(job, version=job.version + 1, **changes)


def _with(job: Job, **changes: Any) -> Job:
    """attrs.evolve for the hot path: measured at 0.8 µs, where evolve takes 6.7."""
    changed = object.__new__(Job)
    changed.__dict__.update(job.__dict__)
    changed.__dict__.update(changes)
    return changed
