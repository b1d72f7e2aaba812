"""A conversation over a channel, from its first byte to its exit code.

`serve` does it over asyncio's streams, for a Python host that has a library of its own.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from typing import TYPE_CHECKING, Protocol

from .conversation import CLEAN, Conversation
from .framing import FramingError
from .handshake import Handshake
from .peer import Heard

if TYPE_CHECKING:
    from reprieve import Library

FAREWELL = 1.0
"""Seconds in which the client may read what is left, once it is over."""

CHUNK = 64 * 1024


class Channel(Protocol):
    """Bytes from and to a client."""

    async def read(self) -> bytes:
        """The next bytes; none at their end."""
        ...

    async def write(self, data: bytes) -> None:
        """Write all of it, or raise OSError."""
        ...

    async def ended(self) -> None:
        """Wait until the input's end has come, though some of it may still be to be read."""
        ...

    def write_at_once(self, data: bytes) -> bool:
        """Write it, if that takes no waiting; whether it was written."""
        ...


class Streams:
    """asyncio's streams as a channel."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def read(self) -> bytes:
        """The next bytes; none at their end."""
        try:
            return await self._reader.read(CHUNK)
        except OSError:
            return b""

    async def ended(self) -> None:
        """asyncio does not tell before all is read: it never returns."""
        await asyncio.get_running_loop().create_future()

    async def write(self, data: bytes) -> None:
        """Write all of it, or raise OSError."""
        self._writer.write(data)
        await self._writer.drain()

    def write_at_once(self, data: bytes) -> bool:
        """asyncio has a buffer of its own: nothing is gained."""
        return False


async def serve(library: Library, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    """Offer an opened library to the client at the other end of two streams, until it has gone.

    Returns the exit code that a bridge would have: 0 clean, 1 `exit` without `shutdown`, 3 an input that
    is no message. What the client asked for and did not detach has then been cancelled, and put back. The
    library and the writer stay open.
    """
    opened: asyncio.Future[Library] = asyncio.get_running_loop().create_future()
    opened.set_result(library)
    conversation = Conversation(opened, Handshake(library.database))
    return await converse(conversation, Streams(reader, writer))


async def converse(conversation: Conversation, channel: Channel, heard: Iterable[Heard] = ()) -> int:
    """Hear, answer and tell until it is over; the exit code. `heard` was said already."""
    conversation.outbox.at_once = channel.write_at_once
    sending = asyncio.create_task(_send(conversation, channel))
    listening = asyncio.create_task(_listen(conversation, channel, heard))
    try:
        return await conversation.over
    finally:  # also where the host cancels it
        listening.cancel()
        try:
            await conversation.leave()
            await _farewell(conversation, sending)
        finally:  # also where it does so again
            conversation.abandon()
            sending.cancel()


async def _listen(conversation: Conversation, channel: Channel, heard: Iterable[Heard]) -> None:
    try:
        conversation.hear(heard)
    except FramingError as error:
        conversation.broken(error)
    while not conversation.over.done():
        if not conversation.outbox.has_room:
            await _either(conversation.outbox.room(), channel.ended())
        conversation.receive(await channel.read())


async def _either(*waits: Coroutine[None, None, None]) -> None:
    """Wait until one of them returns."""
    tasks = [asyncio.ensure_future(wait) for wait in waits]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()


async def _send(conversation: Conversation, channel: Channel) -> None:
    """Write what is to be sent, until nobody reads it any more."""
    try:
        while True:
            data = await conversation.outbox.next()
            if not channel.write_at_once(data):
                await channel.write(data)
    except OSError:
        conversation.end(CLEAN)


async def _farewell(conversation: Conversation, sending: asyncio.Task[None]) -> None:
    """Let the client read what is left, if it still does."""
    empty = asyncio.create_task(conversation.outbox.empty())
    await asyncio.wait((empty, sending), timeout=FAREWELL, return_when=asyncio.FIRST_COMPLETED)
    empty.cancel()
