"""From `offline:…` or a Scenario to a transport and the clock that it lives by."""

from __future__ import annotations

from random import Random
from typing import cast

from ...core.errors import InvalidRequest
from ...core.ports import Clock
from ..clock import AlarmClock, RealClock
from ..registry import Opened
from .memory_journal import MemoryJournal
from .scenario import Pace, Scenario
from .transport import OfflineTransport
from .virtual_time import VirtualClock
from .world import OfflineWorld


def open_offline(
    target: str = "offline:",
    *,
    store: None = None,
    scenario: Scenario | None = None,
    clock: Clock | None = None,
    world: OfflineWorld | None = None,
) -> Opened:
    """The service that the URL `target` says, or else `scenario`; without a clock, on the scenario's own.

    Raises InvalidRequest where the scenario makes no sense, both are given, or a store is.
    """
    if store is not None:
        raise InvalidRequest("An offline service has no store; give its backups in the scenario.")
    if scenario is None:
        scenario = Scenario.from_url(target)
    elif target != "offline:":
        raise InvalidRequest(f"Give the scenario or its URL, not both: '{target}' has parameters of its own.")
    clock = clock or clock_for(scenario)
    if not hasattr(clock, "alarm"):
        raise InvalidRequest("An offline service needs a clock with alarms: a VirtualClock or a RealClock.")
    alarms = cast(AlarmClock, clock)
    transport = OfflineTransport(scenario, alarms, world)
    return Opened(transport, MemoryJournal(), clock, Random(f"orchestrator {scenario.seed}"))


def clock_for(scenario: Scenario) -> AlarmClock:
    """The clock that a scenario wants to be played on."""
    return RealClock(scenario.speed) if scenario.clock is Pace.REAL else VirtualClock()
