"""The API's models to JSON and back: strict in what is sent, as lenient as real clients are in what is read.

Read are: explicit nulls in place of missing fields, unknown fields, numbers as 1234, 1234.0 or "1234",
moments with `Z`, an offset or none, and values of an enumeration that this version does not know. Knows
cattrs and the models; nothing of jobs or HTTP.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar

import attrs
from cattrs import Converter, transform_error
from cattrs.gen import make_dict_structure_fn, make_dict_unstructure_fn

from ...core.errors import InvalidRequest
from .models import Document, Platform, Semantic, Status

Model = TypeVar("Model")


def to_json(model: attrs.AttrsInstance) -> str:
    """A model as one line of JSON."""
    return json.dumps(to_members(model), separators=(",", ":"))


def to_members(model: attrs.AttrsInstance) -> Document:
    """A model as a JSON object; what is None is left out."""
    members: Document = _converter.unstructure(model)
    return members


def read(value: object, model: type[Model]) -> Model:
    """The model that a JSON value says. Raises InvalidRequest, naming what is wrong where."""
    try:
        return _converter.structure(value, model)
    except Exception as error:  # cattrs gathers whatever its hooks raise; transform_error says all of it
        wrong = "; ".join(transform_error(error)[:3])
        raise InvalidRequest(f"This is no {model.__name__}: {wrong}.") from error


def moment(at: datetime) -> str:
    """A moment as `2026-05-01T10:20:30.123Z`."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(value: object, _: type) -> datetime:
    if not isinstance(value, str):
        raise ValueError(f"a moment must be a string, not {value!r}")
    at = datetime.fromisoformat(value)
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)


def _number(value: object, _: type = float) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError(f"a number is wanted, not {value!r}")
    number = float(value)
    if not math.isfinite(number):
        raise ValueError(f"a finite number is wanted, not {value!r}")
    return number


def _whole(value: object, _: type = int) -> int:
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lstrip("+-").isdecimal():
        return int(value)
    number = _number(value)
    if not number.is_integer():
        raise ValueError(f"a whole number is wanted, not {value!r}")
    return int(number)


def _truth(value: object, _: type = bool) -> bool:
    truths = {True: True, False: False, "true": True, "false": False}
    if not isinstance(value, bool | str) or value not in truths:
        raise ValueError(f"true or false is wanted, not {value!r}")
    return truths[value]


def _text(value: object, _: type = str) -> str:
    if not isinstance(value, str):
        raise ValueError(f"a string is wanted, not {value!r}")
    return value


def _document(value: object, _: type = dict) -> Document:
    if not isinstance(value, dict):
        raise ValueError(f"an object is wanted, not {value!r}")
    return value


def _status(value: object, _: type = Status) -> Status:
    return next((status for status in Status if status == value), Status.UNKNOWN)


def _platform(value: object, _: type = Platform) -> Platform:
    return next((platform for platform in Platform if platform == value), Platform.UNKNOWN)


def _semantic(value: object, _: type = Semantic) -> Semantic:
    return next((one for one in Semantic if one == value), Semantic.MAJOR_0_MINOR_0_PATCH_1)


def _reader(model: type[attrs.AttrsInstance], converter: Converter) -> Callable[[Any, Any], Any]:
    """As cattrs reads it, a null being as good as nothing."""
    made = make_dict_structure_fn(model, converter)

    def structure(value: object, _: Any) -> Any:
        members = {name: member for name, member in _document(value).items() if member is not None}
        return made(members, model)

    return structure


def _writer(model: type[attrs.AttrsInstance], converter: Converter) -> Callable[[Any], Document]:
    """As cattrs writes it, without what is None."""
    made = make_dict_unstructure_fn(model, converter)

    def unstructure(value: Any) -> Document:
        return {name: member for name, member in made(value).items() if member is not None}

    return unstructure


def _make_converter() -> Converter:
    converter = Converter()
    converter.register_structure_hook(datetime, _moment)
    converter.register_structure_hook(bool, _truth)
    converter.register_structure_hook(int, _whole)
    converter.register_structure_hook(float, _number)
    converter.register_structure_hook(str, _text)
    converter.register_structure_hook_func(lambda wanted: wanted == Document, _document)
    converter.register_structure_hook(Status, _status)
    converter.register_structure_hook(Platform, _platform)
    converter.register_structure_hook(Semantic, _semantic)
    converter.register_structure_hook_factory(attrs.has, _reader)
    converter.register_unstructure_hook(datetime, moment)
    converter.register_unstructure_hook_factory(attrs.has, _writer)
    return converter


_converter = _make_converter()
