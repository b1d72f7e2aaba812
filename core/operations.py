"""Every operation that reprieve offers, once.

The Python API, the command line, the JSON-RPC bridge and the HTTP server are derived from this
table or tested against it, so that they offer the same things. A transport declares which of them
it has. This file names; it does nothing.
"""

from __future__ import annotations

from enum import StrEnum

import attrs


class Operation(StrEnum):
    """The names by which adapters and transports speak of the operations."""

    BACKUPS = "backups"
    CREATE_BACKUP = "create_backup"
    DELETE = "delete"
    BACKUP_ASSETS = "backup_assets"
    BACKUP_ASSET = "backup_asset"
    BACKUP = "backup"
    RESTORE = "restore"
    CANCEL_CREATION = "cancel_creation"
    CREATION_STATUS = "creation_status"
    CANCEL_RESTORATION = "cancel_restoration"
    RESTORATION_STATUS = "restoration_status"
    WATCH = "watch"
    JOBS = "jobs"
    JOB = "job"
    CANCEL = "cancel"
    REVERT = "revert"
    UNDO_COPIES = "undo_copies"
    FORGET_UNDO = "forget_undo"
    ASSETS = "assets"
    ASSET = "asset"
    ASSET_HISTORY = "asset_history"


class Caller(StrEnum):
    """Who may call an operation through a service (docs: security)."""

    ANYONE = "anyone"
    OWNER = "owner"


@attrs.frozen
class Spec:
    """What there is to know of one operation.

    `http` are the paths of the Pieces contract that it answers, by number (1 to 16); those
    without one live beside the contract. `takes` and `gives` name parameters and result.
    """

    operation: Operation
    summary: str
    takes: tuple[str, ...] = ()
    gives: str = "None"
    starts_job: bool = False
    destroys: bool = False
    http: tuple[int, ...] = ()
    caller: Caller = Caller.ANYONE


OPERATIONS: tuple[Spec, ...] = (
    Spec(Operation.BACKUPS, "List the backups, oldest first.", gives="tuple[Backup, ...]", http=(1,)),
    Spec(
        Operation.CREATE_BACKUP,
        "Back the database up.",
        ("idempotency_key", "detach"),
        "RunningJob[Backup]",
        starts_job=True,
        http=(2, 3, 14),
    ),
    Spec(
        Operation.DELETE,
        "Hide a backup; its data stays until a prune.",
        ("backup",),
        destroys=True,
        http=(4,),
    ),
    Spec(
        Operation.BACKUP_ASSETS,
        "Keep several JSON documents; without any, back the database up.",
        ("assets",),
        "tuple[AssetVersion, ...]",
        http=(5,),
    ),
    Spec(
        Operation.BACKUP_ASSET,
        "Keep one JSON document; without one, back the database up.",
        ("asset",),
        "AssetVersion | None",
        http=(6,),
    ),
    Spec(Operation.BACKUP, "One backup by its id.", ("backup",), "Backup", http=(7,)),
    Spec(
        Operation.RESTORE,
        "Put a backup back in place of the whole database.",
        ("backup", "idempotency_key", "detach"),
        "RunningJob[Backup]",
        starts_job=True,
        destroys=True,
        http=(8, 9, 15),
    ),
    Spec(
        Operation.CANCEL_CREATION,
        "Cancel the creation of this backup; returns when it has ended.",
        ("backup",),
        "Job",
        http=(10,),
    ),
    Spec(
        Operation.CREATION_STATUS,
        "The job that creates or created this backup.",
        ("backup",),
        "Job",
        http=(11,),
    ),
    Spec(
        Operation.CANCEL_RESTORATION,
        "Cancel the restoration of this backup; returns when the original is back.",
        ("backup",),
        "Job",
        http=(12,),
    ),
    Spec(
        Operation.RESTORATION_STATUS,
        "The latest job that restores or restored this backup.",
        ("backup",),
        "Job",
        http=(13,),
    ),
    Spec(Operation.WATCH, "Every job's changes as they come.", gives="AsyncIterator[Job]", http=(16,)),
    Spec(
        Operation.JOBS,
        "The jobs of this database, newest first.",
        ("unsettled", "limit"),
        "tuple[Job, ...]",
    ),
    Spec(Operation.JOB, "One job by its id.", ("job",), "Job"),
    Spec(Operation.CANCEL, "Cancel a job; returns when it has ended.", ("job",), "Job"),
    Spec(
        Operation.REVERT,
        "Undo the last restoration; what was written since is kept.",
        ("undo", "idempotency_key", "detach"),
        "RunningJob[UndoCopy | None]",
        starts_job=True,
        destroys=True,
    ),
    Spec(Operation.UNDO_COPIES, "What `revert` can go back to, newest first.", gives="tuple[UndoCopy, ...]"),
    Spec(Operation.FORGET_UNDO, "Drop an undo copy for good.", ("undo",), destroys=True, caller=Caller.OWNER),
    Spec(Operation.ASSETS, "The newest version of every kept document.", gives="tuple[AssetVersion, ...]"),
    Spec(
        Operation.ASSET,
        "One kept document, its newest version or a named one.",
        ("asset", "version"),
        "dict[str, object]",
    ),
    Spec(
        Operation.ASSET_HISTORY,
        "Every kept version of one document, oldest first.",
        ("asset",),
        "tuple[AssetVersion, ...]",
    ),
)

SPECS: dict[Operation, Spec] = {spec.operation: spec for spec in OPERATIONS}
