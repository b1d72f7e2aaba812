"""S01 to S03 of what a bridge must pass: every change of every job, once, in order; and a slow client."""

from __future__ import annotations

import time
from collections import defaultdict

import pytest

from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import Bridge, request

NEXT = {
    "": {"idle", "running", "done"},
    "idle": {"running", "done"},
    "running": {"cancelling", "done", "failed", "idle"},
    "cancelling": {"done", "failed"},
    "done": set(),
    "failed": set(),
}
"""From each state of a job those that may follow; the lifecycle has no others."""


def _only_legal(bridge: Bridge, **known: str) -> dict[str, list[str]]:
    """The states of each job as they were told. Asserts that they are legal, and in order, and told once.

    `known` is how jobs stood before, by their ids.
    """
    changes = bridge.everything("jobs/didChange")
    numbers = [change["seq"] for change in changes]
    assert sorted(set(numbers)) == numbers
    states = defaultdict(list, {job: [state] for job, state in known.items()})
    for change in changes:
        state, job = change["job"]["state"], change["job"]["id"]
        assert state in NEXT[states[job][-1] if states[job] else ""], (state, states[job])
        states[job].append(state)
    return states


def test_s01_a_snapshot_and_then_every_change(start: Start) -> None:
    bridge = start("offline:?hang_at=0.5")
    first = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("$/progress", token="t", value={"percentage": 50})

    said = bridge.call("jobs/subscribe")
    second = bridge.ask("backups/create")
    bridge.told("jobs/didChange", job={"state": "idle"})
    for asked in (first, second):
        bridge.notify("$/cancelRequest", {"id": asked})
        bridge.answer(asked)

    (running,) = said["snapshot"]
    assert ("running", True) == (running["state"], said["afresh"])
    states = _only_legal(bridge, **{running["id"]: "running"})
    assert ["running", "cancelling", "done"] == states.pop(running["id"])
    (others,) = states.values()
    assert ("idle", "done") == (others[0], others[-1])
    assert all(said["seq"] < change["seq"] for change in bridge.everything("jobs/didChange"))


def test_s01_without_a_subscription_nothing_comes(start: Start) -> None:
    bridge = start(QUICK)

    bridge.call("backups/create")
    bridge.call("jobs/subscribe")
    assert bridge.call("jobs/unsubscribe") is None
    bridge.call("backups/create")
    bridge.call("jobs/unsubscribe")

    assert [] == bridge.everything("jobs/didChange")


def test_s01_of_jobs_one_after_the_other_none_is_missing(start: Start) -> None:
    bridge = start(QUICK)
    bridge.call("jobs/subscribe")

    asked = [bridge.ask("backups/create") for _ in range(20)]
    for id in asked:
        bridge.answer(id)

    states = _only_legal(bridge)
    assert 20 == len(states)
    assert {("idle", "running", "done")} == {tuple(state) for state in states.values()}


def test_s01_subscribing_again_and_again_tells_nothing_twice(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=1000")
    asked = bridge.ask("backups/create")

    bridge.send(*(request(f"s{n}", "jobs/subscribe") for n in range(20)))
    bridge.answer(asked)
    bridge.call("backups/create")

    states = _only_legal(bridge)
    assert {"done"} == {told[-1] for told in states.values()}
    assert 0 == bridge.leave()
    assert "Task was destroyed" not in bridge.log()


def test_s02_since_replays_what_was_missed(start: Start) -> None:
    bridge = start(QUICK)
    began = bridge.call("jobs/subscribe")["seq"]
    bridge.call("backups/create")
    bridge.call("backups/create")
    all_told = bridge.everything("jobs/didChange")

    for heard in (0, 2, len(all_told)):
        since = all_told[heard - 1]["seq"] if heard else began
        bridge.heard.clear()
        said = bridge.call("jobs/subscribe", {"since": since})
        if heard < len(all_told):
            bridge.told("jobs/didChange", seq=all_told[-1]["seq"])
        assert (False, [], since) == (said["afresh"], said["snapshot"], said["seq"])
        assert all_told[heard:] == bridge.everything("jobs/didChange")


@pytest.mark.parametrize("since", [10**6, 2**70])
def test_s02_a_change_that_never_was_begins_afresh(start: Start, since: int) -> None:
    bridge = start("offline:?hang_at=0.5")
    asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("$/progress", token="t", value={"percentage": 50})

    said = bridge.call("jobs/subscribe", {"since": since})

    assert (True, ["running"]) == (said["afresh"], [job["state"] for job in said["snapshot"]])
    assert 0 < said["seq"] < since
    bridge.notify("$/cancelRequest", {"id": asked})
    bridge.told("jobs/didChange", job={"state": "done"})
    assert {"cancelling", "done"} == {
        change["job"]["state"] for change in bridge.everything("jobs/didChange")
    }


@pytest.mark.needs("linux")
def test_s03_a_flood_that_nobody_reads(start: Start) -> None:
    bridge = start("offline:?size=1000&rate=1000&ticks=2000&backups=100")
    bridge.call("backups/list")
    before = bridge.memory()
    bridge.stop_reading()

    bridge.send(request("job", "backups/create", {"workDoneToken": "t"}))
    for n in range(300):
        bridge.send(request(n, "backups/list"))  # 8 MB of answers
    bridge.wait_until_stuck()
    held = bridge.memory() - before
    bridge.read_on()

    assert 100 == len(bridge.answer(299)["result"]["items"])
    assert "result" in bridge.answer("job")
    assert {1} == {len(bridge.answers(n)) for n in range(300)}
    assert held < 64 * 2**20


@pytest.mark.needs("linux")
@pytest.mark.parametrize("seconds", [2.0, pytest.param(10.0, marks=pytest.mark.soak)])
def test_s03_64_jobs_report_while_nobody_reads(start: Start, seconds: float) -> None:
    bridge = start("offline:?size=1000&rate=20000&ticks=50")
    bridge.call("jobs/subscribe")
    before = bridge.memory()
    asked = [bridge.ask("backups/create", {"workDoneToken": n}) for n in range(64)]
    bridge.told("$/progress", token=63)

    bridge.stop_reading()
    end = time.monotonic() + seconds
    most = 0
    while time.monotonic() < end:
        most = max(most, bridge.memory())
        time.sleep(0.05)
    bridge.read_on()
    for id in asked:
        assert 1000 == bridge.answer(id)["result"]["bytes"]

    assert most - before < 16 * 2**20
    states = _only_legal(bridge)
    assert {("idle", "running", "done")} == {tuple(told) for told in states.values()}
    assert 64 == len(states)
    for n in range(64):
        steps = [told["value"]["kind"] for told in bridge.everything("$/progress", token=n)]
        assert ("begin", 1, "end", 1) == (steps[0], steps.count("begin"), steps[-1], steps.count("end"))
        percentages = [
            told["value"]["percentage"]
            for told in bridge.everything("$/progress", token=n, value={"kind": "report"})
        ]
        assert (sorted(percentages), 100) == (percentages, percentages[-1])
