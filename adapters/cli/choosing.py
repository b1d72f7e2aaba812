"""Which backup is meant: an id, the beginning of one, or `latest`. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

import attrs

from reprieve.core.errors import InvalidRequest, NotFound
from reprieve.core.job import Backup

LATEST = "latest"
HELP = f"an id, its beginning, the beginning of its time, or '{LATEST}'"

_WHOLE_ID = re.compile(r"\S+_\d{8}T\d{9}Z")


def is_whole_id(wanted: str) -> bool:
    """Whether this is an id from its beginning to its end, which needs no list to be found."""
    return _WHOLE_ID.fullmatch(wanted) is not None


@attrs.frozen
class Choice:
    """A backup that is meant, and the newer ones that `latest` passed over: they are marked damaged."""

    backup: Backup
    passed_over: tuple[Backup, ...] = ()

    @property
    def notice(self) -> str | None:
        """What people should know of the choice."""
        if not self.passed_over:
            return None
        ids = ", ".join(backup.id for backup in self.passed_over)
        return f"`{LATEST}` is {self.backup.id}; newer ones that are marked damaged are passed over: {ids}."


def chosen(backups: Sequence[Backup], wanted: str, database: str | None = None) -> Choice:
    """The backup that is meant, of these, oldest first; they are all of `database`, if one is named.

    Raises NotFound, and InvalidRequest if several are meant.
    """
    if wanted == LATEST:
        return _latest(backups, database)
    exact = [backup for backup in backups if wanted in (backup.id, backup.timestamp)]
    found = exact or [
        backup for backup in backups if backup.id.startswith(wanted) or backup.timestamp.startswith(wanted)
    ]
    if len(found) > 1:
        raise InvalidRequest(f"{len(found)} backups begin with {wanted}; give more of the id.")
    if not found or not wanted:
        raise NotFound(f"There is no backup {wanted}; `reprieve list` shows those that there are.")
    return Choice(found[0])


def _latest(backups: Sequence[Backup], database: str | None) -> Choice:
    if not backups and database is not None:
        raise NotFound(
            f"There is no backup of {database}, and `{LATEST}` is the latest of that same path. "
            "`reprieve list` shows the backups of every path: name one by its id."
        )
    if not backups:
        raise NotFound("There is no backup yet; `reprieve backup DATABASE` makes the first.")
    for place in reversed(range(len(backups))):
        if not backups[place].source_damaged:
            return Choice(backups[place], tuple(backups[place + 1 :]))
    raise NotFound(
        f"Every backup is marked damaged, as its database was, and `{LATEST}` passes over those. The newest "
        f"is {backups[-1].id}: name it by its id."
    )
