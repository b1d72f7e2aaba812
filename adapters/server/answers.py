"""How the service answers: a document as JSON, an error as one sentence of plain text.

Knows HTTP and the models; nothing of what was asked.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import attrs
from aiohttp import web

from reprieve.core.errors import InvalidRequest, JobFailed, ReprieveError
from reprieve.transports.pieces.conversion import to_json

from .taking import whole

JSON = "application/json"

PROXIES_PASS_ON = {"Cache-Control": "no-store, no-transform", "X-Accel-Buffering": "no"}
"""Headers for proxies, of an answer that comes bit by bit: nginx would keep it back until 4 KiB have come,
others until they have compressed it."""


def document(model: attrs.AttrsInstance, headers: dict[str, str] | None = None) -> web.Response:
    """A model as the whole answer."""
    answer = whole(to_json(model).encode(), JSON)
    answer.headers.update(headers or {})
    return answer


def polled(model: attrs.AttrsInstance) -> web.Response:
    """As `document`, of a model that clients ask for again and again, and that changes seldom or never."""
    return whole(_said_before(model), JSON)  # type: ignore[arg-type]  # models are frozen


@lru_cache(maxsize=1000)
def _said_before(model: attrs.AttrsInstance) -> bytes:
    return to_json(model).encode()


def streamed(content_type: str, headers: dict[str, str] | None = None) -> web.StreamResponse:
    """An answer that comes bit by bit, also through a proxy."""
    return web.StreamResponse(headers={"Content-Type": content_type, **PROXIES_PASS_ON, **(headers or {})})


def refusal(error: ReprieveError, answers: Callable[[int], bool]) -> web.Response:
    """An error: its sentence, and its status if the route `answers` so; 500 otherwise.

    A status that is not described is taken for something else: 404, for a path that is not there.
    """
    status = _status(error)
    return sentence(str(error), status if answers(status) else ReprieveError.http_status)


def sentence(said: str, status: int, headers: dict[str, str] | None = None) -> web.Response:
    """Text that says what went wrong; with its charset, without which one client library reads latin-1."""
    body = said.encode("utf-8", "replace")  # a header that it repeats may hold any byte
    return web.Response(body=body, status=status, content_type="text/plain", charset="utf-8", headers=headers)


def _status(error: ReprieveError) -> int:
    """A failed job answers as its problem would; but 400 is kept for what the request itself gets wrong."""
    if not isinstance(error, JobFailed):
        return error.http_status
    problem = error.problem.error()
    return ReprieveError.http_status if isinstance(problem, InvalidRequest) else problem.http_status
