"""What somebody asks the orchestrator for, and whether two have asked for the same.

Knows what a job keeps of it; knows nothing of how it is carried out.
"""

from __future__ import annotations

from collections.abc import Mapping

import attrs

from .errors import Conflict, InvalidRequest
from .job import Backup, Job, JobKind


def _require_text(_request: Request, _attribute: object, key: str | None) -> None:
    """Half a character comes from bytes on a command line, or from an escape in JSON."""
    try:
        (key or "").encode()
    except UnicodeEncodeError as error:
        raise InvalidRequest(
            f"The idempotency key {key!r} is not text (UTF-8); give another. Nothing was begun."
        ) from error


@attrs.frozen
class Request:
    """What somebody asks for: a creation, a restoration (`backup_id`) or a revert (`undo_id`).

    `source` is the Backup to restore: who deletes it from now on does not take it from the job.
    """

    kind: JobKind
    backup_id: str | None = None
    undo_id: str | None = None
    source: Backup | None = None
    idempotency_key: str | None = attrs.field(default=None, validator=_require_text)
    detached: bool = False
    options: Mapping[str, object] = attrs.field(factory=dict)


def same_request(wanted: Job, found: Job) -> Job:
    """The job that has the idempotency key, if it is what is wanted now."""
    # Which undo copy the last restoration left changes with every revert, so it does not tell two apart.
    if _asked(wanted) == _asked(found):
        return found
    raise Conflict(
        f"The idempotency key {wanted.idempotency_key!r} belongs to the {found.kind} {found.id} of "
        f"{found.database}; use another key for another request."
    )


def _asked(job: Job) -> tuple[object, ...]:
    return job.kind, job.database, job.backup_id, job.reverts
