"""Plans: what a restoration would replace, for somebody to confirm, and whether that is still true.

A plan's token holds as long as neither the database nor the backup has changed, and as long as this
conversation. Of a database that is not a file of this machine, its jobs tell whether it changed.
"""

from __future__ import annotations

import os
import secrets
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import attrs

from reprieve.core.job import Backup
from reprieve.transports.registry import scheme_of

from ..wire import moment, shaped
from .errors import CONFIRMATION_REQUIRED, PLAN_STALE, Refused, RpcError
from .shapes import Plan, Restore

if TYPE_CHECKING:
    from reprieve import Library

MANY = 100
"""Plans that are remembered; the oldest is forgotten first."""

_CLOCK_SKEW = timedelta(minutes=1)


@attrs.frozen
class _Sight:
    """What a plan was made for."""

    backup: Backup
    database: tuple[object, ...]


class Plans:
    """The plans of one client."""

    def __init__(self) -> None:
        self._seen: dict[str, _Sight] = {}

    async def make(self, library: Library, backup_id: str) -> Plan:
        """What restoring this backup would do now. Raises NotFound."""
        sight = await _sight(library, backup_id)
        token = secrets.token_urlsafe(12)
        self._seen[token] = sight
        if len(self._seen) > MANY:
            del self._seen[next(iter(self._seen))]
        status = _status(library.database)
        changed = datetime.fromtimestamp(status.st_mtime, UTC) if status else None
        return Plan(
            plan_token=token,
            backup=shaped(sight.backup),
            database=library.database,
            message=_sentence(library.database, sight.backup, changed),
            bytes=status.st_size if status else None,
            changed_at=changed,
        )

    async def need(self, library: Library, asked: Restore) -> None:
        """Raises Refused unless the restoration is confirmed, or planned by a plan that still holds."""
        if asked.plan_token is not None:
            seen = self._seen.get(asked.plan_token)
            if seen is None or seen != await _sight(library, asked.backup):
                raise Refused(_stale())
        elif not asked.confirm:
            raise Refused(unconfirmed("A restoration replaces the whole database"))


def unconfirmed(what: str) -> RpcError:
    """What destroys something wants to be confirmed."""
    return RpcError(
        CONFIRMATION_REQUIRED,
        f"{what}: send `confirm: true` once a person has agreed. Nothing was changed.",
        "confirmationRequired",
    )


def _stale() -> RpcError:
    return RpcError(
        PLAN_STALE,
        "The database or the backup has changed since this was planned: ask for another plan. "
        "Nothing was changed.",
        "planStale",
    )


async def _sight(library: Library, backup_id: str) -> _Sight:
    backup = await library.backup(backup_id)
    if scheme_of(library.database) == "file" and os.path.isabs(library.database):
        return _Sight(backup, tuple(map(_mark, ("", "-wal", "-journal"), (library.database,) * 3)))
    replaced = [job.id for job in await library.jobs(limit=20) if job.backup_id or job.reverts]
    return _Sight(backup, tuple(replaced))


def _mark(suffix: str, database: str) -> tuple[int, int, int] | None:
    """What changes with every write to a file. It is only looked at: opening it could drop others' locks."""
    status = _status(database + suffix)
    return (status.st_ino, status.st_size, status.st_mtime_ns) if status and status.st_size else None


def _status(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except (OSError, ValueError):
        return None


def _sentence(database: str, backup: Backup, changed: datetime | None) -> str:
    made = moment(backup.created)[:16].replace("T", " ") + " UTC"
    if backup.created > datetime.now(UTC) + _CLOCK_SKEW:
        made += ", by a clock that was ahead,"
    name = os.path.basename(database) or database
    now = f", last changed {moment(changed)[:16].replace('T', ' ')} UTC," if changed else ""
    return (
        f"{name}{now} is replaced by its backup of {made} ({backup.bytes:,} bytes). "
        "What is there now can be brought back by reverting."
    )
