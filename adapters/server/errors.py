"""The innermost middleware: every error becomes one sentence of plain text with its status."""

from __future__ import annotations

import logging

from aiohttp import web
from aiohttp.typedefs import Handler

from reprieve.core.errors import Problem, ReprieveError

from .answers import refusal, sentence
from .routes import answers

log = logging.getLogger(__name__)


@web.middleware
async def errors(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Ours, those of the router and of the WebSocket handshake, and what nobody expected."""
    try:
        return await handler(request)
    except ReprieveError as error:
        return refusal(error, lambda status: answers(request, status))
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
