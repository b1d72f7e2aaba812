"""The pytest plugin: a backup service that is offline, instant and fails on command.

    async def test_my_plugin_survives_a_failure(reprieve_service):
        async with reprieve_service(fail_at=0.4, fail="storageFull") as library:
            with pytest.raises(reprieve.JobFailed):
                await (await library.create_backup())

pytest loads this file in every run of everybody who has reprieve installed, so it imports only what that
needs. The fixtures work with any plugin that runs asynchronous tests on asyncio, and with `asyncio.run`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import pytest

if TYPE_CHECKING:
    from reprieve import Library

    from ...transports.offline.scenario import Scenario
    from ...transports.offline.virtual_time import VirtualClock
    from ...transports.offline.world import OfflineWorld

pytest.register_assert_rewrite("reprieve.transports.contract")


class ScenarioMaker(Protocol):
    """What the fixture `reprieve_scenario` is."""

    def __call__(self, **parameters: object) -> Scenario:
        """The scenario with these parameters, as values or as text. Raises InvalidRequest."""
        ...


class ServiceMaker(Protocol):
    """What the fixture `reprieve_service` is."""

    def __call__(
        self, scenario: Scenario | None = None, *, world: OfflineWorld | None = None, **parameters: object
    ) -> Library:
        """A library of a simulated service, to use in an `async with`.

        `parameters` change the scenario (the default one, if none is given). `world` is one that
        another service has worked on, or that the test looks into. Raises InvalidRequest.
        """
        ...


@pytest.fixture
def reprieve_clock() -> VirtualClock:
    """The virtual time of the test's services: it jumps whenever nobody is runnable."""
    from ...transports.offline.virtual_time import VirtualClock

    return VirtualClock()


@pytest.fixture
def reprieve_scenario() -> ScenarioMaker:
    """Makes scenarios: `reprieve_scenario(seed=7, fail_at=0.4, fail="temporary")`."""
    from ...transports.offline.scenario import Scenario

    def make(**parameters: object) -> Scenario:
        return Scenario.of(parameters)

    return make


@pytest.fixture
def reprieve_service(reprieve_clock: VirtualClock, reprieve_scenario: ScenarioMaker) -> ServiceMaker:
    """Makes services: `async with reprieve_service(fail_at=0.4) as library`, on the test's virtual time."""

    def make(
        scenario: Scenario | None = None, *, world: OfflineWorld | None = None, **parameters: object
    ) -> Library:
        from reprieve import connect

        played = (scenario or reprieve_scenario()).evolve(parameters)
        return connect("offline:", scenario=played, clock=reprieve_clock, world=world)

    return make
