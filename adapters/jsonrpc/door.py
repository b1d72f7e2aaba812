"""The program's door: take the channel, greet, and only then load what carries jobs out.

An editor waits for the answer to `initialize`, so nothing is imported before it that it does not need.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from itertools import chain

from .ahead import Ahead, taken
from .errors import parse_error
from .exit_codes import CLEAN, FRAMING, NOT_SHUT_DOWN
from .framing import FramingError
from .handshake import Handshake, Stage
from .lifetime import lives, on_signal
from .messages import Notification, Request
from .peer import Heard, Peer, Reply
from .stdio import Stdio


def bridge(
    target: str | None,
    store: str | None,
    passphrase: str | None,
    database_id: Sequence[str] = (),
    work_dir: str | None = None,
) -> int:
    """Be the bridge of a client at stdin and stdout, until it goes; the exit code."""
    on_signal(lambda: os._exit(CLEAN))  # so far nothing is under way
    ahead = taken() or Ahead(Stdio())
    stdio, peer, handshake = ahead.stdio, Peer(ahead.frames), Handshake(target, store, database_id)
    try:
        heard = _begun(ahead, peer, handshake)
    except FramingError as error:
        _say(stdio, Peer.unreadable(parse_error(str(error))))
        return FRAMING
    except OSError:  # nobody reads
        return CLEAN
    if isinstance(heard, int):
        return heard
    import asyncio

    from .running import run

    return asyncio.run(run(stdio, peer, handshake, heard, passphrase, work_dir))


def _begun(ahead: Ahead, peer: Peer, handshake: Handshake) -> Iterator[Heard] | int:
    """What a greeted client has said by then; the exit code, if it left. Raises FramingError and OSError."""
    if ahead.broken:
        raise ahead.broken
    if ahead.client is not None:
        handshake.greeted(ahead.client)
        handshake.client_is_seen = ahead.client_is_seen
        return peer.receive(b"")
    first = peer.take(ahead.first) if ahead.first is not None else iter(())
    return _greeted(ahead.stdio, peer, handshake, chain(first, peer.receive(b"")))


def _greeted(stdio: Stdio, peer: Peer, handshake: Handshake, heard: Iterator[Heard]) -> Iterator[Heard] | int:
    """Answer until the client is greeted."""
    while True:
        for one in heard:
            if isinstance(one, Request):
                stdio.write_now(handshake.reply(peer, one) or b"")
            elif isinstance(one, Reply):
                stdio.write_now(one.data)
            elif isinstance(one, Notification) and one.method == "exit":
                return NOT_SHUT_DOWN
            if handshake.stage is Stage.OPEN:
                process = handshake.client.process_id
                handshake.client_is_seen = process is None or lives(process)
                return heard
        data = stdio.read_now()
        if not data:
            peer.ended()
            return CLEAN
        heard = peer.receive(data)


def _say(stdio: Stdio, data: bytes) -> None:
    try:
        stdio.write_now(data)
    except OSError:
        return
