"""A bridge at a unix socket: any number of clients, one library, each client a conversation of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from ..unix_socket import unix_socket
from .conversation import Conversation
from .exit_codes import CLEAN
from .handshake import Handshake
from .serving import Streams, converse

if TYPE_CHECKING:
    from reprieve import Library

GOING = 5.0
"""Seconds in which clients are told how their jobs ended, when the bridge is told to end."""


async def listen(library: Library, path: Path, ready: Callable[[], None], stop: asyncio.Event) -> None:
    """Serve whoever connects until `stop` is set, and then until everything is as it was before.

    `ready` is called once clients can connect. Raises InvalidRequest or Conflict for a path that cannot be
    used.
    """
    opened: asyncio.Future[Library] = asyncio.get_running_loop().create_future()
    opened.set_result(library)
    conversations: dict[Conversation, asyncio.Task[int]] = {}

    async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        conversation = Conversation(opened, Handshake(library.database))
        conversations[conversation] = asyncio.create_task(converse(conversation, Streams(reader, writer)))
        if stop.is_set():  # it came as the last one
            conversation.end(CLEAN)
        try:
            await conversations[conversation]
        finally:
            del conversations[conversation]
            writer.close()

    with unix_socket(path) as sock:
        server = await asyncio.start_unix_server(welcome, sock=sock)
        ready()
        await stop.wait()
        server.close()
        going = set(conversations.values())
        for conversation in tuple(conversations):
            conversation.end(CLEAN)
        if going:
            await asyncio.wait(going, timeout=GOING)
