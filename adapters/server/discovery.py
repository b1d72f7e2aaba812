"""What clients ask before their first call: is it there, which version, and who is it talking to.

Answers without asking the library anything: one client library scans ports, and waits 100 ms.
"""

from __future__ import annotations

from typing import TypeVar

import attrs
from aiohttp import web

from reprieve.core import VERSION
from reprieve.transports.pieces.models import Document, Platform

from .answers import document
from .bodies import document_in
from .keys import INSTANCE
from .routes import Route

_T = TypeVar("_T")

PRIVACIES = ("OPEN", "CLOSED", "ANONYMOUS")


@attrs.frozen
class Application:
    """A program that has connected. `name` and `privacy` are out of lists that the client libraries have."""

    id: str
    name: str
    version: str
    platform: Platform
    onboarded: bool
    privacy: str


@attrs.frozen
class SystemHealth:
    """The service itself."""

    id: str
    version: str


@attrs.frozen
class Health:
    """How the service is: it answers."""

    os: SystemHealth


@attrs.frozen
class Context:
    """What a program that connects is told. `os` is the service's id."""

    os: str
    application: Application
    health: Health


@attrs.frozen
class Connection:
    """What a program that connects says of itself."""

    application: Document | None = None


@attrs.frozen
class User:
    """Who is logged in: nobody ever is."""


async def _health(request: web.Request) -> web.StreamResponse:
    """The service is there; the id tells one run of it from another."""
    return web.Response(text=f"ok:{request.app[INSTANCE]}")


async def _version(request: web.Request) -> web.StreamResponse:
    """The version, as three numbers: what the client libraries compare."""
    return web.Response(text=VERSION)


async def _connect(request: web.Request) -> web.StreamResponse:
    """Greet a program: it is told what it said of itself, and who serves it. Nothing is kept of it."""
    said = (await document_in(request) or {}).get("application")
    told = said if isinstance(said, dict) else {}
    instance = request.app[INSTANCE]
    application = Application(
        id=_text(told.get("id"), instance),
        name=_text(told.get("name"), "OPEN_SOURCE"),
        version=_text(told.get("version"), "0.0.0"),
        platform=_one_of(told.get("platform"), tuple(Platform), Platform.UNKNOWN),
        onboarded=True,
        privacy=_one_of(told.get("privacy"), PRIVACIES, "OPEN"),
    )
    return document(Context(instance, application, Health(SystemHealth(instance, VERSION))))


async def _user(request: web.Request) -> web.StreamResponse:
    """Nobody: one client library's constructor asks, and takes an error for the service's absence."""
    return document(User())


def _text(said: object, otherwise: str) -> str:
    return said if isinstance(said, str) and said else otherwise


def _one_of(said: object, known: tuple[_T, ...], otherwise: _T) -> _T:
    return next((one for one in known if one == said), otherwise)


ROUTES = (
    Route(
        method="GET",
        path="/.well-known/health",
        handler=_health,
        summary="Whether the service is there",
        public=True,
        gives=str,
        media="text/plain",
    ),
    Route(
        method="GET",
        path="/.well-known/version",
        handler=_version,
        summary="The service's version",
        public=True,
        gives=str,
        media="text/plain",
    ),
    Route(
        method="POST",
        path="/connect",
        handler=_connect,
        summary="Greet the service",
        takes=Connection,
        gives=Context,
    ),
    Route(
        method="GET",
        path="/user",
        handler=_user,
        summary="Who is logged in: nobody",
        gives=User,
    ),
)
