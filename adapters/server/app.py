"""create_app: a library in, an aiohttp application out.

Puts together what the other files do: the routes, what they share, and the middleware in its order. Knows no
route and no rule itself.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

from aiohttp import web

from reprieve import Library

from . import (
    assets,
    catalogue,
    creations,
    discovery,
    metrics,
    openapi,
    page,
    reference,
    restorations,
    sockets,
    v1,
)
from .errors import errors
from .gate import Gate
from .guard import protect
from .keys import GATE, GOING_ON, INSTANCE, LARGE_BODY, LIBRARY, LOOKUPS, SETTINGS, STOPPING, WALL
from .lookups import Lookups
from .routes import TABLE, register
from .settings import Settings
from .timely import until_the_end
from .wall import Wall

ROUTES = (
    *catalogue.ROUTES,
    *creations.ROUTES,
    *restorations.ROUTES,
    *assets.ROUTES,
    *sockets.ROUTES,
    *discovery.ROUTES,
    *v1.ROUTES,
    *openapi.ROUTES,
    *reference.ROUTES,
    *page.ROUTES,
    *metrics.ROUTES,
)


def create_app(library: Library, settings: Settings | None = None) -> web.Application:
    """The service of an opened library, as an application to run or to test.

    Under a prefix of another application (`add_subapp`) the API is whole and every rule holds; but its pages
    (`/`, `/reference`) load their parts from the root, so they want an AppRunner of their own.
    """
    settings = settings or Settings()
    app = web.Application(middlewares=[errors], client_max_size=settings.max_assets)
    app[LIBRARY] = library
    app[SETTINGS] = settings
    app[STOPPING] = asyncio.Event()
    app[GATE] = Gate(settings.connections)
    app[LOOKUPS] = Lookups(library)
    app[WALL] = Wall(library, app[LOOKUPS])
    app[LARGE_BODY] = asyncio.Lock()
    app[GOING_ON] = set()
    app[INSTANCE] = str(uuid4())
    app[TABLE] = {}
    for route in ROUTES:
        register(app, route)
    app.cleanup_ctx.append(_watching)
    app.cleanup_ctx.append(until_the_end)
    app.on_shutdown.append(_stopping)
    protect(app, settings)
    metrics.count(app)
    return app


async def _watching(app: web.Application) -> AsyncIterator[None]:
    """The wall shows the jobs for as long as the application runs, and to nobody once it is stopping."""
    tasks = asyncio.create_task(app[WALL].run()), asyncio.create_task(_taken_down(app))
    yield
    for task in tasks:
        task.cancel()
    await asyncio.wait(tasks)


async def _taken_down(app: web.Application) -> None:
    await app[STOPPING].wait()
    app[WALL].close()


async def _stopping(app: web.Application) -> None:
    """A service that is shut down without having been told to stop stops now."""
    app[STOPPING].set()
