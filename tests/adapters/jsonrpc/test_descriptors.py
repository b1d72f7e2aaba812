"""Descriptors as a careless parent leaves them: closed, unread, or made non-blocking by who shares them."""

from __future__ import annotations

import sys

import pytest

from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import COMMAND, INITIALIZE, Bridge

UNOPENED = "https://"
"""A target that cannot be opened."""

UNREAD = "r, w = os.pipe(); os.close(r); os.dup2(w, 2)"


def _after(first: str) -> tuple[str, ...]:
    """The command of a bridge whose parent did this first."""
    return (sys.executable, "-c", f"import os, sys; {first}; os.execv(sys.argv[1], sys.argv[1:])", *COMMAND)


@pytest.mark.parametrize("stderr", ["os.close(2)", UNREAD], ids=["closed", "unread"])
def test_a_bridge_that_cannot_say_why_ends_as_one_that_can(start: Start, stderr: str) -> None:
    bridge = start(UNOPENED, command=_after(stderr))

    assert 4 == bridge.ended()
    assert "no address" in bridge.told("window/logMessage")["message"]


def test_a_closed_stdin_is_one_that_has_ended(start: Start) -> None:
    assert 0 == start(QUICK, command=_after("os.close(0)"), greet=False).ended()


def test_a_closed_stdout_is_one_that_nobody_reads(start: Start) -> None:
    bridge = start(QUICK, command=_after("os.close(1)"), greet=False)
    bridge.close()

    assert (0, "") == (bridge.ended(), bridge.log())


def test_a_stdin_that_does_not_block_is_waited_for(start: Start) -> None:
    bridge = start(QUICK, command=_after("os.set_blocking(0, False)"), greet=False)

    bridge.call("rpc.discover")  # once it is answered, the bridge waits for more, and nothing is there
    bridge.call("rpc.discover")
    bridge.initialize()

    assert [] == bridge.call("backups/list")["items"]
    assert 0 == bridge.leave()


def test_a_stdout_that_does_not_block_loses_nothing(start: Start) -> None:
    bridge = start(QUICK, command=_after("os.set_blocking(1, False)"))

    bridge.stop_reading()
    asked = [bridge.ask("rpc.discover") for _ in range(20)]
    bridge.read_on()

    assert all("result" in bridge.answer(id) for id in asked)
    assert 0 == bridge.leave()


@pytest.mark.parametrize("number", [0, -1, 2**31, 10**30])
@pytest.mark.parametrize("words", [(QUICK,), ()], ids=["plain", "without a target"])
def test_a_number_that_no_process_has_is_refused(start: Start, words: tuple[str, ...], number: int) -> None:
    bridge: Bridge = start(*words, greet=False)

    options = {"initializationOptions": {"target": QUICK}}
    error = bridge.refused("initialize", {**INITIALIZE, **options, "processId": number})

    assert (-32602, "processId") == (error["code"], error["data"]["errors"][0]["path"])
