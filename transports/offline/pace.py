"""How simulated work goes: the waits between its progress events, and the phases they come under.

Each curve spreads the same duration differently over the events; only the curves with chance in
them draw. Knows numbers, and nothing of jobs or clocks.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from enum import StrEnum
from itertools import accumulate
from random import Random


class Curve(StrEnum):
    """The shape of the speed over the work."""

    CONSTANT = "constant"
    EASE = "ease"
    STALLS = "stalls"
    BURSTS = "bursts"


def waits(curve: Curve, ticks: int, duration: float, random: Random) -> list[float]:
    """Seconds before each of `ticks` events; they add up to `duration` (0 included)."""
    weights = _WEIGHTS[curve](ticks, random)
    unit = duration / math.fsum(weights)
    return [weight * unit for weight in weights]


def _constant(ticks: int, random: Random) -> list[float]:
    return [1.0] * ticks


def _ease(ticks: int, random: Random) -> list[float]:
    """Slow at both ends, fastest in the middle."""
    return [1.0 / (0.1 + math.sin(math.pi * (tick + 0.5) / ticks)) for tick in range(ticks)]


def _stalls(ticks: int, random: Random) -> list[float]:
    """Even, but three waits (fewer where there are few) last as long as a fifth of all the others."""
    weights = [1.0] * ticks
    for stalled in random.sample(range(ticks), min(3, ticks)):
        weights[stalled] = max(1.0, ticks / 5)
    return weights


def _bursts(ticks: int, random: Random) -> list[float]:
    """Several events at once, then a wait that makes up for it."""
    weights = [0.0] * ticks
    first = 0
    while first < ticks:
        length = random.randint(1, max(1, ticks // 8))
        weights[first] = float(min(length, ticks - first))
        first += length
    return weights


_WEIGHTS = {Curve.CONSTANT: _constant, Curve.EASE: _ease, Curve.STALLS: _stalls, Curve.BURSTS: _bursts}


def labels(shares: Sequence[tuple[str, float]], ticks: int) -> list[str]:
    """The phase under which each of `ticks` events comes; `shares` are names and weights, in order."""
    whole = math.fsum(weight for _, weight in shares)
    ends = [ticks * upto / whole for upto in accumulate(weight for _, weight in shares)]
    last = len(shares) - 1
    return [shares[min(last, bisect_left(ends, tick))][0] for tick in range(1, ticks + 1)]
