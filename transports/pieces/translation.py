"""Our own values as the API's models, and the API's as ours: the one table of what is called what.

Knows the core and the models; nothing of JSON or HTTP.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache

from ...core import job as ours
from ...core.errors import NotFound
from ...core.job import Job, JobKind
from ...core.lifecycle import JobState, Outcome
from . import models
from .models import Status
from .refusals import cleaned

OF_STATE = {
    JobState.IDLE: Status.INITIALIZED,
    JobState.RUNNING: Status.IN_PROGRESS,
    JobState.CANCELLING: Status.IN_PROGRESS,
    JobState.FAILED: Status.FAILED,
}
OF_OUTCOME = {Outcome.COMPLETED: Status.COMPLETED, Outcome.CANCELLED: Status.CANCELED}


def status_of(job: Job) -> Status:
    """How the API calls the state of a job."""
    return OF_OUTCOME[job.outcome] if job.outcome else OF_STATE[job.state]


@lru_cache(maxsize=1000)
def backup_model(backup: ours.Backup) -> models.Backup:
    """A backup, published or provisional."""
    known = backup.platform in list(models.Platform)
    return models.Backup(
        backup.id,
        backup.version,
        backup.timestamp,
        backup.bytes,
        models.GroupedTimestamp(backup.created),
        backup.device_name,
        models.Platform(backup.platform) if known else models.Platform.UNKNOWN,
        models.Schema(),
    )


def catalogue_model(backups: Iterable[ours.Backup]) -> models.Backups:
    """The catalogue."""
    iterable = tuple(backup_model(backup) for backup in backups)
    return models.Backups(iterable, {backup.id: place for place, backup in enumerate(iterable)})


def progress_model(job: Job) -> models.BackupStreamedProgress:
    """How a job stands, as streams say it."""
    model = backup_model(job.backup) if job.backup else None
    return models.BackupStreamedProgress(model, status_of(job), round(job.percentage, 1))


def status_model(job: Job) -> models.BackupStatus:
    """How a job stands, as a status says it. Raises NotFound for a job that has no Backup yet."""
    if job.backup is None:
        raise NotFound(f"The {job.kind} {job.id} has no backup yet; ask again once it has begun.")
    return _status(job.backup, status_of(job), round(job.percentage, 1))


def completed_model(backup: ours.Backup) -> models.BackupStatus:
    """The status of a backup whose creation no journal here knows (it was made elsewhere)."""
    return _status(backup, Status.COMPLETED, 100.0)


@lru_cache(maxsize=1000)
def _status(backup: ours.Backup, status: Status, percentage: float) -> models.BackupStatus:
    return models.BackupStatus(backup_model(backup), status, status, percentage)


def in_progress_model(jobs: Iterable[Job]) -> models.BackupsStreamedProgress:
    """These jobs, creations and restorations apart."""
    told = tuple(jobs)
    creations = tuple(progress_model(job) for job in told if job.kind is JobKind.CREATION)
    restorations = tuple(progress_model(job) for job in told if job.kind is JobKind.RESTORATION)
    return models.BackupsStreamedProgress(creations, restorations)


def backup_of(model: models.Backup, database: str) -> ours.Backup:
    """A service's backup as ours, fit to be shown; what it adds to its store the API does not say."""
    return ours.Backup(
        id=cleaned(model.id),
        version=cleaned(model.version),
        timestamp=cleaned(model.timestamp),
        created=model.created.value,
        bytes=model.bytes,
        database=database,
        device_name=cleaned(model.device_name),
        platform=model.platform.value,
    )
