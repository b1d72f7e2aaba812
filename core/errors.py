"""Every exception that reprieve raises, in one tree.

    ReprieveError
    ├── InvalidRequest          what was asked makes no sense; nothing was changed
    │   ├── BadSource           this file cannot be backed up (missing, a folder, not a database, …)
    │   └── BadTarget           this file cannot be restored into (page size, encoding, a link, …)
    ├── NotFound                no such backup, job, database or asset
    ├── IllegalTransition       the job's state does not allow it
    ├── Conflict                something else has the database, or the name
    ├── Unsupported             this transport has no such operation
    ├── TooLate                 the job passed its point of no return
    ├── JobFailed               only from awaiting a result: the job ended as failed
    ├── JobCancelled            only from awaiting a result: the job ended as cancelled
    ├── Ambiguous               recovery cannot tell what happened; both copies are kept
    ├── WasInterrupted          the process that ran the job ended first
    ├── OwnershipLost           another process took the job over; this one publishes nothing more
    ├── TransportError          says by `temporary` whether trying again can help
    │   ├── Unreachable
    │   ├── TimedOut
    │   ├── OutcomeUnknown      the work began and nobody can say how it ended
    │   ├── RemoteProtocolError
    │   ├── AuthenticationRequired
    │   └── UpdateRequired
    └── StorageError
        ├── RepositoryCorrupt
        ├── StorageFull
        ├── DatabaseLocked
        └── KeyRequired

A message is one sentence that says what happened, to what, and what to do next. Each class
knows what the outside calls it: `kind` (on every wire and in the journal), the HTTP status, the
JSON-RPC code and the exit code of the command line. `Problem` is an error as a value: what a
failed job carries. This file knows nothing of where an error comes from.
"""

from __future__ import annotations

from enum import IntEnum
from typing import ClassVar

import attrs

FORCE_IT = "force it (`--force`, or force=True)"
"""The way past a refusal, in words for whoever is at a command line and for whoever calls from Python."""


class ExitCode(IntEnum):
    """What the command line's exit code says."""

    DONE = 0
    FAILED = 1
    USAGE = 2
    NOT_FOUND = 3
    CONFLICT = 4
    KEY = 5
    UPDATE_REQUIRED = 6
    STORAGE_FULL = 7
    CANCELLED = 130


@attrs.frozen
class Problem:
    """An error as a value, for a job, a journal or a wire.

    `temporary` says whether trying again, with nothing changed, can help.
    """

    kind: str
    message: str
    temporary: bool = False

    @classmethod
    def of(cls, error: BaseException) -> Problem:
        """The problem that `error` is; a foreign exception becomes kind `internal`."""
        if isinstance(error, ReprieveError):
            return cls(error.kind, str(error), error.temporary)
        return cls("internal", f"An unexpected {type(error).__name__}: {error}. Please report it.")

    def error(self) -> ReprieveError:
        """The exception that says this problem; an unknown kind becomes a plain ReprieveError."""
        error = BY_KIND.get(self.kind, ReprieveError)(self.message)
        error.temporary = self.temporary
        return error


class ReprieveError(Exception):
    """What every exception of this package is."""

    kind: ClassVar[str] = "internal"
    http_status: ClassVar[int] = 500
    rpc_code: ClassVar[int] = -32603
    exit_code: ClassVar[ExitCode] = ExitCode.FAILED
    temporary: bool = False


class InvalidRequest(ReprieveError):
    """What was asked makes no sense; nothing was changed."""

    kind = "invalidParams"
    http_status = 400
    rpc_code = -32602
    exit_code = ExitCode.USAGE


class BadSource(InvalidRequest):
    """This file cannot be backed up; the sentence says why. Nothing was changed."""

    kind = "badSource"
    exit_code = ExitCode.FAILED


class BadTarget(InvalidRequest):
    """This file cannot be restored into; the sentence says why. Nothing was changed."""

    kind = "badTarget"
    exit_code = ExitCode.FAILED


class NotFound(ReprieveError):
    """There is no such backup, job, database or asset."""

    kind = "notFound"
    http_status = 404
    rpc_code = 1404
    exit_code = ExitCode.NOT_FOUND


