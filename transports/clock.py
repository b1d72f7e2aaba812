"""The system's time as a Clock port, at its own pace or faster.

Knows asyncio and the system clock. `AlarmClock` is what the offline transport asks beyond the port: an
alarm that can be stopped early, without a task for each wait.
"""

from __future__ import annotations

import asyncio
import math
import time
from datetime import UTC, datetime, timedelta
from typing import Protocol

import attrs

from ..core.errors import InvalidRequest
from ..core.ports import Clock


class AlarmClock(Clock, Protocol):
    """A Clock whose sleepers can be woken early."""

    def alarm(self, seconds: float) -> asyncio.Future[None]:
        """A future that is done after `seconds` of this clock; `ring` wakes its sleeper earlier."""
        ...


def ring(alarm: asyncio.Future[None]) -> None:
    """Wake whoever waits for `alarm` now, if it has not rung yet."""
    if not alarm.done():
        alarm.set_result(None)


def _speed(instance: RealClock, attribute: attrs.Attribute[float], value: float) -> None:
    if not (value > 0 and math.isfinite(value)):
        raise InvalidRequest(f"The speed of a clock is a number above 0, not {value!r}; 1 is real time.")


@attrs.frozen
class RealClock:
    """The system's clock. With `speed` 10, ten seconds pass in each real one, from now on."""

    speed: float = attrs.field(default=1.0, validator=_speed)
    _began: datetime = attrs.field(factory=lambda: datetime.now(UTC), init=False)
    _origin: float = attrs.field(factory=time.monotonic, init=False)

    def now(self) -> datetime:
        """The present moment, in UTC; at speed 1 the system's own, however it is set meanwhile."""
        if self.speed == 1.0:
            return datetime.now(UTC)
        return self._began + timedelta(seconds=self.monotonic())

    def monotonic(self) -> float:
        """Seconds of this clock since it was made."""
        return (time.monotonic() - self._origin) * self.speed

    async def sleep(self, seconds: float) -> None:
        """Return after `seconds` of this clock."""
        await asyncio.sleep(seconds / self.speed)

    def alarm(self, seconds: float) -> asyncio.Future[None]:
        """A future that is done after `seconds`; `ring` wakes its sleeper earlier."""
        loop = asyncio.get_running_loop()
        alarm = loop.create_future()
        timer = loop.call_later(max(0.0, seconds) / self.speed, ring, alarm)
        alarm.add_done_callback(lambda _: timer.cancel())
        return alarm
