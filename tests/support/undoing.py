"""A simulated service whose cancels take long: heard at once, they are acknowledged when a test lets them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import attrs

from reprieve import Library
from reprieve.core.job import Job
from reprieve.transports.offline.opening import open_offline
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.virtual_time import VirtualClock


class Undoing:
    """Its transport. Jobs that are cancelled are undone once `undone` is set."""

    def __init__(self, transport: Any) -> None:
        self._transport = transport
        self.undone = asyncio.Event()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)

    async def abort(self, job: Job) -> None:
        await self.undone.wait()
        await self._transport.abort(job)


@asynccontextmanager
async def undoing(**scenario: object) -> AsyncIterator[tuple[Library, asyncio.Event]]:
    """Its library, whose jobs hang until they are cancelled, and the event that lets them be undone."""
    played = Scenario.of({"hang_at": 0.5, "backups": 1, **scenario})
    opened = open_offline(scenario=played, clock=VirtualClock())
    slow = Undoing(opened.transport)
    async with Library(attrs.evolve(opened, transport=slow)) as library:
        try:
            yield library, slow.undone
        finally:
            slow.undone.set()  # else closing would wait for the undoing
