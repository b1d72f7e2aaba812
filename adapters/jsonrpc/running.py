"""A bridge at work: open the target, talk, and put everything back before the process ends."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from reprieve.core.errors import Problem, ReprieveError

from ..log_lines import VisibleFormatter
from ..visible import visible
from .conversation import Conversation
from .exit_codes import CANNOT_OPEN, CLEAN
from .handshake import Handshake
from .lifetime import on_signal, watch
from .peer import Heard, Peer
from .serving import converse
from .stdio import Stdio
from .target import open_library

if TYPE_CHECKING:
    from reprieve import Library

log = logging.getLogger(__name__)


async def run(
    stdio: Stdio,
    peer: Peer,
    handshake: Handshake,
    heard: Iterator[Heard],
    passphrase: str | None,
    work_dir: str | None = None,
) -> int:
    """Be the bridge of a client that was greeted; the exit code."""
    loop = asyncio.get_running_loop()
    assert handshake.target is not None
    opening = asyncio.create_task(
        open_library(handshake.target, handshake.store, passphrase, handshake.database_id, work_dir)
    )
    conversation = Conversation(opening, handshake, peer)

    handler = logging.StreamHandler()
    handler.setFormatter(VisibleFormatter("%(levelname)s %(name)s: %(message)s"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler])
    on_signal(_on(loop, conversation.end, CLEAN))
    _watch_client(loop, stdio, conversation, handshake)
    opening.add_done_callback(lambda done: _opened(conversation, done))
    conversation.over.add_done_callback(lambda _: opening.cancel())
    try:
        return await converse(conversation, stdio.start(), heard)
    finally:
        await asyncio.wait((opening,))
        if not opening.cancelled() and not opening.exception():
            await _close(opening.result())


def _watch_client(
    loop: asyncio.AbstractEventLoop, stdio: Stdio, conversation: Conversation, handshake: Handshake
) -> None:
    """End when the client is gone, but with a message for any process that still reads."""
    process = handshake.client.process_id

    def warn(message: str) -> None:
        log.warning("%s", message)
        conversation.say(2, message)

    def ended() -> None:
        warn(f"The client's process {process} has ended, and so the bridge ends.")
        conversation.end(CLEAN)

    if not handshake.client_is_seen:
        why = f"process {process} cannot be seen from here: it runs in another container, or has ended"
        warn(f"The client's {why}. The bridge ends when stdin does.")
        process = None
    watch(process, stdio.out, _on(loop, conversation.end, CLEAN), _on(loop, ended))


def _on(loop: asyncio.AbstractEventLoop, call: Callable[..., None], *arguments: object) -> Callable[[], None]:
    """This call, made on the loop by any thread and in a signal's handler."""

    def hand_over() -> None:
        try:
            loop.call_soon_threadsafe(call, *arguments)
        except RuntimeError:  # the loop is closed: it is ending already
            return

    return hand_over


async def _close(library: Library) -> None:
    """Put back what is to be put back. The exit code is the conversation's, whatever comes of that."""
    try:
        await library.__aexit__(None, None, None)
    except ReprieveError as error:
        log.error("the library could not be closed as it should be: %s", error)


def _opened(conversation: Conversation, opening: asyncio.Task[Library]) -> None:
    error = None if opening.cancelled() else opening.exception()
    if error is None:
        return
    said = Problem.of(error).message
    conversation.say(1, said)
    conversation.end(CANNOT_OPEN)
    try:
        print(f"reprieve: {visible(said)}", file=sys.stderr)
    except OSError:  # nobody reads it there
        return
