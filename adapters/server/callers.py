"""Who asks: by which name, from which page, as which user, with which token.

Reads requests; decides nothing (guard.py does).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Sequence
from functools import lru_cache
from weakref import WeakKeyDictionary

from aiohttp import web
from yarl import URL

from reprieve.transports.peers import NOBODY, UNTOLD, Peer, in_url, who_connected

from .routes import route_of
from .settings import Settings
from .token import same

LOOPBACK_NAMES = ("localhost", "127.0.0.1", "[::1]")

_PORT = re.compile(r":\d+$")

TOKEN_SUBPROTOCOL = "reprieve.bearer."
"""For a WebSocket a browser can set no headers: there the token follows this, among the subprotocols."""


def calls_us_by_our_name(request: web.Request, settings: Settings) -> bool:
    """Whether `Host`, and the authority of a whole URL in the first line, are names of ours."""
    names = request.headers.getall("Host", ())
    if len(names) != 1 or not _is_our_name(names[0].lower(), request, settings):
        return False
    path = request.raw_path
    return path.startswith("/") or _is_our_name(URL(path).authority.lower(), request, settings)


def _is_our_name(named: str, request: web.Request, settings: Settings) -> bool:
    at = request.transport.get_extra_info("sockname") if request.transport else None
    if not isinstance(at, tuple):  # a unix socket has no port, and no browser comes through it
        return _PORT.sub("", named) in (*LOOPBACK_NAMES, *settings.hosts)
    names = (*LOOPBACK_NAMES, in_url(at[0]))  # a page that rebinds its name still calls us by that name
    return named in _names(names, settings.hosts, at[1], 443 if _scheme(request) == "https" else 80)


def _scheme(request: web.Request) -> str:
    """What is really spoken; request.scheme believes a URL in the first line."""
    return "https" if request.transport and request.transport.get_extra_info("sslcontext") else "http"


@lru_cache
def _names(own: tuple[str, ...], hosts: tuple[str, ...], port: int, usual: int) -> frozenset[str]:
    """Every `Host` that is us. One that was configured with a port stands as it is."""
    bare = own if port == usual else ()
    return frozenset({*bare, *hosts, *(f"{name}:{port}" for name in (*own, *hosts))})


def own_origin(request: web.Request) -> str:
    """The origin of our own page, as whoever asks calls us."""
    return f"{_scheme(request)}://{request.headers['Host'].lower()}"


def is_listed(origins: Sequence[str], settings: Settings) -> bool:
    """Whether a request's `Origin` is one that was configured."""
    return len(origins) == 1 and origins[0] in settings.origins


_peers: WeakKeyDictionary[asyncio.BaseTransport, Peer] = WeakKeyDictionary()


def peer_of(request: web.Request) -> Peer:
    """Who is at the other end; looked up once for each connection."""
    transport = request.transport
    if transport is None:
        return NOBODY
    known = _peers.get(transport)
    if known is None:
        sock = transport.get_extra_info("socket")
        known = _peers[transport] = UNTOLD if sock is None else who_connected(sock)
    return known


def upgrades(request: web.Request) -> bool:
    """Whether it wants to be a WebSocket."""
    return request.headers.get("Upgrade", "").strip().lower() == "websocket"


def shows_token(request: web.Request, settings: Settings) -> bool:
    """Whether it comes with the owner's token."""
    given = token_given(request)
    return given is not None and settings.token is not None and same(given, settings.token)


def token_given(request: web.Request) -> str | None:
    """The token of the header; of a WebSocket, for which a browser sets no headers, of its subprotocols."""
    if "Authorization" in request.headers:
        scheme, _, given = request.headers["Authorization"].partition(" ")
        if scheme.lower() == "bearer":
            return given.strip()
    if "Sec-WebSocket-Protocol" in request.headers:
        for subprotocol in request.headers["Sec-WebSocket-Protocol"].split(","):
            if subprotocol.strip().startswith(TOKEN_SUBPROTOCOL):
                return subprotocol.strip().removeprefix(TOKEN_SUBPROTOCOL)
    return None


def needs_token(request: web.Request, settings: Settings) -> bool:
    """Whether what is asked for is the owner's alone, or everything is asked for with it."""
    if request.method == "OPTIONS":
        return False  # with a preflight no browser sends one
    route = route_of(request)
    if route is None:
        return settings.require_token
    return route.owners or (settings.require_token and not route.public)
