"""A service that really listens, inside the test's own process, with any settings."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs

import reprieve
from reprieve.adapters.server import Settings
from reprieve.adapters.server.listening import Place, listening
from reprieve.adapters.server.running import Ready, run
from tests.support.services import DEADLINE


@attrs.define
class Running:
    """Where it is, how to stop it, and its end."""

    url: str
    stop: asyncio.Event
    over: asyncio.Task[None]

    @property
    def port(self) -> int:
        return int(self.url.rpartition(":")[2])


@asynccontextmanager
async def running(
    library: reprieve.Library, settings: Settings, tls: ssl.SSLContext | None = None, host: str | None = None
) -> AsyncIterator[Running]:
    """It listens on a free port (of that host) until the end of the block."""
    told: asyncio.Future[Ready] = asyncio.get_running_loop().create_future()
    stop = asyncio.Event()
    with listening(Place(hosts=(host,) if host else (), ports=(0,), guarded=True)) as sockets:
        over = asyncio.create_task(run(library, settings, sockets, stop, told.set_result, tls=tls))
        try:
            await asyncio.wait((told, over), return_when=asyncio.FIRST_COMPLETED)
            yield Running((await told).addresses[0], stop, over)
        finally:
            stop.set()
            await asyncio.wait_for(over, DEADLINE)
