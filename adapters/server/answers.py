"""How the service answers: a document as JSON, an error as one sentence of plain text.

Knows HTTP and the models; nothing of what was asked.
"""

from __future__ import annotations

import attrs
from aiohttp import web

from reprieve.core.errors import ReprieveError
from reprieve.transports.pieces.conversion import to_json


def document(model: attrs.AttrsInstance, status: int = 200) -> web.Response:
    """A model as the whole answer."""
    return web.Response(text=to_json(model), status=status, content_type="application/json")


def refusal(error: ReprieveError) -> web.Response:
    """An error: its status, and its sentence."""
    return sentence(str(error), error.http_status)


def sentence(said: str, status: int) -> web.Response:
    """Text that says what went wrong; with its charset, without which one client library reads latin-1."""
    return web.Response(text=said, status=status, content_type="text/plain", charset="utf-8")
