"""A bridge to a service over HTTP: an editor works on a database that somebody else serves."""

from __future__ import annotations

import pytest

from tests.adapters.jsonrpc.conftest import Start
from tests.support.services import serving

pytestmark = pytest.mark.needs("posix")


def test_jobs_of_a_service_are_made_cancelled_and_told(
    start: Start, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("service")
    with serving(folder, "offline:?size=1000&rate=1000&speed=2&backups=1") as service:
        bridge = start(service.ready["address"])
        bridge.call("jobs/subscribe")
        (earlier,) = bridge.call("backups/list")["items"]

        made = bridge.call("backups/create", {"workDoneToken": "t"})
        restoring = bridge.ask("backup/restore", {"backup": earlier["id"], "confirm": True})
        job = bridge.told("jobs/didChange", job={"kind": "restoration", "state": "running"})["job"]
        bridge.notify("$/cancelRequest", {"id": restoring})

        assert -32800 == bridge.answer(restoring)["error"]["code"]
        assert job["id"] == bridge.answer(restoring)["error"]["data"]["job"]
        assert [earlier, made] == bridge.call("backups/list")["items"]
        assert 100 == max(
            told["value"]["percentage"]
            for told in bridge.everything("$/progress")
            if told["value"]["kind"] == "report"
        )
