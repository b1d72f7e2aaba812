"""Answer: what a service answers, once its headers have come; read whole, or line by line, and never
without bounds.

Knows HTTP's bodies, and nothing of what is in them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator

import aiohttp
import attrs

from ...core.errors import RemoteProtocolError, ReprieveError
from .border import border
from .refusals import refusal

LARGEST_ANSWER = 64 << 20
LARGEST_LINE = 1 << 20
"""The largest line of a stream, frame of a web socket or sentence of an error, in bytes."""


@attrs.frozen
class Answer:
    """An answer whose headers have come.

    `where` names the service; `changes` says that the request was to change something. Reading it raises
    what border.py makes of a connection that is lost.
    """

    where: str
    changes: bool
    _response: aiohttp.ClientResponse = attrs.field(repr=False)

    @property
    def status(self) -> int:
        """HTTP's."""
        return self._response.status

    @property
    def good(self) -> bool:
        """Whether it is what was asked for, and no error."""
        return self.status in (200, 202, 204)

    @property
    def media_type(self) -> str:
        """`application/json` and the like."""
        return self._response.content_type

    @property
    def location(self) -> str:
        """The path or URL that it points to; empty for none."""
        return self._response.headers.get("Location", "")

    async def whole(self) -> bytes:
        """All of it. Raises RemoteProtocolError for more than 64 MiB."""
        return await self._read(LARGEST_ANSWER)

    async def lines(self) -> AsyncGenerator[bytes]:
        """Its lines as they come, without empty ones. Raises RemoteProtocolError for one of over 1 MiB."""
        rest = b""
        async for part in self._parts():
            *lines, rest = (rest + part).split(b"\n")
            for line in filter(bytes.strip, lines):
                yield line
            if len(rest) > LARGEST_LINE:
                raise RemoteProtocolError(
                    f"{self.where} sends a line without an end; it is not read any further."
                )
        if rest.strip():
            yield rest

    async def error(self) -> ReprieveError:
        """The error that it is, in the service's own sentence where it has one."""
        said = await self._read(LARGEST_LINE) if self.media_type == "text/plain" else b""
        return refusal(self.where, self.status, said.decode("utf-8", "replace"), changes=self.changes)

    async def _read(self, most: int) -> bytes:
        found = bytearray()
        async for part in self._parts():
            found += part
            if len(found) > most:
                raise RemoteProtocolError(
                    f"{self.where} sends more than {most >> 20} MiB; it is not read any further."
                )
        return bytes(found)

    async def _parts(self) -> AsyncGenerator[bytes]:
        while True:
            with border(self.where, changes=self.changes):
                part = await self._response.content.readany()
            if not part:
                return
            yield part
