"""reprieve: backups and restorations of live databases, as jobs that are explicit state machines.

    async with reprieve.connect("snippets.db", store="~/Backups") as library:
        backup = await (await library.create_backup())
        job = await library.restore(backup.id)
        async for update in job:
            print(update.state, update.percentage)

Importing this costs next to nothing: each name is fetched when it is first used (PEP 562).
"""

from __future__ import annotations

from reprieve.core import VERSION as __version__  # noqa: F401

TYPE_CHECKING = False  # without `typing`: a program's first import comes before it has restricted its path
if TYPE_CHECKING:
    from reprieve.core.errors import (
        Ambiguous,
        AuthenticationRequired,
        BadSource,
        BadTarget,
        Conflict,
        DatabaseLocked,
        ExitCode,
        IllegalTransition,
        InvalidRequest,
        JobCancelled,
        JobFailed,
        KeyRequired,
        NotFound,
        OutcomeUnknown,
        OwnershipLost,
        Problem,
        RemoteProtocolError,
        RepositoryCorrupt,
        ReprieveError,
        StorageError,
        StorageFull,
        TimedOut,
        TooLate,
        TransportError,
        Unreachable,
        Unsupported,
        UpdateRequired,
        WasInterrupted,
    )
    from reprieve.core.job import AssetVersion, Backup, Job, JobKind, Progress, UndoCopy
    from reprieve.core.lifecycle import JobState, Outcome
    from reprieve.core.operations import Operation
    from reprieve.core.retry import RetryPolicy

    from .blocking import BlockingJob, BlockingLibrary, connect_blocking
    from .connecting import connect
    from .library import Library
    from .running_job import RunningJob


_HOMES: dict[str, tuple[str, ...]] = {
    "reprieve.core.errors": (
        "Ambiguous",
        "AuthenticationRequired",
        "BadSource",
        "BadTarget",
        "Conflict",
        "DatabaseLocked",
        "ExitCode",
        "IllegalTransition",
        "InvalidRequest",
        "JobCancelled",
        "JobFailed",
        "KeyRequired",
        "NotFound",
        "OutcomeUnknown",
        "OwnershipLost",
        "Problem",
        "RemoteProtocolError",
        "RepositoryCorrupt",
        "ReprieveError",
        "StorageError",
        "StorageFull",
        "TimedOut",
        "TooLate",
        "TransportError",
        "Unreachable",
        "Unsupported",
        "UpdateRequired",
        "WasInterrupted",
    ),
    "reprieve.core.job": ("AssetVersion", "Backup", "Job", "JobKind", "Progress", "UndoCopy"),
    "reprieve.core.lifecycle": ("JobState", "Outcome"),
    "reprieve.core.operations": ("Operation",),
    "reprieve.core.retry": ("RetryPolicy",),
    ".blocking": ("BlockingJob", "BlockingLibrary", "connect_blocking"),
    ".connecting": ("connect",),
    ".library": ("Library",),
    ".running_job": ("RunningJob",),
}

_HOME_OF = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "Ambiguous",
    "AssetVersion",
    "AuthenticationRequired",
    "Backup",
    "BadSource",
    "BadTarget",
    "BlockingJob",
    "BlockingLibrary",
    "Conflict",
    "DatabaseLocked",
    "ExitCode",
    "IllegalTransition",
    "InvalidRequest",
    "Job",
    "JobCancelled",
    "JobFailed",
    "JobKind",
    "JobState",
    "KeyRequired",
    "Library",
    "NotFound",
    "Operation",
    "Outcome",
    "OutcomeUnknown",
    "OwnershipLost",
    "Problem",
    "Progress",
    "RemoteProtocolError",
    "RepositoryCorrupt",
    "ReprieveError",
    "RetryPolicy",
    "RunningJob",
    "StorageError",
    "StorageFull",
    "TimedOut",
    "TooLate",
    "TransportError",
    "UndoCopy",
    "Unreachable",
    "Unsupported",
    "UpdateRequired",
    "WasInterrupted",
    "connect",
    "connect_blocking",
]


def __getattr__(name: str) -> object:
    if name not in _HOME_OF:
        raise AttributeError(f"module 'reprieve' has no attribute {name!r}")
    from importlib import import_module

    value: object = getattr(import_module(_HOME_OF[name], __name__), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
