"""The methods on backups: list, make, look at, plan, put back, hide. Their jobs by the backup's id."""

from __future__ import annotations

from functools import partial

from reprieve.core.errors import ReprieveError
from reprieve.core.job import Backup, Job
from reprieve.core.operations import Operation

from .. import wire
from ..wire import shaped
from .call import Call
from .cancelling import cancelled
from .carrying_out import carried_out
from .errors import CANCELLED, CONFIRMATION_REQUIRED, PLAN_STALE, Refused, invalid_params
from .methods import Method
from .plans import unconfirmed
from .shapes import (
    Backups,
    CancelAnswer,
    CreateBackup,
    DeleteBackup,
    OneBackup,
    Plan,
    Restore,
    Started,
    WhichBackups,
)

BACKING_UP = "Backing up"
"""What the progress of a creation is called."""


async def _list(call: Call, asked: WhichBackups) -> Backups:
    """A page of the backups, oldest first. The cursor is the id of the last one that was given."""
    backups = await call.library.backups()
    begin = 0
    if asked.cursor is not None:
        ids = [backup.id for backup in backups]
        if asked.cursor not in ids:
            raise Refused(invalid_params(("cursor", "that backup is gone; list them from the beginning")))
        begin = ids.index(asked.cursor) + 1
    page = backups[begin : begin + asked.limit]
    more = begin + len(page) < len(backups)
    others = await call.library.other_backups() if asked.cursor is None else 0
    next_cursor = page[-1].id if page and more else None
    return Backups(tuple(shaped(backup) for backup in page), next_cursor, others or None)


async def _create(call: Call, asked: CreateBackup) -> Backup | Started:
    """Back the database up; the answer is the Backup, or, detached, the job as it begins."""
    return _backup_of(await carried_out(call, asked, BACKING_UP, call.library.create_backup))


async def _restore(call: Call, asked: Restore) -> Backup | Started:
    """Put a backup back in place of the whole database; what it replaces can be reverted to."""
    await call.plans.need(call.library, asked)
    start = partial(call.library.restore, asked.backup)
    return _backup_of(await carried_out(call, asked, "Restoring", start))


async def _plan(call: Call, asked: OneBackup) -> Plan:
    """What restoring a backup would replace, for a person to confirm."""
    return await call.plans.make(call.library, asked.backup)


async def _delete(call: Call, asked: DeleteBackup) -> None:
    """Hide a backup; its data stays until a prune."""
    if not asked.confirm:
        raise Refused(unconfirmed("This hides a backup"))
    await call.library.delete(asked.backup)


async def _snapshot(call: Call, asked: OneBackup) -> Backup:
    """One backup by its id."""
    return await call.library.backup(asked.backup)


async def _creation_status(call: Call, asked: OneBackup) -> Job:
    """The job that makes or made this backup."""
    return await call.library.creation_status(asked.backup)


async def _restoration_status(call: Call, asked: OneBackup) -> Job:
    """The newest job that restores or restored this backup."""
    return await call.library.restoration_status(asked.backup)


async def _cancel_creation(call: Call, asked: OneBackup) -> CancelAnswer:
    """Cancel the job that makes this backup; answered once it has ended."""
    return await cancelled(call, await call.library.creation_status(asked.backup))


async def _cancel_restoration(call: Call, asked: OneBackup) -> CancelAnswer:
    """Cancel the job that restores this backup; answered once the original is back."""
    return await cancelled(call, await call.library.restoration_status(asked.backup))


def _backup_of(done: Job | Started) -> Backup | Started:
    if isinstance(done, Started):
        return done
    if done.backup is None:
        raise ReprieveError(f"Job {done.id} completed without a backup; please report it.")
    return done.backup


_JOB = (CANCELLED, 1409, 1423, 1507)

METHODS = (
    Method(
        name="backups/list",
        handler=_list,
        summary="List the backups",
        params=WhichBackups,
        gives=Backups,
        operation=Operation.BACKUPS,
    ),
    *(
        Method(
            name=name,
            handler=_create,
            summary="Back the database up",
            params=CreateBackup,
            gives=wire.Backup | Started,
            operation=Operation.CREATE_BACKUP,
            errors=_JOB,
            starts_job=True,
        )
        for name in ("backups/create", "backups/createStreamed")
    ),
    Method(
        name="backups/delete",
        handler=_delete,
        summary="Hide a backup",
        params=DeleteBackup,
        gives=None,
        operation=Operation.DELETE,
        errors=(1404, CONFIRMATION_REQUIRED),
    ),
    Method(
        name="backup/snapshot",
        handler=_snapshot,
        summary="Look at a backup",
        params=OneBackup,
        gives=wire.Backup,
        operation=Operation.BACKUP,
        errors=(1404,),
    ),
    Method(
        name="backup/restorePlan",
        handler=_plan,
        summary="Say what a restoration would replace",
        params=OneBackup,
        gives=Plan,
        operation=Operation.RESTORE,
        errors=(1404,),
    ),
    *(
        Method(
            name=name,
            handler=_restore,
            summary="Put a backup back",
            params=Restore,
            gives=wire.Backup | Started,
            operation=Operation.RESTORE,
            errors=(1404, CONFIRMATION_REQUIRED, PLAN_STALE, *_JOB),
            starts_job=True,
        )
        for name in ("backup/restore", "backup/restoreStreamed")
    ),
    *(
        Method(
            name=name,
            handler=handler,
            summary=summary,
            params=OneBackup,
            gives=CancelAnswer,
            operation=operation,
            errors=(1404, 1409),
            ends_job=True,
        )
        for name, handler, summary, operation in (
            ("backup/creationCancel", _cancel_creation, "Cancel a creation", Operation.CANCEL_CREATION),
            (
                "backup/restorationCancel",
                _cancel_restoration,
                "Cancel a restoration",
                Operation.CANCEL_RESTORATION,
            ),
        )
    ),
    *(
        Method(
            name=name,
            handler=handler,
            summary=summary,
            params=OneBackup,
            gives=wire.Job,
            operation=operation,
            errors=(1404,),
        )
        for name, handler, summary, operation in (
            ("backup/creationStatus", _creation_status, "Look at a creation", Operation.CREATION_STATUS),
            (
                "backup/restorationStatus",
                _restoration_status,
                "Look at a restoration",
                Operation.RESTORATION_STATUS,
            ),
        )
    ),
)
