"""What every start of a job over HTTP shares: the caller's idempotency key."""

from __future__ import annotations

from aiohttp import web

from reprieve.core.errors import InvalidRequest

LONGEST_KEY = 255
"""Characters of an idempotency key."""


def key_of(request: web.Request) -> str | None:
    """The key under which the caller starts a job: the same key gives the same job. None for none.

    Raises InvalidRequest for one that is too long, or no text.
    """
    key = request.headers.get("Idempotency-Key")
    if key is not None and len(key) > LONGEST_KEY:
        raise InvalidRequest(f"An idempotency key has at most {LONGEST_KEY} characters; send a shorter one.")
    if key is not None and not _is_text(key):
        raise InvalidRequest("The idempotency key is no text in UTF-8; send another.")
    return key or None


def _is_text(key: str) -> bool:
    """Bytes of a header that are no UTF-8 come as halves of characters, which no journal can keep."""
    try:
        key.encode()
    except UnicodeEncodeError:
        return False
    return True
