"""When to try again: (attempt, problem) -> seconds to wait, or give up.

Exponential backoff with jitter: the wait before attempt n + 1 is drawn evenly from the upper
half of `first * factor ** (n - 1)`, at most `longest`. (Half of it stays, so that a service that has just
failed is never asked again at once.)
"""

from __future__ import annotations

from random import Random

import attrs

from .errors import Problem


@attrs.frozen
class RetryPolicy:
    """How often a job is tried, and how long it waits in between (seconds)."""

    attempts: int = 5
    first: float = 0.5
    factor: float = 2.0
    longest: float = 30.0

    def delay(self, attempt: int, problem: Problem, random: Random) -> float | None:
        """Seconds until the attempt after `attempt`; None to give up."""
        if not problem.temporary or attempt >= self.attempts:
            return None
        ceiling = min(self.longest, self.first * self.factor ** (attempt - 1))
        return ceiling * random.uniform(0.5, 1.0)
