"""Every route of the service, once: path, operation, what it takes and gives. OpenAPI is drawn from it.

A file of handlers adds its own table here; the router, the guard and the description read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import attrs
from aiohttp import web

from reprieve.core.operations import Operation

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@attrs.frozen(kw_only=True)
class Route:
    """One route. `number` is its place in the Pieces contract (1 to 16), None beside the contract.

    `takes`, `query` and `gives` are the models of its body, its query and its answer (None: there is none);
    `media` is the answer's type, and `statuses` are what it may answer beside what every route may. `changes`
    says whether it changes anything, `public` that nobody needs the token for it (files of this package, and
    what clients ask first).
    """

    method: str
    path: str
    handler: Handler
    summary: str
    operation: Operation | None = None
    number: int | None = None
    takes: type | None = None
    query: type | None = None
    gives: type | None = None
    media: str = "application/json"
    statuses: tuple[int, ...] = (200,)
    changes: bool = False
    public: bool = False


Table = dict[tuple[str, str], Route]

TABLE: web.AppKey[Table] = web.AppKey("routes", dict)
"""Every route of an application, by method and path."""


def table(routes: Iterable[Route]) -> Table:
    """What an application keeps under TABLE."""
    return {(route.method, route.path): route for route in routes}


def route_of(request: web.Request) -> Route | None:
    """The route that a request takes; None where there is nothing."""
    resource = request.match_info.route.resource
    method = "GET" if request.method == "HEAD" else request.method
    return request.app[TABLE].get((method, resource.canonical)) if resource else None
