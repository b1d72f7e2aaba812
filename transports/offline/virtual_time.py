"""Virtual time: a clock that jumps to its next sleeper whenever nobody is runnable.

It works inside whatever event loop the user already runs. Each loop has one timeline, shared by all
virtual clocks that are slept on in it (two watchers would each take the other's callback for
somebody runnable, and wait for each other for ever). Knows asyncio and nothing of jobs.

What the loop waits for in the real world (a socket, a thread, `asyncio.sleep`) does not hold the clock
back: it counts as waiting. While nobody sleeps on a virtual clock nothing at all is scheduled.
"""

from __future__ import annotations

import asyncio
import heapq
import math
from collections.abc import Sized
from datetime import UTC, datetime, timedelta
from itertools import count

from ..clock import ring

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
CALENDAR_ENDS = datetime(9999, 1, 1, tzinfo=UTC)
"""The last moment that a clock shows; a little before Python's, so that others can be reckoned from it."""

# Rounds of the loop that pass before it is taken for idle, where it does not show what is runnable.
BLIND_ROUNDS = 64


class VirtualClock:
    """A Clock (and AlarmClock) on which waiting takes no time.

    It stands still while anybody is runnable. Clocks of one loop share a timeline: the sleeper
    whose clock shows the earliest time since its start is woken first, and of two at the same time the one
    that lay down first; so a run in which several are used repeats exactly.
    """

    def __init__(self, start: datetime = BEGINNING) -> None:
        self._start = start
        self._elapsed = 0.0

    def now(self) -> datetime:
        """The present virtual moment, in UTC; CALENDAR_ENDS for who waits longer."""
        try:
            return min(self._start + timedelta(seconds=self._elapsed), CALENDAR_ENDS)
        except OverflowError:
            return CALENDAR_ENDS

    def monotonic(self) -> float:
        """Virtual seconds since the start."""
        return self._elapsed

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of virtual time; 0 lets the others run first."""
        if seconds <= 0:
            await asyncio.sleep(0)
        else:
            await self.alarm(seconds)

    def alarm(self, seconds: float) -> asyncio.Future[None]:
        """A future that is done after `seconds` of virtual time; `ring` wakes its sleeper earlier.

        Infinity never comes.
        """
        loop = asyncio.get_running_loop()
        alarm = loop.create_future()
        if math.isfinite(seconds):
            _timeline(loop).add((self._elapsed + max(0.0, seconds), next(_TURNS), self, alarm), loop)
        return alarm

    def _reach(self, moment: float) -> None:
        self._elapsed = max(self._elapsed, moment)


# Somebody who waits: until when, in which turn (of those who are due together), on which clock.
_Sleeper = tuple[float, int, VirtualClock, asyncio.Future[None]]

_TURNS = count()


class _Timeline:
    """All virtual sleepers of one loop, and the watcher that wakes them when the loop is idle."""

    def __init__(self, ready: Sized | None) -> None:
        self._ready = ready
        self._sleepers: list[_Sleeper] = []
        self._watching = False
        self._quiet = 0

    def add(self, sleeper: _Sleeper, loop: asyncio.AbstractEventLoop) -> None:
        heapq.heappush(self._sleepers, sleeper)
        if not self._watching:
            self._watching = True
            self._quiet = 0
            loop.call_soon(self._look, loop)

    def _look(self, loop: asyncio.AbstractEventLoop) -> None:
        """Is anybody else runnable? If not, wake whoever is next."""
        if self._idle():
            self._quiet = 0
            self._wake_next()
        self._drop_woken()
        if self._sleepers:
            loop.call_soon(self._look, loop)
        else:
            self._watching = False

    def _idle(self) -> bool:
        # One quiet look is not enough: somebody who ran just before may have made I/O ready that the loop
        # has not polled yet. Between two quiet looks in a row it has.
        if self._ready is None:
            self._quiet += 1
            return self._quiet > BLIND_ROUNDS
        self._quiet = 0 if self._ready else self._quiet + 1
        return self._quiet > 1

    def _wake_next(self) -> None:
        self._drop_woken()
        if not self._sleepers:
            return
        due = self._sleepers[0][0]
        while self._sleepers and self._sleepers[0][0] == due:
            _, _, clock, alarm = heapq.heappop(self._sleepers)
            if not alarm.done():
                clock._reach(due)
                ring(alarm)

    def _drop_woken(self) -> None:
        while self._sleepers and self._sleepers[0][3].done():
            heapq.heappop(self._sleepers)


_timelines: dict[asyncio.AbstractEventLoop, _Timeline] = {}


def _timeline(loop: asyncio.AbstractEventLoop) -> _Timeline:
    timeline = _timelines.get(loop)
    if timeline is None:
        for closed in [other for other in tuple(_timelines) if other.is_closed()]:
            del _timelines[closed]
        timeline = _timelines[loop] = _Timeline(_ready_queue(loop))
    return timeline


def _ready_queue(loop: asyncio.AbstractEventLoop) -> Sized | None:
    """What the loop is about to run, where it shows it (asyncio's own loops do; uvloop does not)."""
    return getattr(loop, "_ready", None)
