"""How long a client may leave unread what it asked for: who takes nothing is dropped, and their job goes on.

Knows connections; nothing of what is sent.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable

from aiohttp import web
from aiohttp.abc import AbstractStreamWriter

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


LARGE = 64 * 1024
"""Bytes that a connection's buffers take at once, whoever reads them or not."""


class LargeAnswer(web.Response):
    """A whole answer that may not fit into the buffers: who takes nothing of it is dropped, too."""

    _asked: web.Request

    async def prepare(self, request: web.BaseRequest) -> AbstractStreamWriter | None:
        assert isinstance(request, web.Request)
        self._asked = request
        return await super().prepare(request)

    async def write_eof(self, data: bytes = b"") -> None:
        await taken(self._asked, super().write_eof(data))


def whole(body: bytes, content_type: str, status: int = 200) -> web.Response:
    """A whole answer of any size."""
    kind = LargeAnswer if len(body) > LARGE else web.Response
    return kind(body=body, status=status, content_type=content_type)
