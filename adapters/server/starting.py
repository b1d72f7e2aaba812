"""What every start of a job over HTTP shares: the caller's key, and no start once the service is stopping."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.errors import InvalidRequest

from .keys import STOPPING

LONGEST_KEY = 255
"""Characters of an idempotency key."""


def key_for_start(request: web.Request) -> str | None:
    """The caller's idempotency key for a job that may be started now; None for none.

    Raises InvalidRequest for a key that is too long, and answers 503 once the service is stopping.
    """
    if request.app[STOPPING].is_set():
        raise web.HTTPServiceUnavailable(
            text="This service is stopping and starts nothing new; ask again once it is back.",
            headers={"Retry-After": "5"},
        )
    key = request.headers.get("Idempotency-Key")
    if key is not None and len(key) > LONGEST_KEY:
        raise InvalidRequest(f"An idempotency key has at most {LONGEST_KEY} characters; send a shorter one.")
    return key or None
