"""How long a client may leave unread what it asked for: who takes nothing is dropped, and their job goes on.

Knows connections; nothing of what is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from aiohttp import web

from .keys import SETTINGS


async def taken(request: web.Request, sending: Awaitable[object]) -> None:
    """Send something more to whoever asked. Raises ConnectionResetError once they do not take it."""
    try:
        async with asyncio.timeout(request.app[SETTINGS].unread):
            await sending
    except TimeoutError as error:
        if request.transport is not None:
            request.transport.abort()  # what waits for them is thrown away; close() would wait on
        raise ConnectionResetError("The client takes nothing any more.") from error
