"""Every route of the service, once: path, operation, what it takes and gives. OpenAPI is drawn from it.

A file of handlers adds its own table here; the router, the guard and the description read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable

import attrs
from aiohttp import web

from reprieve.core.operations import SPECS, Caller, Operation

from .forms import EVENTS

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

EVERYWHERE = frozenset({400, 401, 403, 405, 413, 415, 421, 431, 501, 503})
"""What every route may answer: the request is wrong, the service has not this operation, or is stopping."""

BACK_UP_WITHOUT_A_BODY = (Operation.BACKUP_ASSETS, Operation.BACKUP_ASSET)


def _is_the_owners(route: Route) -> bool:
    return route.operation is not None and SPECS[route.operation].caller is Caller.OWNER


def _may_begin_a_job(route: Route) -> bool:
    starts = route.operation is not None and SPECS[route.operation].starts_job
    return starts or route.operation in BACK_UP_WITHOUT_A_BODY


@attrs.frozen(kw_only=True)
class Route:
    """One route. `number` is its place in the Pieces contract (1 to 16), None beside the contract.

    `takes`, `query` and `gives` are the models of its body, its query and its answer (None: there is none);
    `media` is the answer's type, and `statuses` are what it may answer beside EVERYWHERE. `changes`
    says whether it changes anything, `public` that nobody needs the token for it (files of this package, and
    what clients ask first). From its operation follows whether it is the `owners` alone, and whether it may
    begin a job (`begins`).
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
    owners: bool = attrs.field(init=False, default=attrs.Factory(_is_the_owners, takes_self=True))
    begins: bool = attrs.field(init=False, default=attrs.Factory(_may_begin_a_job, takes_self=True))


TABLE: web.AppKey[dict[web.AbstractRoute, Route]] = web.AppKey("routes", dict)
"""Every route of an application, by the router's own: under a prefix the paths are others."""


def register(app: web.Application, route: Route) -> None:
    """Serve a route. A GET answers HEAD as well, but where it changes something or streams events."""
    if route.method == "GET":
        heads = not route.changes and route.media != EVENTS.content_type
        registered = app.router.add_get(route.path, route.handler, allow_head=heads)
    else:
        registered = app.router.add_route(route.method, route.path, route.handler)
    assert registered.resource is not None
    for one in registered.resource:
        app[TABLE].setdefault(one, route)


def routes_of(app: web.Application) -> Iterable[Route]:
    """Every route of an application, once."""
    return dict.fromkeys(app[TABLE].values())


def route_of(request: web.Request) -> Route | None:
    """The route that a request takes; None where there is nothing."""
    return request.app[TABLE].get(request.match_info.route)


def answers(request: web.Request, status: int) -> bool:
    """Whether the description of the route that a request takes has this status."""
    route = route_of(request)
    return route is None or status in EVERYWHERE or status in route.statuses


def reached(request: web.Request, path: str) -> str:
    """A path of the service as whoever asks reaches it: below the prefix of the route that they reached."""
    route, resource = route_of(request), request.match_info.route.resource
    assert route is not None and resource is not None
    return resource.canonical.removesuffix(route.path) + path
