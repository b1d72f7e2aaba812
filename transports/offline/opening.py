"""From `offline:…` or a Scenario to a transport and the clock that it lives by."""

from __future__ import annotations

from typing import cast

from ...core.errors import InvalidRequest
from ...core.ports import Clock
from ..clock import AlarmClock, RealClock
from ..registry import Opened
from .scenario import Pace, Scenario
from .transport import OfflineTransport
from .virtual_time import VirtualClock
from .world import OfflineWorld


def open_offline(
    target: str = "offline:",
    *,
    scenario: Scenario | None = None,
    clock: Clock | None = None,
    world: OfflineWorld | None = None,
) -> Opened:
    """The service that the URL `target` says, or else `scenario`; without a clock, on the scenario's own.

    Raises InvalidRequest where the scenario makes no sense, or both are given.
    """
    if scenario is None:
        scenario = Scenario.from_url(target)
    elif target != "offline:":
        raise InvalidRequest(f"Give the scenario or its URL, not both: '{target}' has parameters of its own.")
    clock = clock or clock_for(scenario)
    if not hasattr(clock, "alarm"):
        raise InvalidRequest("An offline service needs a clock with alarms: a VirtualClock or a RealClock.")
    alarms = cast(AlarmClock, clock)
    return Opened(OfflineTransport(scenario, alarms, world), clock)


def clock_for(scenario: Scenario) -> AlarmClock:
    """The clock that a scenario wants to be played on."""
    return RealClock(scenario.speed) if scenario.clock is Pace.REAL else VirtualClock()
