"""Taking connections from listening sockets, through the gate, into aiohttp's server.

asyncio's own servers take a hundred connections before anybody may count them, and tell nothing of a TLS
handshake until it has ended. Knows the event loop; nothing of requests.
"""

from __future__ import annotations

import asyncio
import errno
import logging
import socket
import ssl
from contextlib import suppress

import attrs
from aiohttp import web

from .gate import Gate, TakenSocket
from .limits import FULL, HANDSHAKE

log = logging.getLogger(__name__)

NO_ROOM = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
AGAIN_AFTER = 1.0
"""Seconds until an accept is tried again for which the system had no room."""


@attrs.define(eq=False)
class Acceptor:
    """Takes connections from `open` to `close`, which leaves those that are served to their server."""

    server: web.Server
    gate: Gate
    tls: ssl.SSLContext | None = None
    _tasks: set[asyncio.Task[None]] = attrs.field(factory=set, init=False)

    def open(self, listener: socket.socket) -> None:
        """Take connections from this socket too."""
        listener.setblocking(False)
        self._begin(listener)

    async def close(self) -> None:
        """Take no more; handshakes under way end."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        if tasks:
            await asyncio.wait(tasks)

    def _begin(self, what: socket.socket) -> None:
        work = self._serve(what) if isinstance(what, TakenSocket) else self._accept(what)
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, _ = await loop.sock_accept(listener)
            except OSError as error:
                if error.errno in NO_ROOM:
                    log.warning("no connection can be taken just now: %s", error)
                    await asyncio.sleep(AGAIN_AFTER)
                continue  # otherwise it ended before it was taken
            sock = self.gate.take(accepted)
            if sock is None:
                self._refuse(accepted)
            else:
                self._begin(sock)
            await asyncio.sleep(0)  # an accept that need not wait would keep all others waiting

    def _refuse(self, accepted: socket.socket) -> None:
        """Say so, where it can be read without a handshake."""
        with accepted, suppress(OSError):
            accepted.setblocking(False)
            if self.tls is None:
                accepted.send(FULL)
            accepted.shutdown(socket.SHUT_WR)

    async def _serve(self, sock: TakenSocket) -> None:
        loop = asyncio.get_running_loop()
        patience = HANDSHAKE if self.tls else None
        try:
            await loop.connect_accepted_socket(
                self.server, sock, ssl=self.tls, ssl_handshake_timeout=patience
            )
        except (OSError, TimeoutError, ssl.SSLError) as error:
            log.debug("a connection ended before its first request: %s", error)
            sock.close()
        except BaseException:
            sock.close()
            raise
