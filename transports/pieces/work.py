"""Work: what a pursuit follows, whatever a service calls it; and Step, what the service tells of it.

Two are this: a creation or a restoration by the API (api_work.py), and a revert by our own service
(revert_work.py).
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Mapping
from typing import Protocol

import attrs

from ...core.errors import Problem
from ...core.job import Backup, Progress, UndoCopy
from .models import Status

NOTHING: Mapping[str, object] = {}
UNKNOWN = Progress()


@attrs.frozen
class Step:
    """How a job stands at a service. `notes` are what finds it again; `named` says whether anything does.

    `ours` says that it is certainly this job, and not an earlier or somebody else's one of the same Backup.
    """

    status: Status
    progress: Progress = UNKNOWN
    backup: Backup | None = None
    undo: UndoCopy | None = None
    problem: Problem | None = None
    notes: Mapping[str, object] = NOTHING
    ours: bool = True

    @property
    def named(self) -> bool:
        """Whether the service has said what the job is called, so that it can be asked for and cancelled."""
        return self.backup is not None or bool(self.notes)


Steps = AsyncGenerator[Step, None]
"""What a service tells of one job. The last step has a final status, or the service stopped telling."""


class Work(Protocol):
    """One job as a service knows it. Each method raises what client.py raises for a bad answer, or none."""

    async def look_first(self) -> None:
        """Find out, before anything is asked for, whether it can be. Raises NotFound."""
        ...

    def start(self) -> Steps:
        """Begin it, and tell how it goes. OutcomeUnknown once it may have begun; other errors before that."""
        ...

    async def status(self) -> Step:
        """How it stands now. Raises NotFound where the service does not know it."""
        ...

    async def cancel(self) -> None:
        """Cancel it; returns once it is answered: `status` says when everything is as before."""
        ...
