"""The bridge offers the same operations as every other adapter, and describes all of them."""

from reprieve.adapters.jsonrpc.openrpc import description
from reprieve.adapters.jsonrpc.table import METHODS
from reprieve.core.operations import SPECS, Operation


def test_every_operation_has_a_method() -> None:
    assert set() == set(Operation) - {method.operation for method in METHODS.values()}


def test_what_destroys_wants_to_be_confirmed() -> None:
    destroying = {
        method.name: "confirm" in {field.name for field in method.params.__attrs_attrs__}  # type: ignore[attr-defined]
        for method in METHODS.values()
        if method.operation and SPECS[method.operation].destroys and method.name != "backup/restorePlan"
    }

    assert {name: True for name in destroying} == destroying


def test_what_starts_a_job_is_cancelled_by_its_job() -> None:
    starting = {name for name, method in METHODS.items() if method.starts_job}

    assert {
        "backups/create",
        "backups/createStreamed",
        "backup/restore",
        "backup/restoreStreamed",
        "database/revert",
        "backup/assets",
        "backup/asset",
    } == starting


def test_every_method_is_described() -> None:
    described = {method["name"] for method in description()["methods"]}

    assert set() == set(METHODS) - described
