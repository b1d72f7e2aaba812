"""Our own service for the tests of its client: an application over a library, on a port of its own."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from aiohttp.test_utils import TestServer

from reprieve import Library
from reprieve.adapters.server import Settings, create_app


@asynccontextmanager
async def served(library: Library, settings: Settings | None = None) -> AsyncIterator[str]:
    """The address at which the library is served while the block runs; the library is opened with it."""
    async with library, TestServer(create_app(library, settings)) as server:
        yield str(server.make_url("")).rstrip("/")
