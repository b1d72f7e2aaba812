"""Under which keys an application keeps what its handlers work on."""

from __future__ import annotations

from aiohttp import web

from reprieve import Library

from .settings import Settings

LIBRARY: web.AppKey[Library] = web.AppKey("library", Library)
SETTINGS: web.AppKey[Settings] = web.AppKey("settings", Settings)
