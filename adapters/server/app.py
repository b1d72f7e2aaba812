"""create_app: a library in, an aiohttp application out.

Puts together what the other files do: the routes, and the middleware in its order. Knows no route and no rule
itself.
"""

from __future__ import annotations

import asyncio

from aiohttp import web
from aiohttp.typedefs import Handler

from reprieve import Library
from reprieve.core.errors import ReprieveError

from . import catalogue
from .answers import refusal
from .guard import protect
from .keys import LIBRARY, SETTINGS, STOPPING
from .routes import ROUTES as ROUTE_TABLE
from .routes import table
from .settings import Settings

ROUTES = (*catalogue.ROUTES,)


def create_app(library: Library, settings: Settings | None = None) -> web.Application:
    """The service of an opened library, as an application to run, to mount or to test."""
    settings = settings or Settings()
    app = web.Application(middlewares=[_errors], client_max_size=settings.max_assets)
    app[LIBRARY] = library
    app[SETTINGS] = settings
    app[STOPPING] = asyncio.Event()
    app.add_routes([web.route(route.method, route.path, route.handler) for route in ROUTES])
    app[ROUTE_TABLE] = table(ROUTES)
    protect(app, settings)
    return app


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    try:
        return await handler(request)
    except ReprieveError as error:
        return refusal(error)
