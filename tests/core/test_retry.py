"""When to try again: bounds of the wait, and giving up."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reprieve.core.errors import InvalidRequest, Problem
from reprieve.core.retry import RetryPolicy

TEMPORARY = Problem("unreachable", "Nobody answers.", temporary=True)
PERMANENT = Problem("notFound", "There is no such thing.")

policies = st.builds(
    RetryPolicy,
    attempts=st.integers(1, 10_000),
    first=st.floats(0, 1e6),
    factor=st.floats(1, 1e3),
    longest=st.floats(0, 1e6),
)


@given(policies, st.integers(1, 20_000), st.integers())
def test_a_wait_is_in_the_upper_half_of_its_ceiling_or_there_is_none(
    policy: RetryPolicy, attempt: int, seed: int
) -> None:
    delay = policy.delay(attempt, TEMPORARY, Random(seed))

    if attempt >= policy.attempts:
        assert delay is None
    else:
        assert delay is not None
        assert 0 <= delay <= policy.longest
        steps = min(attempt - 1, 60)
        assert delay >= 0.5 * min(policy.longest, policy.first * policy.factor**steps) * 0.999


@given(policies, st.integers(1, 20_000))
def test_what_is_permanent_is_never_tried_again(policy: RetryPolicy, attempt: int) -> None:
    assert policy.delay(attempt, PERMANENT, Random(0)) is None


def test_the_default_waits_double_up_to_five_attempts() -> None:
    policy = RetryPolicy()
    waits = [policy.delay(attempt, TEMPORARY, Random(7)) for attempt in range(1, 6)]

    ceilings = [0.5, 1.0, 2.0, 4.0]
    for wait, ceiling in zip(waits[:4], ceilings, strict=True):
        assert wait is not None
        assert ceiling / 2 <= wait <= ceiling
    assert waits[4] is None


@pytest.mark.parametrize("wrong", [{"attempts": 0}, {"first": -1.0}, {"factor": 0.5}, {"longest": -0.1}])
def test_a_policy_that_makes_no_sense_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(InvalidRequest, match="makes no sense"):
        RetryPolicy(**wrong)  # type: ignore[arg-type]
