"""Our own service for the tests of its client: an application over a library, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp.test_utils import TestServer

from reprieve import Library
from reprieve.adapters.server import Settings, create_app
from reprieve.transports.clock import RealClock
from reprieve.transports.contract import Setting
from reprieve.transports.local.home import Home
from reprieve.transports.offline.opening import open_offline
from reprieve.transports.offline.scenario import Scenario
from reprieve.transports.offline.world import OfflineWorld
from reprieve.transports.pieces.opening import open_pieces

OWNER = "token-of-the-owner"


@asynccontextmanager
async def served(library: Library, settings: Settings | None = None) -> AsyncIterator[str]:
    """The address at which the library is served while the block runs; the library is opened with it."""
    async with library, TestServer(create_app(library, settings)) as server:
        yield str(server.make_url("")).rstrip("/")


@asynccontextmanager
async def simulated(scenario: Scenario, folder: Path) -> AsyncIterator[Setting]:
    """A simulated library, twenty times as fast, served while the block runs; its client is to be tried."""
    clock = RealClock(speed=20)
    world = OfflineWorld(scenario, clock.now())
    opened = open_offline(scenario=scenario, clock=clock, world=world)
    (folder / "token").write_text(OWNER)
    async with served(Library(opened, long_lived=True), Settings(token=OWNER)) as address:
        yield Setting(
            lambda: open_pieces(address, home=Home(folder, folder), token_file=folder / "token").transport,
            RealClock(),
            content=lambda: world.content(scenario.database),
            edit=lambda: world.edit(scenario.database),
        )
