"""The kinds of value that a scenario's parameters take: how each is read, written and explained.

A value comes as itself (Python, TOML) or as text (a URL's query); one rule reads both. Knows
nothing of which parameters there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from enum import StrEnum
from typing import Any, TypeVar

import attrs

from ...core.errors import BY_KIND, Conflict, InvalidRequest, Problem, StorageError, TransportError
from ...core.operations import Operation

Plain = str | int | float | bool
T = TypeVar("T")

TEMPORARY, PERMANENT = "temporary", "permanent"
_FAULT_KINDS = {TEMPORARY: "unreachable", PERMANENT: "storage"} | {
    kind: kind
    for kind, error in BY_KIND.items()
    if issubclass(error, TransportError | StorageError | InvalidRequest | Conflict)
}


@attrs.frozen
class Phase:
    """A named part of the work; `weight` is its share of the whole, next to the others' weights."""

    name: str
    weight: float = 1.0


@attrs.frozen
class Earlier:
    """A backup that is there from the beginning: made `days` days before it, of a database of `bytes`."""

    days: float
    bytes: int


@attrs.frozen
class Rule:
    """What a parameter may be.

    `says` it in words, `read` takes the value itself or text (or raises ValueError), `write` makes it plain.
    """

    says: str
    read: Callable[[Any], Any]
    write: Callable[[Any], Plain] = lambda value: value


def parameter(default: T, rule: Rule) -> T:
    """An attrs field that obeys `rule`. (It says it gives the default, as attrs' own `field` does.)"""
    field: T = attrs.field(default=default, validator=_obeys, metadata={"rule": rule})
    return field


def read(attribute: attrs.Attribute[Any], value: object) -> Any:
    """The value of the parameter that `attribute` is. Raises InvalidRequest."""
    if value is None and attribute.default is None:
        return None
    rule: Rule = attribute.metadata["rule"]
    try:
        return rule.read(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise InvalidRequest(
            f"The scenario's parameter '{attribute.name}' must be {rule.says}, not {value!r}."
        ) from error


def write(attribute: attrs.Attribute[Any], value: object) -> Plain:
    """`value` of that parameter, as TOML and a URL can say it."""
    rule: Rule = attribute.metadata["rule"]
    return rule.write(value)


def problem(fault: str, message: str) -> Problem:
    """What goes wrong where a scenario asks for `fault`."""
    kind = _FAULT_KINDS[fault]
    return Problem(kind, message, temporary=fault == TEMPORARY or BY_KIND[kind].temporary)


def _obeys(instance: object, attribute: attrs.Attribute[Any], value: object) -> None:
    if read(attribute, value) != value:
        raise InvalidRequest(
            f"The scenario's parameter '{attribute.name}' must be a value, not text: {value!r}."
        )


# -- the rules ---------------------------------------------------------------------------------


def whole(least: int | None = None) -> Rule:
    """A whole number."""
    says = "a whole number" if least is None else f"a whole number of at least {least}"
    return Rule(says, lambda value: _at_least(least, _whole(value)))


def number(least: float = 0.0, most: float | None = None, *, above: bool = False) -> Rule:
    """A finite number within bounds; with `above`, greater than the least."""
    says = f"a number above {least:g}" if above else f"a number of at least {least:g}"
    if most is not None:
        says = f"a number from {least:g} to {most:g}"

    def within(value: object) -> float:
        found = _number(value)
        if not math.isfinite(found) or found < least or (above and found == least):
            raise ValueError
        if most is not None and found > most:
            raise ValueError
        return found

    return Rule(says, within)


def flag() -> Rule:
    """Yes or no."""
    return Rule("true or false", _flag)


def text() -> Rule:
    """Any words."""
    return Rule("a text that is not empty", _text)


def one_of(choices: type[StrEnum]) -> Rule:
    """One member of an enumeration."""
    return Rule(f"one of {_listed(list(choices))}", choices, str)


def fault() -> Rule:
    """Something that goes wrong: `temporary`, `permanent`, or the kind of an error."""

    def known(value: object) -> str:
        if value not in _FAULT_KINDS:
            raise ValueError
        return str(value)

    return Rule(f"one of {_listed(list(_FAULT_KINDS))}", known)


def phases() -> Rule:
    """`name:weight` of each, with commas."""
    return Rule("the phases as 'name:weight,name:weight'", _phases, _write_phases)


def earlier() -> Rule:
    """How many earlier backups, or `days:bytes` of each with commas."""
    return Rule("a number of backups, or 'days ago:bytes' of each with commas", _earlier, _write_earlier)


def operations() -> Rule:
    """Names of operations, with commas."""
    return Rule(f"operations with commas, of {_listed(list(Operation))}", _operations, ",".join)


_FLAGS = {"true": True, "false": False, "1": True, "0": False, "yes": True, "no": False}


def _flag(value: object) -> bool:
    if str(value).lower() not in _FLAGS:
        raise ValueError
    return _FLAGS[str(value).lower()]


def _listed(names: Sequence[str]) -> str:
    return ", ".join(map(str, names))


def _whole(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int | str):
        raise ValueError
    return int(value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise ValueError
    return float(value)


def _at_least(least: int | None, value: int) -> int:
    if least is not None and value < least:
        raise ValueError
    return value


def _text(value: object) -> str:
    if not isinstance(value, str) or not value:
        raise ValueError
    return value


def _phases(value: object) -> tuple[Phase, ...]:
    if isinstance(value, str):
        pairs = (part.partition(":") for part in value.split(","))
        value = tuple(Phase(_text(name.strip()), float(weight or 1)) for name, _, weight in pairs)
    found = tuple(value) if isinstance(value, tuple | list) else ()
    if not found or not all(
        isinstance(phase, Phase) and phase.weight > 0 and math.isfinite(phase.weight) for phase in found
    ):
        raise ValueError
    return found


def _write_phases(value: tuple[Phase, ...]) -> str:
    return ",".join(f"{phase.name}:{phase.weight!r}" for phase in value)


def _earlier(value: object) -> tuple[Earlier, ...]:
    if isinstance(value, str) and ":" in value:
        pairs = (part.partition(":") for part in value.split(","))
        value = tuple(Earlier(float(days), int(size)) for days, _, size in pairs)
    if isinstance(value, tuple):
        if not all(isinstance(one, Earlier) and one.days >= 0 and one.bytes >= 0 for one in value):
            raise ValueError
        return value
    number = _at_least(0, _whole(value))
    return tuple(Earlier(float(number - place), 64_000_000) for place in range(number))


def _write_earlier(value: tuple[Earlier, ...]) -> Plain:
    return ",".join(f"{one.days!r}:{one.bytes}" for one in value) if value else 0


def _operations(value: object) -> tuple[Operation, ...]:
    if isinstance(value, str):
        value = tuple(part.strip() for part in value.split(",")) if value else ()
    if not isinstance(value, tuple | list):
        raise ValueError
    return tuple(Operation(name) for name in value)
