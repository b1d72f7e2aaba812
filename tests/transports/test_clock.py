"""The system's clock as a port: in UTC, forward, and faster where it is asked to be."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest

from reprieve.core.errors import InvalidRequest
from reprieve.transports.clock import RealClock, ring


def test_it_shows_the_systems_time() -> None:
    before, shown, after = datetime.now(UTC), RealClock().now(), datetime.now(UTC)

    assert before <= shown <= after


async def test_a_fast_clock_shows_the_time_that_was_slept() -> None:
    clock = RealClock(speed=1000)
    moment, began = clock.now(), clock.monotonic()

    await clock.sleep(20)

    assert clock.monotonic() - began >= 19.9
    assert clock.now() - moment >= timedelta(seconds=19.9)


async def test_an_alarm_rings_by_itself_or_early() -> None:
    clock = RealClock(speed=100)

    await clock.alarm(1)
    long = clock.alarm(1e9)
    ring(long)
    ring(long)
    await asyncio.wait_for(long, timeout=60)


@pytest.mark.parametrize("speed", [0, -1, float("inf"), float("nan")])
def test_a_speed_that_makes_no_sense_is_refused(speed: float) -> None:
    with pytest.raises(InvalidRequest, match="speed"):
        RealClock(speed)
