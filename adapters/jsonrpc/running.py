"""A bridge at work: open the target, talk, and put everything back before the process ends."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from reprieve.core.errors import Problem

from .conversation import CLEAN, Conversation
from .handshake import Handshake
from .lifetime import on_signal, watch
from .peer import Heard, Peer
from .serving import converse
from .stdio import Stdio
from .target import open_library

if TYPE_CHECKING:
    from reprieve import Library

CANNOT_OPEN = 4
"""The exit code where the target cannot be opened."""


async def run(
    stdio: Stdio, peer: Peer, handshake: Handshake, heard: Iterator[Heard], passphrase: str | None
) -> int:
    """Be the bridge of a client that was greeted; the exit code."""
    loop = asyncio.get_running_loop()
    assert handshake.target is not None
    opening = asyncio.create_task(open_library(handshake.target, handshake.store, passphrase))
    conversation = Conversation(opening, handshake, peer)

    def gone() -> None:
        try:
            loop.call_soon_threadsafe(conversation.end, CLEAN)
        except RuntimeError:  # the loop is closed: it is ending already
            return

    on_signal(gone)
    watch(handshake.client.process_id, stdio.out, gone)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    opening.add_done_callback(lambda done: _opened(conversation, done))
    conversation.over.add_done_callback(lambda _: opening.cancel())
    try:
        return await converse(conversation, stdio.start(), heard)
    finally:
        await asyncio.wait((opening,))
        if not opening.cancelled() and not opening.exception():
            await opening.result().__aexit__(None, None, None)


def _opened(conversation: Conversation, opening: asyncio.Task[Library]) -> None:
    error = None if opening.cancelled() else opening.exception()
    if error is None:
        return
    said = Problem.of(error).message
    conversation.say(1, said)
    conversation.end(CANNOT_OPEN)
    try:
        print(f"reprieve: {said}", file=sys.stderr)
    except OSError:  # nobody reads it there
        return
