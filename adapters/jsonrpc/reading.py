"""Params as a method's own class, strictly: what is wrong, missing or unknown is an error with its path.

Knows cattrs and Shapes; no method.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cache
from types import GenericAlias
from typing import Any, TypeVar, cast, get_args, get_origin

import attrs
from cattrs import ClassValidationError, Converter, override, transform_error
from cattrs.gen import make_dict_structure_fn

from ..wire import Shape, camel
from .errors import Refused, invalid_params
from .greeting import Document, Initialize, Token

ShapeT = TypeVar("ShapeT", bound=Shape)

OPEN = {Initialize}
"""Shapes that may have members which are not ours: an LSP client says much more when it begins."""


def read(params: Mapping[str, Any], shape: type[ShapeT]) -> ShapeT:
    """The params as this shape. Raises Refused, naming each path and what is wrong there."""
    known: Mapping[str, attrs.Attribute[Any]] = _fields(cast("Hashable", shape))
    unknown = (
        [] if shape in OPEN else [(name, "there is no such member") for name in params if name not in known]
    )
    if unknown and shape not in OPEN:
        raise Refused(invalid_params(*unknown))
    try:
        found = _converter.structure(params, shape)
    except ClassValidationError as error:
        raise Refused(invalid_params(*map(_named, transform_error(error, "", _said)))) from None
    beyond = [*_out_of_bounds(found, known)]
    if beyond:
        raise Refused(invalid_params(*beyond))
    return found


@cache
def _fields(shape: Hashable) -> Mapping[str, attrs.Attribute[Any]]:
    return {camel(field.name): field for field in attrs.fields(cast("type[Any]", shape))}


def _out_of_bounds(found: Shape, known: Mapping[str, attrs.Attribute[Any]]) -> Iterator[tuple[str, str]]:
    for name, field in known.items():
        bounds, value = field.metadata.get("bounds"), getattr(found, field.name)
        if bounds is None or value is None:
            continue
        if value < bounds["minimum"]:
            yield name, f"it is {bounds['minimum']} at least, not {value}"
        elif value > bounds.get("maximum", value):
            yield name, f"it is {bounds['maximum']} at most, not {value}"


def _said(error: BaseException, _: type | None) -> str:
    if isinstance(error, KeyError):
        return "it must be there"
    return str(error)


def _named(told: str) -> tuple[str, str]:
    """`message @ .work_done_token` as the path that the wire has, and the message."""
    message, _, path = told.rpartition(" @ ")
    return ".".join(camel(part) for part in path.lstrip(".").split(".")), message


def _plain(kind: type, wanted: str) -> Callable[[object, type], Any]:
    def structure(value: object, _: type) -> Any:
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise ValueError(f"{wanted} is wanted, not {_short(value)}")
        return value

    return structure


def _name(value: object, _: type) -> str:
    """A string in which no half of a character stands alone: no file and no database takes that as a name."""
    if not isinstance(value, str):
        raise ValueError(f"a string is wanted, not {_short(value)}")
    if any("\ud800" <= letter <= "\udfff" for letter in value):
        raise ValueError("a string of whole characters is wanted, without a lone surrogate")
    return value


def _short(value: object) -> str:
    """What came, in a few words: it may be large, or a secret."""
    names = {dict: "an object", list: "an array", str: "a string", type(None): "null"}
    return names.get(type(value), repr(value)[:20])


def _token(value: object, _: Any) -> Token:
    if isinstance(value, int | str) and not isinstance(value, bool):
        return value
    raise ValueError(f"a string or a whole number is wanted, not {_short(value)}")


def _members_of(shape: type[Any], converter: Converter) -> Callable[[Any, Any], Any]:
    """As cattrs reads it, a null being as good as nothing."""
    renamed: Any = {
        field.name: override(rename=name) for name, field in _fields(cast("Hashable", shape)).items()
    }
    made = make_dict_structure_fn(shape, converter, **renamed)

    def structure(value: Mapping[str, Any], wanted: Any) -> Any:
        return made({name: member for name, member in value.items() if member is not None}, wanted)

    return structure


def _is_array(wanted: Any) -> bool:
    return get_origin(wanted) is tuple


def _array_of(wanted: Any, converter: Any) -> Any:
    """An array, and nothing else that has items: a text has its letters, an object its keys."""
    items: Any = GenericAlias(list, get_args(wanted)[:1])
    made = converter.get_structure_hook(items)

    def structure(value: object, _: Any) -> Any:
        if not isinstance(value, list):
            raise ValueError(f"an array is wanted, not {_short(value)}")
        return tuple(made(value, items))

    return structure


def _make_converter() -> Converter:
    converter = Converter()
    converter.register_structure_hook(str, _name)
    converter.register_structure_hook(int, _plain(int, "a whole number"))
    converter.register_structure_hook(bool, _plain(bool, "true or false"))
    converter.register_structure_hook_func(lambda wanted: wanted == Document, _plain(dict, "an object"))
    converter.register_structure_hook_func(lambda wanted: wanted in (Token, Token | None), _token)
    converter.register_structure_hook_factory(attrs.has, _members_of)
    converter.register_structure_hook_factory(_is_array, _array_of)
    return converter


_converter = _make_converter()
