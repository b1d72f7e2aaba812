"""The service offers every operation of the one table, on the contract's paths and beside them."""

from __future__ import annotations

import pytest

from reprieve.adapters.server.app import ROUTES
from reprieve.core.operations import OPERATIONS, Spec


@pytest.mark.parametrize("spec", OPERATIONS, ids=lambda spec: spec.operation)
def test_every_operation_has_its_routes(spec: Spec) -> None:
    numbers = sorted(
        route.number for route in ROUTES if route.operation is spec.operation and route.number is not None
    )

    assert list(spec.http) == numbers
    assert [] != [route for route in ROUTES if route.operation is spec.operation]


def test_every_path_of_the_contract_is_there_once() -> None:
    assert list(range(1, 17)) == sorted(route.number for route in ROUTES if route.number is not None)


def test_whatever_starts_a_job_or_destroys_says_that_it_changes_something() -> None:
    for spec in OPERATIONS:
        if spec.starts_job or spec.destroys:
            routes = [route for route in ROUTES if route.operation is spec.operation]
            assert [True] * len(routes) == [route.changes for route in routes]
