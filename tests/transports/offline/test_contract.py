"""The offline transport keeps the contract, whatever the scenario (as long as it lets jobs succeed)."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

import attrs

from reprieve.core.operations import Operation
from reprieve.transports.clock import AlarmClock, RealClock
from reprieve.transports.contract import Setting, TransportContract
from reprieve.transports.offline.pace import Curve
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.transport import OfflineTransport
from reprieve.transports.offline.virtual_time import VirtualClock
from reprieve.transports.offline.world import OfflineWorld
from reprieve.transports.recording import RecordingTransport


class TestOffline(TransportContract):
    scenario: ClassVar[Scenario] = Scenario()

    def clock(self) -> AlarmClock:
        return VirtualClock()

    @asynccontextmanager
    async def setting(self, folder: Path) -> AsyncIterator[Setting]:
        clock = self.clock()
        world = OfflineWorld(self.scenario, clock.now())
        yield Setting(
            lambda: OfflineTransport(self.scenario, clock, world),
            clock,
            content=lambda: world.content(self.scenario.database),
            edit=lambda: world.edit(self.scenario.database),
        )


class TestSlow(TestOffline):
    scenario = Scenario(latency=0.2, jitter=0.1, curve=Curve.STALLS, cancel_delay=3, ticks=3)


class TestDropsOut(TestOffline):
    scenario = Scenario(drop_at=0.3, drop_for=60, backups=Scenario.of({"backups": 3}).backups)


class TestIgnoresCancels(TestOffline):
    scenario = Scenario(complete_despite_cancel=True)


class TestPlainService(TestOffline):
    scenario = Scenario(
        without=(
            Operation.REVERT,
            Operation.UNDO_COPIES,
            Operation.FORGET_UNDO,
            Operation.ASSETS,
            Operation.ASSET,
            Operation.ASSET_HISTORY,
        )
    )


class TestCanDoNothing(TestOffline):
    scenario = Scenario(without=tuple(Operation))


class TestInRealTime(TestOffline):
    scenario = Scenario(ticks=7, latency=0.1)

    def clock(self) -> AlarmClock:
        return RealClock(speed=200)


class TestRecorded(TestOffline):
    """Recording changes nothing of what it records."""

    @asynccontextmanager
    async def setting(self, folder: Path) -> AsyncIterator[Setting]:
        async with super().setting(folder) as setting:
            path = folder / "recording.json"
            yield attrs.evolve(
                setting, transport=lambda: RecordingTransport(setting.transport(), setting.clock, path)
            )
