"""Under which keys an application keeps what its handlers work on."""

from __future__ import annotations

import asyncio

from aiohttp import web

from reprieve import Library

from .gate import Gate
from .lookups import Lookups
from .settings import Settings
from .wall import Wall

LIBRARY: web.AppKey[Library] = web.AppKey("library", Library)
SETTINGS: web.AppKey[Settings] = web.AppKey("settings", Settings)
STOPPING: web.AppKey[asyncio.Event] = web.AppKey("stopping", asyncio.Event)
"""Set once the service begins to stop: no new jobs, and whatever would stream for ever ends."""

GATE: web.AppKey[Gate] = web.AppKey("gate", Gate)
"""The connections, where the service takes them itself."""

LOOKUPS: web.AppKey[Lookups] = web.AppKey("lookups", Lookups)
WALL: web.AppKey[Wall] = web.AppKey("wall", Wall)
INSTANCE: web.AppKey[str] = web.AppKey("instance", str)
"""A UUID that tells this run of the service from every other."""

GOING_ON: web.AppKey[set[asyncio.Task[object]]] = web.AppKey("going_on", set)
"""Work whose clients were answered before its end."""

LARGE_BODY: web.AppKey[asyncio.Lock] = web.AppKey("large_body", asyncio.Lock)
"""Held by the one request whose large body is being read."""
