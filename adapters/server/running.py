"""A service from its first socket to its end: listen, say so, serve until told to stop, stop gracefully.

Knows aiohttp's runner and the order of stopping; no route and no rule. Signals are whoever calls it.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Callable, Sequence
from socket import AF_INET, AF_INET6, socket

import attrs
from aiohttp import web

from reprieve import Library
from reprieve.core import VERSION
from reprieve.transports.peers import way_of_telling

from .accepting import Acceptor
from .app import create_app
from .keys import GATE, STOPPING
from .limits import connections_for, server_arguments
from .listening import url_of
from .logs import AccessLog, access, log_jobs
from .settings import Settings

FAREWELL = 5.0
"""Seconds that answers under way have, once their jobs have ended."""


@attrs.frozen(kw_only=True)
class Ready:
    """A service that listens. `addresses` are URLs, `unix` is a path."""

    addresses: tuple[str, ...]
    unix: str | None
    pid: int
    version: str
    database: str


async def run(
    library: Library,
    settings: Settings,
    sockets: Sequence[socket],
    stop: asyncio.Event,
    ready: Callable[[Ready], None],
    *,
    tls: ssl.SSLContext | None = None,
) -> None:
    """Serve an opened library on listening sockets until `stop` is set, and then until its jobs have ended.

    `ready` is told once whoever connects is served. After `stop` no new job is begun; those under way may go
    on for `settings.stop_within` seconds, then they are cancelled and everything is as it was before.
    """
    way_of_telling()  # tried now: later others could see to it that it fails
    app = create_app(library, settings)
    runner = web.AppRunner(
        app,
        shutdown_timeout=FAREWELL,
        access_log_class=AccessLog,
        access_log=access,
        **server_arguments(settings),
    )
    await runner.setup()
    assert runner.server is not None
    app[GATE].limit = connections_for(settings.connections)
    acceptor = Acceptor(runner.server, app[GATE], tls)
    logging_jobs = asyncio.create_task(log_jobs(library))
    try:
        for one in sockets:
            acceptor.open(one)
        ready(_ready(library, sockets, "https" if tls else "http"))
        await stop.wait()
        app[STOPPING].set()
        await library.finish(settings.stop_within)  # whoever asks how a job goes on is still answered
    finally:
        logging_jobs.cancel()
        await asyncio.wait((logging_jobs,))
        await acceptor.close()
        for one in sockets:
            one.close()
        await runner.cleanup()


def _ready(library: Library, sockets: Sequence[socket], scheme: str) -> Ready:
    urls = tuple(url for one in sockets if (url := url_of(one, scheme)))
    paths = [str(one.getsockname()) for one in sockets if one.family not in (AF_INET, AF_INET6)]
    return Ready(
        addresses=urls,
        unix=paths[0] if paths else None,
        pid=os.getpid(),
        version=VERSION,
        database=library.database,
    )
