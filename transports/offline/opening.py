"""From `offline:…`, or a Scenario, to the transport with the clock, journal and chance that belong to it."""

from __future__ import annotations

from typing import cast

from ...core.errors import InvalidRequest
from ...core.ports import Clock, Transport
from ..clock import AlarmClock, RealClock
from ..registry import Opened
from .draws import stream
from .memory_journal import MemoryJournal
from .scenario import SCHEME, Pace, Scenario
from .transport import OfflineTransport
from .virtual_time import VirtualClock
from .world import OfflineWorld


def open_offline(
    target: str = f"{SCHEME}:",
    *,
    store: str | None = None,
    scenario: Scenario | None = None,
    clock: Clock | None = None,
    world: OfflineWorld | None = None,
) -> Opened:
    """The service that the URL `target` says, or `scenario`; on the scenario's own clock if none is given.

    `world` is one that other transports have worked on. Raises InvalidRequest where the scenario makes
    no sense or is given twice, for a `store` (it has its own), and for a clock without alarms.
    """
    if store is not None:
        raise InvalidRequest("An offline service has a store of its own; leave the store out.")
    if scenario is None:
        scenario = Scenario.from_url(target)
    elif target != f"{SCHEME}:":
        raise InvalidRequest(f"Give a scenario or its URL, not both: '{target}' says one of its own.")
    alarms = _with_alarms(clock) if clock else clock_for(scenario)
    return Opened(_transport(scenario, alarms, world), MemoryJournal(), alarms, stream(scenario.seed, "core"))


def _transport(scenario: Scenario, clock: AlarmClock, world: OfflineWorld | None) -> Transport:
    if scenario.replay is None:
        return OfflineTransport(scenario, clock, world)
    from ..recording import Recording
    from .replay import ReplayTransport

    return ReplayTransport(Recording.load(scenario.replay), scenario, clock)


def clock_for(scenario: Scenario) -> AlarmClock:
    """The clock that a scenario wants to be played on."""
    return RealClock(scenario.speed) if scenario.clock is Pace.REAL else VirtualClock()


def _with_alarms(clock: Clock) -> AlarmClock:
    if not hasattr(clock, "alarm"):
        raise InvalidRequest("An offline service needs a clock with alarms: a VirtualClock or a RealClock.")
    return cast(AlarmClock, clock)
