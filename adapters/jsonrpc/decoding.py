"""A body as the JSON value that it is. Strict: no NaN, no number that is none, nothing but UTF-8.

Imports next to nothing, for the greeting needs it first.
"""

from __future__ import annotations

import json
import math


def decode(body: bytes) -> object:
    """What a body says. Raises ValueError, its message without the body; RecursionError for one too deep."""
    return _DECODER.decode(body.decode("utf-8"))


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits} is too great a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
