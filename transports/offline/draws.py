"""Chance, repeatable: every random draw of a simulation comes from a stream with a stable name.

A stream depends on the seed and its own name alone, so that what one job draws is the same whatever
else runs beside it, in every process and on every machine.
"""

from __future__ import annotations

from hashlib import sha256
from random import Random


def stream(seed: int, *name: object) -> Random:
    """The stream of random numbers called `name` (words and numbers) under `seed`."""
    return Random(_digest(seed, *name))


def token(seed: int, *name: object) -> str:
    """A made-up content: 16 hexadecimal digits that stand for the bytes of a database."""
    return f"{_digest(seed, *name) >> 192:016x}"


def _digest(*name: object) -> int:
    return int.from_bytes(sha256("\x1f".join(map(str, name)).encode()).digest(), "big")
