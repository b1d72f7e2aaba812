"""What the service offers beside the Pieces contract, under /v1: jobs, the way back, documents, events.

The shapes are those of the command line's `--json` (adapters/wire.py).
"""

from . import assets, backups, events, jobs, service, undo_copies

ROUTES = (
    *service.ROUTES,
    *backups.ROUTES,
    *jobs.ROUTES,
    *events.ROUTES,
    *undo_copies.ROUTES,
    *assets.ROUTES,
)
