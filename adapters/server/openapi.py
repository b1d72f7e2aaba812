"""The service's description: OpenAPI 3.1, drawn from the table of routes and the classes that it names.

Nothing of it is written by hand, so it cannot say what the service does not do. Knows routes and OpenAPI.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any, get_type_hints

import attrs
from aiohttp import web

from reprieve.core import VERSION
from reprieve.core.operations import SPECS
from reprieve.transports.pieces import models

from .. import wire
from ..schemas import Schema, Schemas, field_name
from .answers import JSON
from .examples import EXAMPLES, PARAMETERS
from .forms import EVENTS, STEPS
from .routes import Route, routes_of
from .starting import LONGEST_KEY

MEANINGS = {
    200: "It is done; this is what it gave.",
    202: "The job has been asked for; this is how it stands.",
    204: "It is done, or goes on where the description says so.",
    304: "The copy that the client has is still right.",
    404: "There is no such backup, job, undo copy or document.",
    409: "Something else has the database, or the idempotency key.",
    423: "Another program held the database's lock until the deadline.",
    500: "The job failed; or there is nothing to cancel (any more).",
    501: "This service does not have the operation.",
    505: "The repository was written by a newer version: update first.",
    507: "There is no room left.",
    511: "The store wants credentials or a key that are not here.",
}
OTHERWISE = (
    "What the request itself gets wrong, on every path: 400 (body or query), 401 (token), 403 (another web "
    "page), 405 (method), 413 (size), 415 (type), 421 (Host), 431 (headers). And 501 for an operation that "
    "this service does not have, 503 while it stops."
)

_SENTENCE: Schema = {"text/plain": {"schema": {"type": "string"}}}


def description(routes: Iterable[Route]) -> Schema:
    """The OpenAPI document of these routes."""
    schemas = Schemas("Reprieve")
    paths: dict[str, Schema] = {}
    every = tuple(routes)
    for route in every:
        if route.gives is not None and attrs.has(route.gives):
            schemas.of(route.gives, sent=True)  # first: what is sent holds for what is taken as well
    for route in every:
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route, every, schemas)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "reprieve",
            "version": VERSION,
            "description": "Backups and restorations of a live database: the Pieces Backup API, and /v1.",
            "license": {"name": "MIT", "identifier": "MIT"},
        },
        "paths": paths,
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "securitySchemes": {"owner": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route, routes: tuple[Route, ...], schemas: Schemas) -> Schema:
    operation: Schema = {
        "operationId": _id(route),
        "summary": route.summary,
        "description": " ".join((route.handler.__doc__ or route.summary).split()),
        "tags": [_tag(route)],
        "parameters": _parameters(route, schemas),
        "responses": _responses(route, routes, schemas),
        "security": [{"owner": []}] if route.owners else [{}, {"owner": []}],
    }
    if route.takes is not None:
        operation["requestBody"] = {
            "required": False,
            "content": {JSON: _content(route.takes, schemas, sent=False)},
        }
    return operation


def _parameters(route: Route, schemas: Schemas) -> list[Schema]:
    text = {"type": "string"}
    found = [
        {"name": name, "in": "path", "required": True, "schema": text, "example": PARAMETERS.get(name, name)}
        for name in _in_path(route)
    ]
    if route.query is not None:
        found += _in_query(route.query, schemas)
    if route.operation and SPECS[route.operation].starts_job:
        found.append(
            {"name": "Idempotency-Key", "in": "header", "schema": {**text, "maxLength": LONGEST_KEY}}
        )
    if route.media == EVENTS.content_type:
        found.append({"name": "Last-Event-ID", "in": "header", "schema": text})
    return found


def _in_query(shape: type[attrs.AttrsInstance], schemas: Schemas) -> list[Schema]:
    hints = get_type_hints(shape)
    return [
        {
            "name": field_name(shape, field.name),
            "in": "query",
            "schema": {**schemas.of(hints[field.name], sent=False), **field.metadata.get("bounds", {})},
        }
        for field in attrs.fields(shape)
    ]


def _responses(route: Route, routes: tuple[Route, ...], schemas: Schemas) -> Schema:
    said: Schema = {}
    for status in route.statuses:
        answer: Schema = {"description": MEANINGS[status]}
        if status >= 400:
            answer["content"] = _SENTENCE
        elif route.gives is not None and status not in (204, 304):
            answer["content"] = _answers(route, schemas)
            answer |= _links(route, routes)
        said[str(status)] = answer
    return {**said, "default": {"description": OTHERWISE, "content": _SENTENCE}}


def _answers(route: Route, schemas: Schemas) -> Schema:
    if route.gives in (str, bytes):
        return {route.media: {"schema": {"type": "string"} if route.gives is str else {}}}
    content = _content(route.gives, schemas, sent=True)
    steps = {form: _each(content) for form in STEPS} if route.gives is models.BackupStreamedProgress else {}
    return {route.media: content if route.media == JSON else _each(content), **steps}


def _each(content: Schema) -> Schema:
    """A stream of documents: OpenAPI 3.1 has no schema for one, so it is said in words."""
    return {"schema": {"description": f"Any number of {content['schema']['$ref'].rpartition('/')[2]}."}}


def _content(kind: Any, schemas: Schemas, *, sent: bool) -> Schema:
    content: Schema = {"schema": schemas.of(kind, sent=sent)}
    return {**content, "example": EXAMPLES[kind]} if kind in EXAMPLES else content


def _links(route: Route, routes: tuple[Route, ...]) -> Schema:
    """Where to go on from an answer that names a new backup or job: every path that takes one."""
    names: dict[Any, tuple[str, str]] = {
        models.Backup: ("backup", "/id"),
        models.BackupStreamedProgress: ("backup", "/backup/id"),
        wire.Job: ("job", "/id"),
    }
    if route.gives not in names or not route.changes:
        return {}
    name, pointer = names[route.gives]
    found = {
        _id(other): {"operationId": _id(other), "parameters": {name: f"$response.body#{pointer}"}}
        for other in routes
        if name in _in_path(other)
    }
    return {"links": found}


def _id(route: Route) -> str:
    words = re.findall(r"[a-z0-9]+", route.path.lower())
    return "_".join((route.method.lower(), *words))


def _tag(route: Route) -> str:
    if route.number is not None:
        return "Pieces"
    return "reprieve" if route.operation else "service"


def _in_path(route: Route) -> list[str]:
    return re.findall(r"\{(\w+)\}", route.path)


async def _openapi(request: web.Request) -> web.StreamResponse:
    """This description."""
    body = json.dumps(description(routes_of(request.app)), indent=1).encode()
    return web.Response(body=body, content_type=JSON)


ROUTES = (
    Route(
        method="GET",
        path="/openapi.json",
        handler=_openapi,
        summary="What the service takes and gives, as OpenAPI",
        gives=models.Document,
        public=True,
    ),
)
