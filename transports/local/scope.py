"""Which Backups of a store are one database's: those of its path, and of earlier paths that it adopts.

A store may hold many databases', and one that was given one of them must not restore, hide or tell of another
one's by a mistaken id. Pure.
"""

from __future__ import annotations

import attrs

from ...core.errors import NotFound
from ...core.job import Backup


@attrs.frozen
class Scope:
    """The Backups of `database`, and of each in `adopted`, which it was before it was moved.

    With `any_database`, one that is named by its id may be of any other; a list still has only its own.
    """

    database: str
    adopted: frozenset[str] = frozenset()
    any_database: bool = False

    def holds(self, backup: Backup) -> bool:
        """Whether it is this database's own."""
        return backup.database == self.database or backup.database in self.adopted

    def require(self, backup: Backup) -> Backup:
        """The Backup, if it may be used by its id. Raises NotFound, which names both databases."""
        if self.any_database or self.holds(backup):
            return backup
        raise NotFound(
            f"The backup {backup.id} is of another database, {backup.database}, and not of {self.database}. "
            f"If that is what it was before it was moved, give --database-id {backup.database}; to restore "
            "another one's backup all the same, `reprieve restore --any-database` does it."
        )
