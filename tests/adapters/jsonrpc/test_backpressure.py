"""Who asks much and reads nothing is answered no more; a cancel and a signal are heard all the same."""

from __future__ import annotations

import os
import signal

import pytest

from tests.adapters.jsonrpc.conftest import Start
from tests.support.bridges import request

BACKUPS = 1000
MANY = 1500
"""Requests whose answers are some 250 kB each: to answer all takes a bridge much longer than DEADLINE."""

DEADLINE = 10.0


@pytest.mark.needs("posix")
def test_answers_that_nobody_reads_do_not_keep_a_bridge_from_ending(start: Start) -> None:
    bridge = start(f"offline:?backups={BACKUPS}")
    bridge.stop_reading()
    bridge.send(*(request(number, "backups/list") for number in range(MANY)))
    bridge.wait_until_stuck()

    os.kill(bridge.process.pid, signal.SIGTERM)

    assert 0 == bridge.process.wait(DEADLINE)


def test_answers_that_wait_do_not_keep_a_job_from_being_cancelled(start: Start) -> None:
    bridge = start(f"offline:?backups={BACKUPS}&hang_at=0.5")
    lists = range(100, 140)
    bridge.send(
        request(1, "backups/create"),
        *(request(number, "backups/list") for number in lists),
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": 1}},
    )

    assert -32800 == bridge.answer(1)["error"]["code"]
    assert {BACKUPS} == {len(bridge.answer(number)["result"]["items"]) for number in lists}
