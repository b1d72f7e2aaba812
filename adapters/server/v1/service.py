"""Which service this is: by this path a client recognises ours, and what it has beside the contract."""

from __future__ import annotations

from aiohttp import web

from reprieve.core import VERSION

from ..keys import INSTANCE, LIBRARY, SETTINGS
from ..routes import Route
from .shapes import Service
from .talking import told

PROTOCOL = 1


async def _service(request: web.Request) -> web.StreamResponse:
    """Its name, version and database, and the operations that it has."""
    library = request.app[LIBRARY]
    return told(
        Service(
            name=request.app[SETTINGS].name,
            version=VERSION,
            protocol=PROTOCOL,
            instance=request.app[INSTANCE],
            database=library.database,
            operations=tuple(sorted(library.operations)),
        )
    )


ROUTES = (
    Route(
        method="GET",
        path="/v1/service",
        handler=_service,
        summary="Which service this is",
        gives=Service,
    ),
)
