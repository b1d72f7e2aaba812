"""What the tests of the client share: a transport opened on an address, and the jobs that it is given."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from reprieve.core.ports import Transport
from reprieve.transports.clock import RealClock
from reprieve.transports.contract import Setting, Trial
from reprieve.transports.local.home import Home
from reprieve.transports.pieces.opening import open_pieces

Tried = Callable[..., AbstractAsyncContextManager[Trial]]


@pytest.fixture
def tried(tmp_path: Path) -> Tried:
    """Opens a transport on an address, in an `async with`. Its clock runs ten times as fast."""

    @asynccontextmanager
    async def opened(address: str, **options: Any) -> AsyncIterator[Trial]:
        clock = RealClock(speed=10)

        def transport() -> Transport:
            return open_pieces(address, home=Home(tmp_path, tmp_path), clock=clock, **options).transport

        trial = Trial(Setting(transport, clock), transport())
        await trial.transport.open()
        try:
            yield trial
        finally:
            await trial.transport.close()

    return opened
