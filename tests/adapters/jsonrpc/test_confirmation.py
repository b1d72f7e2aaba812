"""R01 and R02 of what a bridge must pass, with a simulated service; test_database.py has a real one."""

from __future__ import annotations

from typing import Any

import pytest

from tests.adapters.jsonrpc.conftest import Start
from tests.support.bridges import Bridge

SERVICE = "offline:?size=1000&rate=1000&speed=50&backups=2"

UNCONFIRMED: dict[str, tuple[str, dict[str, Any]]] = {
    "restore": ("backup/restore", {}),
    "restore streamed": ("backup/restoreStreamed", {}),
    "restore, not confirmed": ("backup/restore", {"confirm": False}),
    "restore, detached": ("backup/restore", {"detach": True}),
    "delete": ("backups/delete", {}),
    "delete, not confirmed": ("backups/delete", {"confirm": False}),
    "revert": ("database/revert", {"backup": None}),
    "forget": ("database/forgetUndo", {"backup": None, "undo": "x"}),
}


def _everything(bridge: Bridge) -> tuple[Any, ...]:
    return tuple(bridge.call(method) for method in ("backups/list", "jobs/list", "database/undoCopies"))


@pytest.mark.parametrize(("method", "params"), UNCONFIRMED.values(), ids=UNCONFIRMED.keys())
def test_r01_unconfirmed_nothing_is_changed(start: Start, method: str, params: dict[str, Any]) -> None:
    bridge = start(SERVICE)
    before = _everything(bridge)
    backup = before[0]["items"][0]["id"]

    error = bridge.refused(method, {k: v for k, v in {"backup": backup, **params}.items() if v is not None})

    assert (1428, "confirmationRequired") == (error["code"], error["data"]["kind"])
    assert "Nothing was changed" in error["message"]
    assert before == _everything(bridge)


def test_r01_confirmed(start: Start) -> None:
    bridge = start(SERVICE)
    first, second = bridge.call("backups/list")["items"]

    assert first == bridge.call("backup/restore", {"backup": first["id"], "confirm": True})
    (copy,) = bridge.call("database/undoCopies")["items"]
    assert "done" == bridge.call("database/revert", {"confirm": True, "undo": copy["id"]})["state"]
    assert bridge.call("backups/delete", {"backup": first["id"], "confirm": True}) is None
    assert [second] == bridge.call("backups/list")["items"]


def test_r02_a_plan_that_holds(start: Start) -> None:
    bridge = start(SERVICE)
    backup = bridge.call("backups/list")["items"][0]

    plan = bridge.call("backup/restorePlan", {"backup": backup["id"]})

    assert (backup, backup["database"]) == (plan["backup"], plan["database"])
    assert "replaced" in plan["message"]
    assert backup == bridge.call("backup/restore", {"backup": backup["id"], "planToken": plan["planToken"]})


def test_r02_a_plan_is_stale_once_it_was_used_or_something_else_was_restored(start: Start) -> None:
    bridge = start(SERVICE)
    first, second = (backup["id"] for backup in bridge.call("backups/list")["items"])
    used = bridge.call("backup/restorePlan", {"backup": first})["planToken"]
    other = bridge.call("backup/restorePlan", {"backup": first})["planToken"]
    of_another = bridge.call("backup/restorePlan", {"backup": second})["planToken"]

    bridge.call("backup/restore", {"backup": first, "planToken": used})

    for token in (used, other, of_another, "nothing", ""):
        jobs = bridge.call("jobs/list")
        error = bridge.refused("backup/restore", {"backup": first, "planToken": token})
        assert (1412, "planStale") == (error["code"], error["data"]["kind"])
        assert jobs == bridge.call("jobs/list")


def test_r02_a_stale_plan_is_not_helped_by_a_confirmation(start: Start) -> None:
    bridge = start(SERVICE)
    backup = bridge.call("backups/list")["items"][0]["id"]

    error = bridge.refused("backup/restore", {"backup": backup, "planToken": "nothing", "confirm": True})

    assert 1412 == error["code"]


def test_r02_a_plan_of_a_backup_that_is_gone(start: Start) -> None:
    bridge = start(SERVICE)
    backup = bridge.call("backups/list")["items"][0]["id"]
    plan = bridge.call("backup/restorePlan", {"backup": backup})["planToken"]
    bridge.call("backups/delete", {"backup": backup, "confirm": True})

    assert 1404 == bridge.refused("backup/restore", {"backup": backup, "planToken": plan})["code"]
    assert 1404 == bridge.refused("backup/restorePlan", {"backup": backup})["code"]
