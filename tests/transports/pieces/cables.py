"""A cable to a service that can be pulled: connections are still taken and held, and carry nothing."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import attrs


@attrs.define(eq=False)
class Cable:
    """Forwards bytes both ways to the port `to`, until it is pulled."""

    to: int
    whole: asyncio.Event = attrs.field(factory=asyncio.Event)
    ends: set[asyncio.StreamWriter] = attrs.field(factory=set)

    @classmethod
    @asynccontextmanager
    async def laid(cls, address: str) -> AsyncIterator[tuple[Cable, str]]:
        """One to the service at `address`, and the address at its near end."""
        cable = cls(int(address.rpartition(":")[2]))
        cable.whole.set()
        server = await asyncio.start_server(cable._connected, "127.0.0.1", 0)
        try:
            yield cable, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        finally:
            server.close()
            for end in cable.ends:
                end.transport.abort()

    def pull(self) -> None:
        """From now on nothing arrives, and nobody is told."""
        self.whole.clear()

    async def _connected(self, near: asyncio.StreamReader, back: asyncio.StreamWriter) -> None:
        self.ends.add(back)
        far, on = await asyncio.open_connection("127.0.0.1", self.to)
        self.ends.add(on)
        await asyncio.gather(self._carry(near, on), self._carry(far, back))

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while data := await reader.read(65536):
                await self.whole.wait()
                writer.write(data)
                await writer.drain()
            await self.whole.wait()
        except ConnectionError:
            pass
        writer.close()