class IllegalTransition(ReprieveError):
    """The job's state does not allow what was asked; the job is as it was."""

    kind = "illegalTransition"
    rpc_code = 1409
    exit_code = ExitCode.CONFLICT


class Conflict(ReprieveError):
    """Something else has the database or the name; nothing was changed."""

    kind = "conflict"
    http_status = 409
    rpc_code = 1409
    exit_code = ExitCode.CONFLICT


class Unsupported(ReprieveError):
    """This transport does not have the operation."""

    kind = "unsupported"
    http_status = 501
    rpc_code = 1501
    exit_code = ExitCode.USAGE


class TooLate(ReprieveError):
    """The job is past its point of no return; `revert` is the way back."""

    kind = "tooLate"
    rpc_code = 1409
    exit_code = ExitCode.CONFLICT


class JobFailed(ReprieveError):
    """The awaited job failed; `problem` says why, `job_id` which one it was."""

    kind = "jobFailed"
    rpc_code = -32803

    def __init__(self, message: str, problem: Problem | None = None, job_id: str = "") -> None:
        super().__init__(message)
        self.problem = problem or Problem(self.kind, message)
        self.job_id = job_id


class JobCancelled(ReprieveError):
    """The awaited job was cancelled; the original is back. `job_id` says which one it was."""

    kind = "cancelled"
    rpc_code = -32800
    exit_code = ExitCode.CANCELLED

    def __init__(self, message: str, job_id: str = "") -> None:
        super().__init__(message)
        self.job_id = job_id


class Ambiguous(ReprieveError):
    """Recovery cannot tell what happened; every copy is kept and nothing is touched."""

    kind = "ambiguous"


class WasInterrupted(ReprieveError):
    """The process that ran the job ended before the job did."""

    kind = "interrupted"


class OwnershipLost(ReprieveError):
    """Another process took the job over; this one says and does nothing more about it."""

    kind = "ownershipLost"
    exit_code = ExitCode.CONFLICT


class TransportError(ReprieveError):
    """The transport could not do it; `temporary` says whether trying again can help."""

    kind = "transport"

    def __init__(self, message: str, *, temporary: bool | None = None) -> None:
        super().__init__(message)
        if temporary is not None:
            self.temporary = temporary


class Unreachable(TransportError):
    """Nobody answers there. The work never began."""

    kind = "unreachable"
    temporary = True


class TimedOut(TransportError):
    """It took longer than its deadline."""

    kind = "timedOut"
    temporary = True


class OutcomeUnknown(TransportError):
    """The work began, and nobody can say how it ended; it is not tried again."""

    kind = "outcomeUnknown"


class RemoteProtocolError(TransportError):
    """The other side said something that makes no sense."""

    kind = "remoteProtocol"


class AuthenticationRequired(TransportError):
    """The store or the service wants credentials, or refused those it was given."""

    kind = "authenticationRequired"
    http_status = 511
    rpc_code = 1511
    exit_code = ExitCode.KEY


class UpdateRequired(TransportError):
    """The repository was written by a newer format than this program reads."""

    kind = "updateRequired"
    http_status = 505
    rpc_code = 1505
    exit_code = ExitCode.UPDATE_REQUIRED


class StorageError(ReprieveError):
    """A disk, a store or a database would not do it."""

    kind = "storage"


class RepositoryCorrupt(StorageError):
    """What the store holds is not what was stored."""

    kind = "repositoryCorrupt"


class StorageFull(StorageError):
    """There is no room left."""

    kind = "storageFull"
    http_status = 507
    rpc_code = 1507
    exit_code = ExitCode.STORAGE_FULL


class DatabaseLocked(StorageError):
    """Another program held the database's lock until the deadline."""

    kind = "locked"
    http_status = 423
    rpc_code = 1423
    exit_code = ExitCode.CONFLICT
    temporary = True


class KeyRequired(StorageError):
    """The repository is encrypted and no key that opens it was found."""

    kind = "keyRequired"
    http_status = 511
    rpc_code = 1511
    exit_code = ExitCode.KEY


def _tree(root: type[ReprieveError]) -> dict[str, type[ReprieveError]]:
    found = {root.kind: root}
    for child in root.__subclasses__():
        found |= _tree(child)
    return found


BY_KIND: dict[str, type[ReprieveError]] = _tree(ReprieveError)
