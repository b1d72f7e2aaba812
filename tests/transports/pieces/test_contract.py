"""The transport of services keeps the contract: over a real database, and over whatever a scenario says."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import ClassVar

from reprieve import Library
from reprieve.adapters.server import Settings
from reprieve.core.operations import Operation
from reprieve.transports.clock import RealClock
from reprieve.transports.contract import Setting, TransportContract
from reprieve.transports.local.home import Home
from reprieve.transports.offline.pace import Curve
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.pieces.opening import open_pieces
from reprieve.transports.registry import open_target
from tests.support.databases import OLD, make_database, masked_pages
from tests.transports.local.test_contract import edit

from .services import OWNER, served, simulated

QUICK = 1_000_000


class TestLocal(TransportContract):
    """Our own service, over a real database."""

    @asynccontextmanager
    async def setting(self, folder: Path) -> AsyncIterator[Setting]:
        database = make_database(folder / "snippets.db", OLD, rows=50)
        opened = open_target(database, store=str(folder / "store"), home=_home(folder / "there"))
        token = folder / "token"
        token.write_text(OWNER)
        settings = Settings(token=OWNER)
        async with served(Library(opened, long_lived=True), settings) as address:
            yield Setting(
                lambda: open_pieces(address, home=_home(folder / "here"), token_file=token).transport,
                RealClock(),
                content=lambda: masked_pages(database),
                edit=lambda: edit(database),
            )


class TestOffline(TransportContract):
    """Our own service, over a simulated one."""

    scenario: ClassVar[Scenario] = Scenario(size=QUICK, ticks=10)

    @asynccontextmanager
    async def setting(self, folder: Path) -> AsyncIterator[Setting]:
        async with simulated(self.scenario, folder) as setting:
            yield setting


class TestSlow(TestOffline):
    scenario = Scenario(size=QUICK, ticks=3, latency=0.2, jitter=0.1, curve=Curve.STALLS, cancel_delay=1)


class TestDropsOut(TestOffline):
    scenario = Scenario(size=QUICK, drop_at=0.3, drop_for=5, backups=Scenario.of({"backups": 3}).backups)


class TestIgnoresCancels(TestOffline):
    scenario = Scenario(size=QUICK, ticks=10, complete_despite_cancel=True)


class TestFailsOnce(TestOffline):
    """The service tries again by itself."""

    scenario = Scenario(size=QUICK, ticks=10, fail_at=0.4)


class TestRefusesOnce(TestOffline):
    scenario = Scenario(size=QUICK, ticks=10, refuse="temporary")


class TestCanDoLess(TestOffline):
    scenario = Scenario(size=QUICK, ticks=10, without=(Operation.REVERT, Operation.UNDO_COPIES))


def _home(folder: Path) -> Home:
    return Home(folder, folder)
