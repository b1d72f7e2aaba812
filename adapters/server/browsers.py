"""What browsers are told: on every answer what they may do with it, and to listed pages what they may ask.

There is no `Access-Control-Allow-Origin: *`, no cookie and no leave for private networks. Knows headers and
settings; nothing of what is answered.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

from .answers import sentence
from .callers import is_listed
from .settings import Settings

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Our own page loads what is ours, and nothing can frame it."""

ANSWERS_SAY = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}

PAGES_MAY_SEND = "Authorization, Content-Type, Idempotency-Key, Last-Event-ID, X-Application-ID, application"
PAGES_MAY_READ = "Location"


def asks_leave(request: web.Request) -> bool:
    """Whether it is a preflight."""
    return request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers


def leave(request: web.Request, settings: Settings) -> web.Response:
    """Leave for a listed page to send what it wants to; the rules have let it through."""
    if not is_listed(request.headers.getall("Origin", ()), settings):
        return sentence("Only listed pages may ask what they may; see --allow-origin.", 403)
    answer = web.Response(status=204)
    answer.headers["Access-Control-Allow-Methods"] = "GET, POST, DELETE"
    answer.headers["Access-Control-Allow-Headers"] = PAGES_MAY_SEND
    answer.headers["Access-Control-Max-Age"] = "600"
    return answer


def sealed(settings: Settings) -> Callable[[web.Request, web.StreamResponse], Awaitable[None]]:
    """Puts the headers on an answer; for `on_response_prepare`, which streams pass through as well."""

    async def seal(request: web.Request, response: web.StreamResponse) -> None:
        for name, value in ANSWERS_SAY.items():
            response.headers.setdefault(name, value)
        response.headers["Server"] = "reprieve"
        if settings.origins:
            response.headers["Vary"] = "Origin"
            if is_listed(request.headers.getall("Origin", ()), settings):
                response.headers["Access-Control-Allow-Origin"] = request.headers["Origin"]
                response.headers["Access-Control-Expose-Headers"] = PAGES_MAY_READ

    return seal
