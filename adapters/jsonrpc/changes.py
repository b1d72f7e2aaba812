"""`jobs/didChange` for one client: every change of state of every job, in the journal's order, none twice.

A change's `seq` is the number of its line in the journal, so a client that comes back to another bridge says
which it heard last, and hears what it missed. Progress is no change. Knows the library and the outbox.
"""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING

from reprieve.core.errors import ReprieveError
from reprieve.core.messages import Noted, Progressed

from ..wire import members, shaped
from .outbox import Outbox
from .peer import Peer
from .shapes import DidChange, Subscribed

if TYPE_CHECKING:
    from reprieve import Library

log = logging.getLogger(__name__)

AGAIN_AFTER = 1.0
"""Seconds until a journal that could not be read is watched again."""


FAR = 10_000
"""Lines of the journal that are told again to a client that comes back; after more, it starts afresh."""


class Changes:
    """What one client has been told of the jobs' changes; nothing until it subscribes."""

    def __init__(self, outbox: Outbox) -> None:
        self._outbox = outbox
        self._library: Library | None = None
        self._after = 0
        self._told: dict[str, int] = {}
        self._turn = asyncio.Lock()
        self._watching: asyncio.Task[None] | None = None

    async def subscribe(self, library: Library, since: int | None) -> Subscribed:
        """From now on the client hears of every change after the one that is given back."""
        self.unsubscribe()
        async with self._turn:  # of two that come at once, the second begins when the first has
            self.unsubscribe()
            newest = await library.newest_change()
            afresh = since is None or not newest - FAR <= since <= newest
            jobs = await library.jobs(unsettled=True) if afresh else ()
            # How the jobs stand was looked up after the line's number: what is newer is not told again.
            self._told = {job.id: job.version for job in jobs}
            self._after = newest if since is None or afresh else since
            self._library = library
            self._watching = asyncio.create_task(self._watch(library))
            return Subscribed(tuple(shaped(job) for job in jobs), self._after, afresh)

    def unsubscribe(self) -> None:
        """The client hears no more."""
        self._library = None
        if self._watching:
            self._watching.cancel()
            self._watching = None

    async def catch_up(self) -> None:
        """Tell every change that the journal has and the client has not heard, if it can be read just now."""
        try:
            await self._tell_news()
        except ReprieveError as error:
            log.warning("the journal cannot be read just now; the changes are told later: %s", error)

    async def _tell_news(self) -> None:
        async with self._turn:
            library = self._library
            if library is None:
                return
            async for entry in library.history(self._after):
                if self._library is not library:
                    return
                self._after = entry.seq
                news = self._told.get(entry.job.id, -1) < entry.job.version
                if news and not isinstance(entry.message, Noted | Progressed):
                    change = members(DidChange(entry.seq, shaped(entry.job)))
                    self._outbox.put(Peer.notify("jobs/didChange", change))
                if entry.job.final:
                    self._told.pop(entry.job.id, None)

    async def _watch(self, library: Library) -> None:
        """Catch up whenever a job has changed, in whichever process."""
        while True:
            seen: dict[str, int] = {}
            try:
                await self._tell_news()
                async for job in library.watch():
                    if seen.get(job.id) != job.version:
                        seen[job.id] = job.version
                        await self._tell_news()
                    if job.final:
                        seen.pop(job.id, None)
                return
            except ReprieveError as error:
                log.warning("the jobs cannot be watched just now, and are watched again: %s", error)
                await asyncio.sleep(AGAIN_AFTER)
