"""Every route of the service, once: path, operation, what it takes and gives. OpenAPI is drawn from it.

A file of handlers adds its own table here; the router, the guard and the description read it.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import attrs
from aiohttp import web

from reprieve.core.operations import Operation

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@attrs.frozen(kw_only=True)
class Route:
    """One route. `number` is its place in the Pieces contract (1 to 16), None beside the contract.

    `takes` and `gives` are the models of its body and of its answer (None: no body); `statuses` are what it
    may answer beside what every route may. `changes` says whether it changes anything.
    """

    method: str
    path: str
    handler: Handler
    summary: str
    operation: Operation | None = None
    number: int | None = None
    takes: type | None = None
    gives: type | None = None
    statuses: tuple[int, ...] = (200,)
    changes: bool = False
