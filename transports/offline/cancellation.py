"""A cancel on its way to simulated work, and the waiting that it cuts short.

Knows an AlarmClock and nothing of jobs.
"""

from __future__ import annotations

import asyncio
import math

from ..clock import AlarmClock, ring

NEVER = math.inf


class Cancellation:
    """Whether, and from when on, one attempt is to acknowledge a cancel."""

    def __init__(self, clock: AlarmClock) -> None:
        self._clock = clock
        self._due = NEVER
        self._alarm: asyncio.Future[None] | None = None

    @property
    def due(self) -> bool:
        """Whether a cancel is to be acknowledged now."""
        return self._clock.monotonic() >= self._due

    def ask(self, delay: float, *, heard_from: float = -NEVER) -> None:
        """Acknowledge one `delay` seconds after it is heard, which is not before `heard_from`.

        The first that asks counts.
        """
        if self._due == NEVER:
            self._due = max(self._clock.monotonic(), heard_from) + delay
            if self._alarm is not None:
                ring(self._alarm)

    async def wait(self, seconds: float) -> bool:
        """Let `seconds` pass; True, as soon as it is so, when a cancel is to be acknowledged."""
        now = self._clock.monotonic()
        until = now + seconds
        while now < until and now < self._due:
            self._alarm = self._clock.alarm(min(until, self._due) - now)
            await self._alarm
            now = self._clock.monotonic()
        return now >= self._due
