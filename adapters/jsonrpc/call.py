"""Call: one request under way, as its handler sees it, and the one way in which it is cancelled."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any

from reprieve.core.errors import IllegalTransition, JobFailed, ReprieveError, TooLate

from .changes import Changes
from .methods import Method
from .plans import Plans
from .progress import Tellings

if TYPE_CHECKING:
    from reprieve import Library, RunningJob

log = logging.getLogger(__name__)


class Call:
    """One request under way.

    A request that starts a job is cancelled by cancelling that job; its answer tells how that went. Any other
    one is simply given up. `library` is there once it is open, before a handler is called.
    """

    library: Library
    task: asyncio.Task[None]

    def __init__(self, method: Method, plans: Plans, changes: Changes, tellings: Tellings) -> None:
        self.method = method
        self.plans = plans
        self.changes = changes
        self.tellings = tellings
        self.unwanted = False
        self.detached: asyncio.Task[Any] | None = None
        self._begun = False
        self._running: RunningJob[Any] | None = None
        self._cancelling: asyncio.Task[None] | None = None

    def begin(self) -> None:
        """From now on its handler is at work."""
        self._begun = True

    def cancel(self) -> None:
        """It is no longer wanted. Asking again changes nothing."""
        if self.unwanted:
            return
        self.unwanted = True
        if self._running:
            self._cancel_job(self._running)
        elif self._begun and not self.method.starts_job:
            self.task.cancel()

    def started(self, running: RunningJob[Any]) -> None:
        """The job that it stands for; cancelled at once, if that was asked for meanwhile."""
        self._running = running
        if self.unwanted:
            self._cancel_job(running)

    def _cancel_job(self, running: RunningJob[Any]) -> None:
        self._cancelling = asyncio.create_task(self._cancelled(running))

    async def _cancelled(self, running: RunningJob[Any]) -> None:
        """Cancel the job. That it was too late, or failed, is what its own answer tells."""
        try:
            await running.cancel()
        except (TooLate, IllegalTransition, JobFailed):
            return
        except ReprieveError as error:
            log.warning("job %s could not be cancelled just now; ask again: %s", running.id, error)
            self.unwanted = False
