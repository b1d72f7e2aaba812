"""Bodies as JSON values, and JSON-RPC messages as bodies. Strict: no NaN, no number that is none, only UTF-8.

Imports next to nothing, for the greeting needs it first.
"""

from __future__ import annotations

import json
import math


def decode(body: bytes) -> object:
    """What a body says. Raises ValueError, its message without the body; RecursionError for one too deep."""
    return _DECODER.decode(body.decode("utf-8"))


def said(**members: object) -> bytes:
    """The body of a message. What is not ASCII is escaped, so that a lone surrogate comes back as it was."""
    return _ENCODER.encode({"jsonrpc": "2.0", **members}).encode("ascii")


def _no_constant(name: str) -> object:
    raise ValueError(f"{name} is no number")


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise ValueError(f"{digits[:20]}… is too great a number")
    return number


_DECODER = json.JSONDecoder(parse_constant=_no_constant, parse_float=_finite)
_ENCODER = json.JSONEncoder(separators=(",", ":"), allow_nan=False)
