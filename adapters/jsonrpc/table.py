"""Every method of the bridge, in one table; and which operation each is."""

from __future__ import annotations

from . import backups, database, documents, jobs
from .methods import Method

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        *backups.METHODS,
        *jobs.METHODS,
        *database.METHODS,
        *documents.METHODS,
    )
}
