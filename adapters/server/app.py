"""create_app: a library in, an aiohttp application out.

Puts together what the other files do: the routes, and the middleware in its order. Knows no route and no rule
itself.
"""

from __future__ import annotations

import asyncio
import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from reprieve import Library
from reprieve.core.errors import Problem, ReprieveError

from . import assets, catalogue, creations, restorations
from .answers import refusal, sentence
from .guard import protect
from .keys import LIBRARY, SETTINGS, STOPPING
from .routes import TABLE, Route, table
from .settings import Settings

log = logging.getLogger(__name__)

ROUTES = (*catalogue.ROUTES, *creations.ROUTES, *restorations.ROUTES, *assets.ROUTES)


def create_app(library: Library, settings: Settings | None = None) -> web.Application:
    """The service of an opened library, as an application to run, to mount or to test."""
    settings = settings or Settings()
    app = web.Application(middlewares=[_errors], client_max_size=settings.max_assets)
    app[LIBRARY] = library
    app[SETTINGS] = settings
    app[STOPPING] = asyncio.Event()
    app.add_routes([_registered(route) for route in ROUTES])
    app[TABLE] = table(ROUTES)
    protect(app, settings)
    return app


def _registered(route: Route) -> web.RouteDef:
    """A GET answers HEAD as well, but where it changes something."""
    if route.method == "GET":
        return web.get(route.path, route.handler, allow_head=not route.changes)
    return web.route(route.method, route.path, route.handler)


@web.middleware
async def _errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Every error as a sentence: ours, those of the router, and what nobody expected."""
    try:
        return await handler(request)
    except ReprieveError as error:
        return refusal(error)
    except web.HTTPNotFound:
        return sentence(f"There is nothing at {request.path}; GET /openapi.json says what there is.", 404)
    except web.HTTPMethodNotAllowed as error:
        allowed = ", ".join(sorted(error.allowed_methods))
        return sentence(f"{request.path} takes {allowed}, not {request.method}.", 405, {"Allow": allowed})
    except (web.HTTPException, ConnectionError):
        raise
    except Exception as error:  # the border: whatever it is, the client is told, and the operator sees where
        log.exception("%s %s", request.method, request.path)
        return sentence(Problem.of(error).message, 500)
