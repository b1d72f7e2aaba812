"""P01 to P05 of what a bridge must pass: progress, under the client's token, under ours, or none."""

from __future__ import annotations

import time

import pytest

from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import Bridge, tells

SECOND = "offline:?size=1000&rate=1000&ticks=50"
CAN_SHOW = {"window": {"workDoneProgress": True}}


def _steps(bridge: Bridge, token: object) -> list[str]:
    return [said["value"]["kind"] for said in bridge.everything("$/progress", token=token)]


@pytest.mark.parametrize("token", ["t", 7, "", 0, "reprieve/1"], ids=repr)
def test_p01_begin_rising_reports_one_end_then_the_answer(start: Start, token: object) -> None:
    bridge = start(SECOND)

    asked = bridge.ask("backups/create", {"workDoneToken": token})
    answer = bridge.answer(asked)

    told = [said["value"] for said in bridge.everything("$/progress", token=token)]
    begin, *reports, end = told
    percentages = [value["percentage"] for value in reports]
    assert ("begin", "Backing up", True) == (begin["kind"], begin["title"], begin["cancellable"])
    assert {"report"} == {value["kind"] for value in reports}
    assert sorted(percentages) == percentages
    assert all(isinstance(percentage, int) for percentage in percentages)
    assert 100 == percentages[-1]
    assert ("end", "Done.") == (end["kind"], end["message"])
    assert {answer["result"]["id"]} == {
        bridge.call("jobs/get", {"job": value["job"]})["backup"] for value in told
    }
    last_told = max(at for at, said in enumerate(bridge.heard) if tells(said, "$/progress"))
    assert last_told < bridge.heard.index(answer)


def test_p02_no_token_and_no_capability_no_progress(start: Start) -> None:
    bridge = start(QUICK)

    bridge.call("backups/create")

    assert [] == [said for said in bridge.heard if "method" in said]


@pytest.mark.parametrize("capability", [False, None, 1, "true", {}], ids=repr)
def test_p02_what_is_no_capability(start: Start, capability: object) -> None:
    bridge = start(QUICK, greet=False)
    bridge.initialize(capabilities={"window": {"workDoneProgress": capability}})

    bridge.call("backups/create")

    assert [] == [said for said in bridge.heard if "method" in said]


def test_p03_a_token_of_ours_where_the_client_can_show_it(start: Start) -> None:
    bridge = start(SECOND, greet=False)
    bridge.initialize(capabilities=CAN_SHOW)
    asked = bridge.ask("backups/create")

    create = bridge.until(lambda said: tells(said, "window/workDoneProgress/create"))
    token = create["params"]["token"]
    assert [] == _steps(bridge, token)
    bridge.send({"jsonrpc": "2.0", "id": create["id"], "result": None})
    bridge.answer(asked)

    begin, *reports, end = _steps(bridge, token)
    assert ("begin", {"report"}, "end") == (begin, set(reports), end)


def test_p03_it_begins_though_the_job_stands_still(start: Start) -> None:
    bridge = start("offline:?hang_at=0", greet=False)
    bridge.initialize(capabilities=CAN_SHOW)
    bridge.call("jobs/subscribe")
    bridge.ask("backups/create")
    bridge.told("jobs/didChange", job={"state": "running"})

    create = bridge.until(lambda said: tells(said, "window/workDoneProgress/create"))
    bridge.send({"jsonrpc": "2.0", "id": create["id"], "result": None})

    assert "begin" == bridge.told("$/progress", token=create["params"]["token"])["value"]["kind"]


@pytest.mark.parametrize(
    "answer", [{"error": {"code": -32601, "message": "no"}}, {}], ids=["refused", "silent"]
)
def test_p03_a_client_that_will_not_show_it(start: Start, answer: dict[str, object]) -> None:
    bridge = start(SECOND, greet=False)
    bridge.initialize(capabilities=CAN_SHOW)
    asked = bridge.ask("backups/create")
    create = bridge.until(lambda said: tells(said, "window/workDoneProgress/create"))

    if answer:
        bridge.send({"jsonrpc": "2.0", "id": create["id"], **answer})
    assert "result" in bridge.answer(asked)

    assert [] == bridge.everything("$/progress")
    bridge.send({"jsonrpc": "2.0", "id": create["id"], "result": None})  # too late
    assert [] == bridge.everything("$/progress")


