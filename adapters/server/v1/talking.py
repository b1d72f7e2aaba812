"""How /v1 reads what it is asked and says what it gives: shapes from bodies and queries, and as JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, TypeVar

import attrs
from aiohttp import web

from reprieve import RunningJob
from reprieve.core.errors import InvalidRequest
from reprieve.transports.pieces.conversion import read

from ...wire import Shape, camel, members, shaped
from ..answers import JSON
from ..bodies import document_in, documents_in
from ..routes import reached
from ..starting import key_of
from ..taking import whole
from .shapes import Documents

ShapeT = TypeVar("ShapeT", bound=Shape)


async def asked(request: web.Request, shape: type[ShapeT]) -> ShapeT:
    """What the body asks for. Raises InvalidRequest."""
    if shape is Documents:
        return await documents_in(request, lambda said: _read(said, shape)) or _read({}, shape)
    return _read(await document_in(request) or {}, shape)


def queried(request: web.Request, shape: type[ShapeT]) -> ShapeT:
    """What the query asks for. Raises InvalidRequest, also for what nobody can ask here."""
    known = {camel(field.name) for field in attrs.fields(shape)}  # type: ignore[arg-type]  # shapes are attrs'
    for name in request.query:
        if name not in known or len(request.query.getall(name)) > 1:
            raise InvalidRequest(f"The query takes {', '.join(sorted(known))}, each once; not {name!r}.")
    return _read(request.query, shape)


def _read(said: Mapping[str, object], shape: type[ShapeT]) -> ShapeT:
    fields: Any = attrs.fields(shape)  # type: ignore[arg-type]
    return read({field.name: said.get(camel(field.name)) for field in fields}, shape)


def key_for(request: web.Request, wanted: str | None) -> str | None:
    """The idempotency key of the body or of the header. Raises InvalidRequest where they differ."""
    header = key_of(request)
    if wanted and header and wanted != header:
        raise InvalidRequest("The body and the header have different idempotency keys; send one.")
    return wanted or header


def told(shape: Shape, status: int = 200) -> web.Response:
    """A shape as the whole answer."""
    return _json(members(shape), status)  # type: ignore[arg-type]


def told_value(value: Any) -> web.Response:
    """One of our values as the whole answer."""
    return _json(members(shaped(value)))


def told_document(document: Mapping[str, object]) -> web.Response:
    """A kept document, as it was kept."""
    return _json(document)


async def started(request: web.Request, running: RunningJob[Any]) -> web.Response:
    """A job that was asked for, as it stands now; where to look for it is in `Location`."""
    answer = _json(members(shaped(await running.now())), 202)
    answer.headers["Location"] = reached(request, f"/v1/jobs/{running.id}")
    return answer


def _json(said: Mapping[str, object], status: int = 200) -> web.Response:
    body = json.dumps(said, separators=(",", ":")).encode()
    return whole(body, JSON, status)
