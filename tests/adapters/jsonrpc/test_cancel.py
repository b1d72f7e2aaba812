"""C01 to C06 of what a bridge must pass: a cancel by every way, in order, once, and never in vain."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import Bridge, Said, notification, request, tells

HANGS = "offline:?hang_at=0.5&backups=1"
CANCELLED = ["cancelling", "done cancelled", "end", -32800]

Cancel = Callable[[Bridge, int, Said], Said | None]


def _by_request(bridge: Bridge, asked: int, job: Said) -> None:
    bridge.notify("$/cancelRequest", {"id": asked})


def _by_token(bridge: Bridge, asked: int, job: Said) -> None:
    bridge.notify("window/workDoneProgress/cancel", {"token": "t"})


def _by_job(bridge: Bridge, asked: int, job: Said) -> Said:
    accepted: Said = bridge.call("jobs/cancel", {"job": job["id"]})
    return accepted


def _by_backup(bridge: Bridge, asked: int, job: Said) -> Said:
    accepted: Said = bridge.call(f"backup/{job['kind']}Cancel", {"backup": job["backup"]})
    return accepted


BY: tuple[Cancel, ...] = (_by_request, _by_token, _by_job, _by_backup)


def _in_the_middle(bridge: Bridge, kind: str = "creation") -> tuple[int, Said]:
    """A job that stands still in the middle: the request that asked for it, and the job."""
    bridge.call("jobs/subscribe")
    if kind == "creation":
        asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    else:
        backup = bridge.call("backups/list")["items"][0]["id"]
        asked = bridge.ask("backup/restore", {"backup": backup, "confirm": True, "workDoneToken": "t"})
    told = bridge.told("$/progress", token="t", value={"kind": "report", "percentage": 50})
    return asked, bridge.call("jobs/get", {"job": told["value"]["job"]})


def _in_short(said: Any) -> object:
    if tells(said, "jobs/didChange"):
        job = said["params"]["job"]
        return f"{job['state']} {job.get('outcome', '')}".strip()
    if tells(said, "$/progress"):
        return said["params"]["value"]["kind"]
    return said["error"]["code"] if "error" in said else "result"


@pytest.mark.parametrize("kind", ["creation", "restoration"])
@pytest.mark.parametrize("cancel", BY)
def test_c01_the_order_of_a_cancel(start: Start, cancel: Cancel, kind: str) -> None:
    bridge = start(HANGS)
    asked, job = _in_the_middle(bridge, kind)
    before = len(bridge.heard)

    accepted = cancel(bridge, asked, job)
    answer = bridge.answer(asked)

    order = [_in_short(said) for said in bridge.heard[before:]]
    assert CANCELLED == [step for step in order if step not in ("report", "result")]
    assert {"kind": "cancelled", "job": job["id"]} == answer["error"]["data"]
    if accepted is not None:
        assert (True, "done", "cancelled") == (
            accepted["accepted"],
            accepted["job"]["state"],
            accepted["job"]["outcome"],
        )
        assert order.index("done cancelled") < order.index("result")


@pytest.mark.parametrize("kind", ["creation", "restoration"])
def test_c01_of_a_cancel_that_takes_its_time(start: Start, kind: str) -> None:
    bridge = start(f"{HANGS}&cancel_delay=0.5")
    asked, _ = _in_the_middle(bridge, kind)

    bridge.notify("$/cancelRequest", {"id": asked})
    bridge.told("jobs/didChange", job={"state": "cancelling"})
    assert "cancelling" == bridge.told("$/progress", value={"message": "cancelling"})["value"]["message"]
    bridge.answer(asked)

    order = [_in_short(said) for said in bridge.heard]
    assert CANCELLED == [step for step in order if step in CANCELLED]


@pytest.mark.parametrize("method", ["backups/create", "backups/list", "jobs/cancel", "tests/nothing"])
def test_c02_a_request_and_its_cancel_in_one_write(start: Start, method: str) -> None:
    bridge = start(HANGS)
    params = {"job": "x"} if method == "jobs/cancel" else {}

    for n in range(20):
        bridge.send(request(n, method, params), notification("$/cancelRequest", {"id": n}))
    bridge.call("jobs/list")

    for n in range(20):
        answer = bridge.answer(n)
        assert [answer] == bridge.answers(n)
        assert (-32601 if method == "tests/nothing" else -32800) == answer["error"]["code"]
    assert [] == [job for job in bridge.call("jobs/list")["items"] if job["state"] != "done"]


def test_c02_the_cancel_comes_first(start: Start) -> None:
    bridge = start(QUICK)

    bridge.send(notification("$/cancelRequest", {"id": 1}), request(1, "backups/create"))

    assert 1000 == bridge.answer(1)["result"]["bytes"]


SILENT = {
    "an unknown id": ("$/cancelRequest", {"id": "nothing"}),
    "an unknown number": ("$/cancelRequest", {"id": 10**20}),
    "no params": ("$/cancelRequest", None),
    "empty params": ("$/cancelRequest", {}),
    "null as the id": ("$/cancelRequest", {"id": None}),
    "an object as the id": ("$/cancelRequest", {"id": {}}),
    "params by position": ("$/cancelRequest", [1]),
    "an unknown token": ("window/workDoneProgress/cancel", {"token": "nothing"}),
    "no token": ("window/workDoneProgress/cancel", {}),
    "an array as the token": ("window/workDoneProgress/cancel", {"token": []}),
}


@pytest.mark.parametrize(("method", "params"), SILENT.values(), ids=SILENT.keys())
def test_c03_a_cancel_of_nothing_is_silence(bridge: Bridge, method: str, params: object) -> None:
    assert [] == bridge.meanwhile(notification(method, params))


def test_c03_a_cancel_that_comes_too_late_is_silence(bridge: Bridge) -> None:
    bridge.call("backups/create", {"workDoneToken": "late"})
    id = bridge.ask("backups/list")
    bridge.answer(id)

    late = notification("$/cancelRequest", {"id": id})
    assert [] == bridge.meanwhile(late, notification("window/workDoneProgress/cancel", {"token": "late"}))


@pytest.mark.parametrize("again", BY)
@pytest.mark.parametrize("cancel", BY)
def test_c04_twice_is_as_good_as_once(bridge_that_hangs: Bridge, cancel: Cancel, again: Cancel) -> None:
    bridge = bridge_that_hangs
    bridge.heard.clear()
    asked, job = _in_the_middle(bridge)

    cancel(bridge, asked, job)
    accepted = again(bridge, asked, job)
    answer = bridge.answer(asked)
    bridge.call("jobs/list")

    assert [answer] == bridge.answers(asked)
    assert -32800 == answer["error"]["code"]
    assert accepted is None or accepted["accepted"]
    states = [said["job"]["state"] for said in bridge.everything("jobs/didChange")]
    assert ["cancelling", "done"] == states[-2:]
    assert 2 == len([state for state in states if state in ("cancelling", "done")])


@pytest.fixture(scope="module")
def bridge_that_hangs(tmp_path_factory: pytest.TempPathFactory) -> Any:
    from tests.support.bridges import bridging

    with bridging(tmp_path_factory.mktemp("hangs"), HANGS) as shared:
        yield shared


def test_c04_many_at_once(start: Start) -> None:
    bridge = start(f"{HANGS}&cancel_delay=0.2")
    asked, job = _in_the_middle(bridge)

    cancels = [bridge.ask("jobs/cancel", {"job": job["id"]}) for _ in range(10)]
    bridge.notify("$/cancelRequest", {"id": asked})

    assert [True] * 10 == [bridge.answer(id)["result"]["accepted"] for id in cancels]
    assert ["cancelling", "done"] == [
        said["job"]["state"]
        for said in bridge.everything("jobs/didChange")
        if said["job"]["state"] != "running"
    ][-2:]


@pytest.mark.parametrize("cancel", BY)
def test_c05_past_the_point_of_no_return(start: Start, cancel: Cancel) -> None:
    bridge = start("offline:?size=1000&rate=1000&backups=1&complete_despite_cancel=true&ticks=2")
    asked, job = _in_the_middle(bridge, "restoration")

    accepted = cancel(bridge, asked, job)
    answer = bridge.answer(asked)

    assert job["backup"] == answer["result"]["id"]
    assert ["running", "cancelling", "done"] == [
        said["job"]["state"] for said in bridge.everything("jobs/didChange") if said["job"]["state"] != "idle"
    ]
    if accepted is not None:
        assert (False, "completed") == (accepted["accepted"], accepted["job"]["outcome"])


def test_c05_of_a_job_that_completed_long_ago(start: Start) -> None:
    bridge = start(QUICK)
    bridge.call("backups/create")
    (job,) = bridge.call("jobs/list")["items"]

    for method, params in (
        ("jobs/cancel", {"job": job["id"]}),
        ("backup/creationCancel", {"backup": job["backup"]}),
    ):
        assert {"accepted": False, "job": job} == bridge.call(method, params)


def test_a_cancel_of_a_failed_job_is_a_conflict(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=10000&fail_at=0.5&fail=storageFull")
    bridge.refused("backups/create")
    (job,) = bridge.call("jobs/list")["items"]

    error = bridge.refused("jobs/cancel", {"job": job["id"]})

    assert (1409, "failed", job["id"]) == (error["code"], error["data"]["state"], error["data"]["job"])


def test_a_cancel_that_is_refused_is_said_to_be(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=500&refuse_cancel=storage&ticks=10")
    bridge.call("jobs/subscribe")
    asked = bridge.ask("backups/create")
    job = bridge.told("jobs/didChange", job={"state": "running"})["job"]["id"]

    cancel = bridge.answer(bridge.ask("jobs/cancel", {"job": job}))
    answer = bridge.answer(asked)

    assert "result" in answer or "error" in answer
    assert cancel["result"]["job"]["state"] in ("done", "failed")


def test_c06_of_64_jobs_one_is_cancelled_and_answered_before_any_other(start: Start) -> None:
    bridge = start(HANGS)
    bridge.call("jobs/subscribe")
    asked = [bridge.ask("backups/create", {"workDoneToken": n}) for n in range(64)]
    bridge.told("$/progress", token=63)

    for nth in (40, 0, 63):
        bridge.notify("$/cancelRequest", {"id": asked[nth]})
        assert -32800 == bridge.answer(asked[nth])["error"]["code"]

    answered = [id for id in asked if bridge.answers(id)]
    assert [asked[0], asked[40], asked[63]] == answered
    assert 61 == len(bridge.call("jobs/list", {"unsettled": True})["items"])
    assert 0 == bridge.leave()
    assert {-32800} == {bridge.answer(id)["error"]["code"] for id in asked}


def test_a_cancelled_request_that_starts_no_job_is_given_up(start: Start) -> None:
    bridge = start("offline:?latency=3600&speed=3600&backups=1", greet=True)
    asked = bridge.ask("backups/list")

    bridge.notify("$/cancelRequest", {"id": asked})

    answer = bridge.answer(asked)
    assert "result" in answer or -32800 == answer["error"]["code"]
    assert [answer] == bridge.answers(asked)
