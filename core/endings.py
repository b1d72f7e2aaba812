"""What is said of a job's end: to whoever awaits it, cancels it too late, or finds it abandoned.

Knows jobs and errors; knows nothing of who runs them.
"""

from __future__ import annotations

from .errors import JobCancelled, JobFailed, Problem, TooLate, WasInterrupted
from .job import Job, JobKind
from .lifecycle import JobState, Outcome


def raise_unless_done(job: Job) -> Job:
    """A settled job, unless it failed: JobFailed then. A cancelled job is what a cancel asked for."""
    if job.error and job.state is JobState.FAILED:
        raise JobFailed(f"The {job.kind} {job.id} failed: {job.error.message}", job.error, job.id)
    return job


def raise_unless_completed(job: Job) -> Job:
    """A settled job, if it completed. Raises JobFailed or JobCancelled otherwise."""
    if job.outcome is Outcome.CANCELLED:
        raise JobCancelled(f"The {job.kind} {job.id} was cancelled; everything is as it was before.", job.id)
    return raise_unless_done(job)


def abandoned(job: Job) -> Problem:
    """Why a job fails whose process has gone."""
    if job.state is JobState.IDLE:
        said = f"The process that asked for this {job.kind} ended before it began; nothing was done."
    else:
        said = f"The process that ran this {job.kind} ended before it was done; the database is untouched."
    return Problem(WasInterrupted.kind, f"{said} Start it again if it is still wanted.")


def too_late(job: Job) -> TooLate:
    """What answers a cancel of a job that has completed."""
    if job.kind is JobKind.RESTORATION:
        way_back = "`revert` brings the former content back"
    else:
        way_back = "`delete` hides the backup that it made"
    return TooLate(f"It is too late to cancel: job {job.id} has completed. {way_back}.")
