"""Who is let in: every rule that a request must pass before a handler sees it.

A service on localhost is reachable by every web page and every user of the machine, and the client libraries
send no credentials (docs: security). Each rule is a function: a request, to a refusal or None. Knows requests
and settings; nothing of backups.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from .answers import sentence
from .browsers import asks_leave, leave, sealed
from .callers import (
    calls_us_by_our_name,
    is_listed,
    needs_token,
    own_origin,
    peer_of,
    shows_token,
    token_given,
    upgrades,
)
from .keys import GATE, STOPPING
from .limits import MAX_HEAD
from .routes import route_of
from .settings import Settings

Rule = Callable[[web.Request, Settings], web.Response | None]
"""What a request must pass: None, or how it is refused."""

FROM_NO_OTHER_PAGE = ("same-origin", "none")
READS = ("GET", "HEAD", "OPTIONS")
JSON = "application/json"

SEND_TOKEN = (
    "send `Authorization: Bearer` with the token in its owner's file, which is `token` in the configuration "
    "folder or where --token said."
)


def protect(app: web.Application, settings: Settings) -> None:
    """Put the guard before everything else of an application, and its headers on every answer."""
    app.middlewares.insert(0, middleware(settings))
    app.on_response_prepare.append(sealed(settings))


def middleware(settings: Settings) -> Middleware:
    """Refuses what breaks a rule, answers preflights, and gives a body only so long to arrive."""

    @web.middleware
    async def guard(request: web.Request, handler: Handler) -> web.StreamResponse:
        for rule in RULES:
            refusal = rule(request, settings)
            if refusal is not None:
                return refusal
        _admit(request, settings)
        if asks_leave(request):
            return leave(request, settings)
        if not request.body_exists:
            return await handler(request)
        late = asyncio.get_running_loop().call_later(settings.patience, _give_up, request)
        try:
            return await _untyped(request) or await handler(request)
        finally:
            late.cancel()

    return guard


def _admit(request: web.Request, settings: Settings) -> None:
    """A caller who may use the service keeps the connection, however many others want one."""
    sock = request.transport.get_extra_info("socket") if request.transport else None
    if sock is not None and (not settings.require_token or shows_token(request, settings)):
        request.app[GATE].admit(sock.fileno())


def host(request: web.Request, settings: Settings) -> web.Response | None:
    """It calls us by one of our names: a page that rebinds its own name (DNS) does not."""
    if calls_us_by_our_name(request, settings):
        return None
    return sentence(
        "The request calls this service by a name that is not its own (its URL and its Host count); call it "
        "localhost with its port, or start it with --allow-host.",
        421,
    )


def origin(request: web.Request, settings: Settings) -> web.Response | None:
    """The web page that asks, if one does, is our own or a listed one."""
    origins = request.headers.getall("Origin", ())
    if not origins or origins == [own_origin(request)] or is_listed(origins, settings):
        return None
    return sentence(
        f"Web pages of {origins[0]} may not use this service; start it with --allow-origin to let them.", 403
    )


def fetch_site(request: web.Request, settings: Settings) -> web.Response | None:
    """A browser that says where its request comes from says: from our own page, or from nowhere."""
    sites = request.headers.getall("Sec-Fetch-Site", ())
    if not sites or all(site in FROM_NO_OTHER_PAGE for site in sites):
        return None
    if is_listed(request.headers.getall("Origin", ()), settings):
        return None
    return sentence("Another web page may not use this service; open its own page by itself.", 403)


def peer(request: web.Request, settings: Settings) -> web.Response | None:
    """It is a program of our own user, where the system tells; others show the token.

    Where everybody has to, the rule of the token is the stricter one, and knows what is public.
    """
    if settings.require_token or peer_of(request).is_us or shows_token(request, settings):
        return None
    return _unauthorized("This service belongs to another user, or is on another machine")


def token(request: web.Request, settings: Settings) -> web.Response | None:
    """What is the owner's alone comes with the token, and so may everything have to; a wrong one is told."""
    if token_given(request) is None:
        if not needs_token(request, settings):
            return None
        return _unauthorized("This is for the owner alone")
    if shows_token(request, settings):
        return None
    return _unauthorized("The token is not the one of this service")


def content_type(request: web.Request, settings: Settings) -> web.Response | None:
    """A body is JSON: a form of another page is not. No body is fine, whatever type it names.

    Of one whose length is not declared, `_untyped` waits for the first byte.
    """
    if not request.content_length or _is_typed(request):
        return None
    return _of_another_type(request)


def plain_get(request: web.Request, settings: Settings) -> web.Response | None:
    """A GET that changes something (the contract forces two) comes from no page, not even from our own."""
    route = route_of(request)
    if route is None or not route.changes or request.method not in READS or upgrades(request):
        return None
    sites = request.headers.getall("Sec-Fetch-Site", ())
    if "Referer" not in request.headers and all(site == "none" for site in sites):
        return None
    return sentence("A web page may not start this with a GET; use a POST or a WebSocket.", 403)


def stopping(request: web.Request, settings: Settings) -> web.Response | None:
    """Once we were told to stop, no job is begun."""
    if not request.app[STOPPING].is_set():
        return None
    route = route_of(request)
    if route is None or not route.begins:
        return None
    refusal = sentence("This service is stopping and begins no more jobs; ask again when it is back.", 503)
    refusal.headers["Retry-After"] = f"{settings.stop_within:.0f}"
    return refusal


def size(request: web.Request, settings: Settings) -> web.Response | None:
    """Its headers are not too large in all (each by itself is limited by the parser)."""
    if sum(len(name) + len(value) for name, value in request.raw_headers) <= MAX_HEAD:
        return None
    return sentence(f"The headers are larger than the {MAX_HEAD} bytes that are taken; send less.", 431)


RULES: tuple[Rule, ...] = (size, host, origin, fetch_site, peer, token, content_type, plain_get, stopping)


async def _untyped(request: web.Request) -> web.Response | None:
    """The refusal of a body in chunks that is not JSON; no bytes are no body, as in `content_type`."""
    if _is_typed(request) or not await request.content.readany():
        return None
    return _of_another_type(request)


def _is_typed(request: web.Request) -> bool:
    """Whether a body, if there is one, is of a type that is taken; a read takes none."""
    types = request.headers.getall("Content-Type", ())
    return request.method in READS or (bool(types) and all(map(_is_json, types)))


def _is_json(named: str) -> bool:
    return named.partition(";")[0].strip().lower() == JSON


def _of_another_type(request: web.Request) -> web.Response:
    types = ", ".join(request.headers.getall("Content-Type", ())) or "of no type"
    return sentence(f"A body must be {JSON}, not {types}; send it as that.", 415)


def _unauthorized(why: str) -> web.Response:
    refusal = sentence(f"{why}: {SEND_TOKEN}", 401)
    refusal.headers["WWW-Authenticate"] = 'Bearer realm="reprieve"'
    return refusal


def _give_up(request: web.Request) -> None:
    """Close the connection of a body that does not come; whoever reads it learns that nobody is there."""
    if request.transport is not None and not request.content.is_eof():
        request.transport.close()
