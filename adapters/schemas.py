"""Types as JSON Schema (draft 2020-12, as OpenAPI 3.1 has it): from the classes that are read and written.

A class becomes a component under its name. What is sent leaves out what is None, so every field that cannot
be None is there; of what is taken only fields without a default must be. Knows attrs and our two ways of
naming fields; nothing of routes.
"""

from __future__ import annotations

import types
from collections.abc import Mapping
from datetime import datetime
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import attrs

from .wire import Shape, camel

Schema = dict[str, Any]

_PLAIN: dict[Any, Schema] = {
    str: {"type": "string"},
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: {"type": "boolean"},
    object: {},
    datetime: {"type": "string", "format": "date-time", "pattern": r"\.\d{3}Z$"},
}


class Schemas:
    """The schemas of all classes that were asked for, as `components`.

    `shapes` stands before the names of the wire's shapes, where others have the same.
    """

    def __init__(self, shapes: str = "") -> None:
        self.components: dict[str, Schema] = {}
        self._shapes = shapes

    def of(self, kind: Any, *, sent: bool) -> Schema:
        """The schema of a type; a reference, where it is a class."""
        if kind in _PLAIN:
            return _PLAIN[kind]
        if get_origin(kind) in (Union, types.UnionType):
            return self._either([one for one in get_args(kind) if one is not type(None)], sent)
        if get_origin(kind) is tuple:
            return {"type": "array", "items": self.of(get_args(kind)[0], sent=sent)}
        if get_origin(kind) in (dict, Mapping):
            return {"type": "object", "additionalProperties": self.of(get_args(kind)[1], sent=sent)}
        return self._component(kind, sent)

    def _either(self, kinds: list[Any], sent: bool) -> Schema:
        found = [self.of(one, sent=sent) for one in kinds]
        return found[0] if len(found) == 1 else {"anyOf": found}

    def _component(self, kind: type, sent: bool) -> Schema:
        # The wire's shapes and the API's models have the same names for different things.
        name = f"{self._shapes}{kind.__name__}" if issubclass(kind, Shape) else kind.__name__
        if name not in self.components:
            self.components[name] = {}  # a class may hold itself
            self.components[name] = _enumeration(kind) if issubclass(kind, Enum) else self._class(kind, sent)
        return {"$ref": f"#/components/schemas/{name}"}

    def _class(self, kind: type, sent: bool) -> Schema:
        hints = get_type_hints(kind)
        fields = {field_name(kind, field.name): field for field in attrs.fields(kind)}
        needed = [
            name
            for name, field in fields.items()
            if (not _may_be_none(hints[field.name]) if sent else field.default is attrs.NOTHING)
        ]
        properties = {
            name: {**self.of(hints[field.name], sent=sent), **field.metadata.get("bounds", {})}
            for name, field in fields.items()
        }
        schema: Schema = {"type": "object", "description": _first_line(kind), "properties": properties}
        return {**schema, "required": needed} if needed else schema


def field_name(kind: type, name: str) -> str:
    """A field as its JSON says it: ours in camel case, the Pieces API's as they are."""
    return camel(name) if issubclass(kind, Shape) else name


def _enumeration(kind: type[Enum]) -> Schema:
    return {"type": "string", "description": _first_line(kind), "enum": [member.value for member in kind]}


def _first_line(kind: type) -> str:
    return (kind.__doc__ or "").partition("\n")[0]


def _may_be_none(hint: Any) -> bool:
    return type(None) in get_args(hint)
