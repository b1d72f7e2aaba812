"""D01 of what a bridge must pass: it describes itself, and what it says is as it is described."""

from __future__ import annotations

from typing import Any

import jsonschema_rs
import pytest

from tests.adapters.jsonrpc.conftest import Start
from tests.support.bridges import Bridge, Said

DIALECT = "https://json-schema.org/draft/2020-12/schema"


class _Described:
    """A bridge whose results and notifications are held against its own description."""

    def __init__(self, bridge: Bridge) -> None:
        self.bridge = bridge
        self.document: Said = bridge.call("rpc.discover")
        self.called: set[str] = set()

    def call(self, method: str, params: Said | None = None) -> Any:
        described = self._named("methods", method)
        known = {param["name"]: param["schema"] for param in described["params"]}
        for name, value in (params or {}).items():
            self._validate(value, known[name])
        result = self.bridge.call(method, params)
        self._validate(result, described["result"]["schema"])
        self.called.add(method)
        return result

    def told(self) -> set[str]:
        """The methods of what the bridge sent by itself, each found to be as described."""
        sent = [said for said in self.bridge.heard if "method" in said]
        for said in sent:
            schemas = {param["name"]: param for param in self._named("x-sent", said["method"])["params"]}
            assert set(said["params"]) <= set(schemas)
            assert {name for name, param in schemas.items() if param["required"]} <= set(said["params"])
            for name, value in said["params"].items():
                self._validate(value, schemas[name]["schema"])
        return {said["method"] for said in sent}

    def _named(self, where: str, name: str) -> Said:
        found: Said = next(one for one in self.document[where] if one["name"] == name)
        return found

    def _validate(self, value: object, schema: Said) -> None:
        whole = {**schema, "components": self.document["components"]}
        jsonschema_rs.Draft202012Validator(whole).validate(value)


def _is_openrpc(document: Said) -> None:
    """What the specification of OpenRPC 1.3 asks of a document."""
    assert document["openrpc"].startswith("1.3.")
    assert {"title", "version"} <= set(document["info"])
    names = [method["name"] for method in document["methods"]]
    assert len(names) == len(set(names))
    for method in document["methods"]:
        params = [param["name"] for param in method["params"]]
        required = [param["required"] for param in method["params"]]
        assert len(params) == len(set(params))
        assert sorted(required, reverse=True) == required or method["paramStructure"] == "by-name"
        for part in (*method["params"], *([method["result"]] if "result" in method else [])):
            assert {"name", "schema"} <= set(part)
            jsonschema_rs.meta.validate({**part["schema"], "$schema": DIALECT})
        for error in method.get("errors", []):
            assert error["$ref"].rpartition("/")[2] in document["components"]["errors"]


def test_d01_what_it_says_is_as_it_describes_it(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=1000&speed=20&backups=2", greet=False)
    bridge.initialize(capabilities={"window": {"workDoneProgress": True}})
    described = _Described(bridge)
    call = described.call

    first = call("backups/list", {"limit": 1})["items"][0]["id"]
    call("jobs/subscribe", {"since": 0})
    made = call("backups/create", {"workDoneToken": "t"})["id"]
    call("backups/createStreamed", {"detach": True, "idempotencyKey": "k"})
    call("backup/snapshot", {"backup": first})
    plan = call("backup/restorePlan", {"backup": first})["planToken"]
    call("backups/createStreamed", {"idempotencyKey": "k"})
    call("backup/restore", {"backup": first, "planToken": plan})
    call("backup/restoreStreamed", {"backup": made, "confirm": True, "workDoneToken": 7})
    call("backup/creationStatus", {"backup": made})
    call("backup/restorationStatus", {"backup": made})
    call("backup/creationCancel", {"backup": made})
    call("backup/restorationCancel", {"backup": made})
    job = call("jobs/list", {"unsettled": False, "limit": 5})["items"][0]["id"]
    call("jobs/get", {"job": job})
    call("jobs/cancel", {"job": job})
    undo = call("database/undoCopies")["items"]
    call("database/revert", {"confirm": True, "undo": undo[0]["id"]})
    call("database/forgetUndo", {"confirm": True, "undo": undo[-1]["id"]})
    call("database/list")
    call("backup/assets", {"assets": [{"id": "a"}, {"id": "b", "name": "B"}]})
    call("backup/asset", {"asset": {"id": "a", "x": 1}})
    call("backup/asset")
    call("assets/list")
    call("assets/get", {"id": "a", "version": 1})
    call("assets/history", {"id": "a"})
    call("backups/delete", {"backup": made, "confirm": True})
    call("jobs/unsubscribe")

    _is_openrpc(described.document)
    requests = {method["name"] for method in described.document["methods"] if "result" in method}
    assert {"initialize", "shutdown", "rpc.discover"} == requests - described.called
    assert {"$/progress", "jobs/didChange", "window/workDoneProgress/create"} == described.told()


@pytest.mark.parametrize("greet", [True, False], ids=["greeted", "not greeted"])
def test_d01_before_the_greeting_and_after_it_is_the_same(start: Start, greet: bool) -> None:
    assert "1.3.2" == start("offline:", greet=greet).call("rpc.discover")["openrpc"]
