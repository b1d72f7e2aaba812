"""The bridge's description: OpenRPC 1.3.2, drawn from the table of methods and the classes that they name.

Nothing of it is written by hand, so it cannot say what the bridge does not do. What the bridge itself sends
stands under `x-sent`, for OpenRPC has no word for that. Source: the OpenRPC specification 1.3.2.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import cache
from typing import Any, get_args, get_type_hints

import attrs

from reprieve.core import VERSION
from reprieve.core.errors import BY_KIND, ReprieveError

from ..schemas import Schema, Schemas, field_name
from . import errors, greeting, shapes
from .methods import Method
from .table import METHODS

Row = tuple[str, str, type[Any]]

HEARD: tuple[Row, ...] = (
    ("initialized", "The client is ready", shapes.Nothing),
    ("exit", "End the process; 1 is its exit code unless `shutdown` came first", shapes.Nothing),
    ("$/cancelRequest", "A request is no longer wanted", shapes.Cancelled),
    ("window/workDoneProgress/cancel", "A job is no longer wanted", shapes.ProgressToken),
)
"""The notifications that a client sends: name, summary, params."""

SENT: tuple[Row, ...] = (
    ("$/progress", "How far a job is, under the token of its request", shapes.Progress),
    ("jobs/didChange", "A job's state has changed", shapes.DidChange),
    ("window/logMessage", "A line for the client's log", shapes.LogMessage),
    (
        "window/workDoneProgress/create",
        "A request: may progress be told under this token?",
        shapes.ProgressToken,
    ),
)
"""What the bridge sends by itself: name, summary, params."""

LIFECYCLE: tuple[tuple[str, str, type[Any], Any], ...] = (
    ("initialize", "Begin", greeting.Initialize, greeting.Initialized),
    ("shutdown", "Take no more requests", shapes.Nothing, None),
    ("rpc.discover", "Describe the bridge", shapes.Nothing, greeting.Document),
)
"""The requests that the handshake answers: name, summary, params, result."""

MEANINGS = {
    errors.NO_INPUT: "What came is no message; with id null.",
    errors.INVALID_REQUEST: "No request, an id that is in flight, or not after `shutdown`.",
    errors.NO_METHOD: "There is no such method.",
    errors.INVALID_PARAMS: "The params are wrong; `data.errors` says where and why.",
    errors.INTERNAL: "A mistake of the bridge; `data.correlationId` is in its log.",
    errors.NOT_INITIALIZED: "`initialize` comes first.",
    errors.CANCELLED: "It was cancelled; everything is as it was before.",
    errors.PLAN_STALE: "The database or the backup has changed since the plan; nothing was changed.",
    errors.CONFIRMATION_REQUIRED: "It destroys something and was not confirmed; nothing was changed.",
}
"""What a code of the protocol's own means; the library's errors say it themselves."""

ANY = (errors.INVALID_PARAMS, errors.INTERNAL, errors.NOT_INITIALIZED, errors.INVALID_REQUEST, 1501, 1511)
"""Codes with which any method may be answered."""


@cache
def description() -> Schema:
    """The OpenRPC document."""
    schemas = Schemas()
    methods = [_lifecycle(schemas, *row) for row in LIFECYCLE]
    methods += [_method(schemas, method) for method in METHODS.values()]
    methods += [_notification(schemas, *row) for row in HEARD]
    return {
        "openrpc": "1.3.2",
        "info": {
            "title": "reprieve bridge",
            "version": VERSION,
            "description": "Backups and restorations of a live database, for an editor's plugin.",
            "license": {"name": "MIT"},
        },
        "methods": methods,
        "x-sent": [_notification(schemas, *row) for row in SENT],
        "components": {
            "schemas": dict(sorted(schemas.components.items())),
            "errors": {str(code): _error(code) for code in _codes()},
        },
    }


def _lifecycle(schemas: Schemas, name: str, summary: str, params: type[Any], gives: Any) -> Schema:
    told = _notification(schemas, name, summary, params)
    return {**told, "result": _result(schemas, name, gives), "errors": _errors((errors.INVALID_PARAMS,))}


def _method(schemas: Schemas, method: Method) -> Schema:
    return {
        "name": method.name,
        "summary": method.summary,
        "description": " ".join((method.handler.__doc__ or method.summary).split()),
        "paramStructure": "by-name",
        "params": _params(schemas, method.params),
        "result": _result(schemas, method.name, method.gives),
        "errors": _errors((*method.errors, *ANY)),
    }


def _notification(schemas: Schemas, name: str, summary: str, params: type[Any]) -> Schema:
    return {
        "name": name,
        "summary": summary,
        "paramStructure": "by-name",
        "params": _params(schemas, params),
    }


def _params(schemas: Schemas, shape: type[Any]) -> list[Schema]:
    hints = get_type_hints(shape)
    return [
        {
            "name": field_name(shape, field.name),
            "required": field.default is attrs.NOTHING,
            "schema": {**schemas.of(hints[field.name], sent=True), **field.metadata.get("bounds", {})},
        }
        for field in attrs.fields(shape)
    ]


def _result(schemas: Schemas, name: str, gives: Any) -> Schema:
    if gives is None:
        return {"name": "nothing", "schema": {"type": "null"}}
    schema = schemas.of(gives, sent=True)
    if type(None) in get_args(gives):
        schema = {"anyOf": [schema, {"type": "null"}]}
    return {"name": name.rpartition("/")[2], "schema": schema}


def _errors(codes: Iterable[int]) -> list[Schema]:
    return [{"$ref": f"#/components/errors/{code}"} for code in sorted(set(codes))]


def _codes() -> list[int]:
    return sorted({*MEANINGS, *(kind.rpc_code for kind in BY_KIND.values())})


def _error(code: int) -> Schema:
    said = MEANINGS.get(code) or " Or: ".join(
        (kind.__doc__ or "").partition("\n")[0] for kind in _kinds(code) if kind is not ReprieveError
    )
    return {"code": code, "message": said}


def _kinds(code: int) -> list[type[ReprieveError]]:
    return [kind for kind in BY_KIND.values() if kind.rpc_code == code]
