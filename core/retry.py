"""When to try again: (attempt, problem) -> seconds to wait, or give up.

Exponential backoff with jitter: the wait before attempt n + 1 is drawn evenly from the upper
half of `first * factor ** (n - 1)`, at most `longest`. (Half of it stays, so that a service that has just
failed is never asked again at once.)
"""

from __future__ import annotations

from random import Random

import attrs

from .errors import InvalidRequest, Problem

MOST_DOUBLINGS = 60
"""The exponent's ceiling: a float overflows at some 1000 doublings, and no wait is that long."""


@attrs.frozen
class RetryPolicy:
    """How often a job is tried, and how long it waits in between (seconds).

    Raises InvalidRequest for fewer than one attempt, a negative wait or a factor below 1.
    """

    attempts: int = 5
    first: float = 0.5
    factor: float = 2.0
    longest: float = 30.0

    def __attrs_post_init__(self) -> None:
        if not (self.attempts >= 1 and self.first >= 0 and self.factor >= 1 and self.longest >= 0):
            raise InvalidRequest(
                f"{self} makes no sense: take one attempt at least, no negative wait, and a factor from 1 on."
            )

    def delay(self, attempt: int, problem: Problem, random: Random) -> float | None:
        """Seconds until the attempt after `attempt`; None to give up."""
        if not problem.temporary or attempt >= self.attempts:
            return None
        ceiling = min(self.longest, self.first * self.factor ** min(attempt - 1, MOST_DOUBLINGS))
        return ceiling * random.uniform(0.5, 1.0)