def test_p03_with_a_token_of_the_clients_nothing_is_created(start: Start) -> None:
    bridge = start(QUICK, greet=False)
    bridge.initialize(capabilities=CAN_SHOW)

    bridge.call("backups/create", {"workDoneToken": "mine"})

    assert ["$/progress"] == sorted({said["method"] for said in bridge.heard if "method" in said})


def test_p04_of_100_000_ticks_ten_a_second_and_the_last_exact(start: Start) -> None:
    bridge = start("offline:?size=100000&rate=50000&ticks=100000")

    asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("$/progress", token="t")
    began = time.monotonic()
    bridge.answer(asked)
    took = time.monotonic() - began

    reports = bridge.everything("$/progress", token="t", value={"kind": "report"})
    assert 3 <= len(reports) <= 10 * (took + 1)
    assert 100 == reports[-1]["value"]["percentage"]
    assert len(reports) == len({str(report) for report in reports})


def test_p05_a_token_that_is_live_is_refused(start: Start) -> None:
    bridge = start("offline:?hang_at=0.5")
    first = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("$/progress", token="t")

    error = bridge.refused("backups/create", {"workDoneToken": "t"})

    assert (-32602, ["workDoneToken"]) == (error["code"], [one["path"] for one in error["data"]["errors"]])
    assert 1 == len(bridge.call("jobs/list")["items"])
    bridge.notify("$/cancelRequest", {"id": first})
    assert -32800 == bridge.answer(first)["error"]["code"]
    again = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.until(lambda said: ["begin"] * 2 == [step for step in _steps(bridge, "t") if step == "begin"])
    bridge.notify("window/workDoneProgress/cancel", {"token": "t"})
    assert -32800 == bridge.answer(again)["error"]["code"]
    assert 2 == _steps(bridge, "t").count("end")


def test_a_token_is_free_again_after_a_start_that_was_refused(start: Start) -> None:
    bridge = start("offline:?backups=1")

    for _ in range(2):
        restore = {"backup": "nothing", "confirm": True, "workDoneToken": "t"}
        assert 1404 == bridge.refused("backup/restore", restore)["code"]
    assert [] == _steps(bridge, "t")


def test_a_failed_job_ends_its_progress_by_saying_why(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=10000&fail_at=0.5&fail=storageFull")

    asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    error = bridge.answer(asked)["error"]

    end = bridge.told("$/progress", value={"kind": "end"})["value"]
    assert (-32803, "jobFailed", "storageFull") == (
        error["code"],
        error["data"]["kind"],
        error["data"]["problem"],
    )
    assert (end["job"], 2) == (
        error["data"]["job"],
        len(bridge.call("jobs/get", {"job": end["job"]})["error"]),
    )
    assert "scenario" in end["message"]


def test_a_detached_jobs_progress_goes_on_after_the_answer(start: Start) -> None:
    bridge = start(SECOND)

    job = bridge.call("backups/create", {"workDoneToken": "t", "detach": True})["job"]
    end = bridge.told("$/progress", token="t", value={"kind": "end"})["value"]

    assert job["state"] in ("idle", "running")
    assert (job["id"], "Done.") == (end["job"], end["message"])
    assert "done" == bridge.call("jobs/get", {"job": job["id"]})["state"]


def test_a_detached_job_that_outlives_the_client_is_not_said_to_be_done(start: Start) -> None:
    bridge = start("offline:?hang_at=0.5")
    bridge.call("backups/create", {"workDoneToken": "t", "detach": True})

    bridge.leave()

    (end,) = bridge.everything("$/progress", value={"kind": "end"})
    assert "Done." != end["value"]["message"]
