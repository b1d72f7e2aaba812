"""L01 to L09 of what a bridge must pass: how a conversation begins, and every way in which it ends.

The times are five times the goals. What a running job leaves behind when it ends so is test_database.py's.
"""

from __future__ import annotations

import json
import os
import select
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import tests.support.parent as parent
from reprieve.adapters.jsonrpc.welcome import PROTOCOLS
from reprieve.core import VERSION
from tests.adapters.jsonrpc.conftest import QUICK, Start
from tests.support.bridges import DEADLINE, INITIALIZE, Bridge, environment, framed, request, spawned

SOON = 10.0
"""Five times the two seconds in which a bridge should end."""

HANGS = "offline:?hang_at=0.5"


def test_it_says_who_it_is_and_what_it_takes(start: Start) -> None:
    said = start(QUICK, greet=False).initialize()

    assert ("1", {"name": "reprieve", "version": VERSION}) == (said["protocolVersion"], said["serverInfo"])
    assert {"experimental": {"reprieve": {"target": QUICK}}} == said["capabilities"]
    assert {"headerBytes": 8192, "bodyBytes": 2**26, "requestsInFlight": 4096} == said["limits"]


def test_l01_before_initialize_nothing_is_answered_but_what_it_is(start: Start) -> None:
    bridge = start(QUICK, greet=False)

    for method in ("backups/list", "nothing", "shutdown"):
        error = bridge.refused(method)
        assert (-32002, "notInitialized") == (error["code"], error["data"]["kind"])
    assert "1.3.2" == bridge.call("rpc.discover")["openrpc"]
    assert "1" == bridge.initialize()["protocolVersion"]


def test_l02_a_second_initialize_is_refused(start: Start) -> None:
    bridge = start(QUICK)

    assert -32600 == bridge.refused("initialize", INITIALIZE)["code"]
    assert {"items": []} == bridge.call("backups/list")


@pytest.mark.parametrize("versions", [["2"], [], ["0.1", "10"], ["1x"]], ids=str)
def test_l03_no_common_version(start: Start, versions: list[str]) -> None:
    bridge = start(QUICK, greet=False)

    error = bridge.refused("initialize", {**INITIALIZE, "protocolVersions": versions})

    assert (-32602, ["1"]) == (error["code"], error["data"]["protocolVersions"])
    assert "1" == bridge.initialize()["protocolVersion"]


@pytest.mark.parametrize("versions", [["1"], ["2", "1.4"], ["1.0.0"]], ids=str)
def test_l03_only_majors_are_compared(start: Start, versions: list[str]) -> None:
    bridge = start(QUICK, greet=False)

    assert "1" == bridge.initialize(protocolVersions=versions)["protocolVersion"]


@pytest.mark.parametrize("target", [(QUICK,), ()], ids=["greeted ahead", "target named by the client"])
@pytest.mark.parametrize("member", [{}, {"protocolVersions": None}], ids=["missing", "null"])
def test_l03_a_client_that_names_no_version_is_served_the_newest(
    start: Start, target: tuple[str, ...], member: dict[str, None]
) -> None:
    bridge = start(*target, greet=False)
    options = {} if target else {"initializationOptions": {"target": QUICK}}

    said = bridge.call("initialize", {"processId": None, "capabilities": {}, **options, **member})

    assert PROTOCOLS[0] == said["protocolVersion"]
    assert {"items": []} == bridge.call("backups/list")


@pytest.mark.parametrize(
    ("members", "path"),
    [
        ({"processId": "1"}, "processId"),
        ({"processId": -1}, "processId"),
        ({"processId": 0}, "processId"),
        ({"processId": 10**20}, "processId"),
        ({"protocolVersions": "1"}, "protocolVersions"),
        ({"protocolVersions": [1]}, "protocolVersions[0]"),
        ({"capabilities": []}, "capabilities"),
        ({"initializationOptions": {"target": 5}}, "initializationOptions.target"),
        ({"initializationOptions": {"target": ""}}, "initializationOptions.target"),
        ({"initializationOptions": {}}, "initializationOptions.target"),
    ],
    ids=str,
)
def test_b12_what_is_wrong_in_initialize(start: Start, members: dict[str, object], path: str) -> None:
    bridge = start(greet=False)
    options = {"initializationOptions": {"target": QUICK}}

    error = bridge.refused("initialize", {**INITIALIZE, **options, **members})

    assert (-32602, [path]) == (error["code"], [wrong["path"] for wrong in error["data"]["errors"]])
    assert "1" == bridge.initialize(**options)["protocolVersion"]
    assert {"items": []} == bridge.call("backups/list")


def test_what_an_lsp_client_says_besides_is_its_own_matter(start: Start) -> None:
    bridge = start(QUICK, greet=False)

    more: dict[str, Any] = {"rootUri": None, "workspaceFolders": [], "trace": "off", "locale": "de"}

    assert "1" == bridge.initialize(**more, capabilities={"window": {"showDocument": {}}})["protocolVersion"]


def test_the_command_lines_target_wins(start: Start) -> None:
    bridge = start("offline:?database=mine&backups=2", greet=False)

    said = bridge.initialize(initializationOptions={"target": "offline:?database=yours"})

    assert "offline:?database=mine&backups=2" == said["capabilities"]["experimental"]["reprieve"]["target"]
    assert ["mine", "mine"] == [backup["database"] for backup in bridge.call("backups/list")["items"]]


def test_l04_after_shutdown_only_exit_is_left(start: Start) -> None:
    bridge = start(QUICK)

    assert bridge.call("shutdown") is None

    for method in ("backups/list", "shutdown", "initialize", "rpc.discover", "nothing"):
        assert -32600 == bridge.refused(method)["code"]
    bridge.notify("exit")
    assert 0 == bridge.ended(SOON)


def test_l05_exit_after_shutdown_is_0(start: Start) -> None:
    bridge = start(QUICK)

    bridge.send(request(1, "shutdown"), {"jsonrpc": "2.0", "method": "exit"})

    assert 0 == bridge.ended(SOON)
    assert bridge.answer(1)["result"] is None


@pytest.mark.parametrize("greet", [True, False], ids=["greeted", "not greeted"])
def test_l05_exit_without_shutdown_is_1(start: Start, greet: bool) -> None:
    bridge = start(QUICK, greet=greet)

    bridge.notify("exit")

    assert 1 == bridge.ended(SOON)


def test_l05_the_whole_conversation_in_one_write(start: Start) -> None:
    bridge = start(QUICK, greet=False)

    bridge.send(
        request(1, "initialize", INITIALIZE),
        request(2, "backups/create"),
        request(3, "shutdown"),
        request(4, "backups/list"),
        {"jsonrpc": "2.0", "method": "exit"},
        request(5, "backups/list"),
    )

    assert 0 == bridge.ended(SOON)
    assert "result" in bridge.answer(1)
    assert -32800 == bridge.answer(2)["error"]["code"]
    assert bridge.answer(3)["result"] is None
    assert -32600 == bridge.answer(4)["error"]["code"]
    assert [] == bridge.answers(5)


def test_l05_exit_with_a_job_running_cancels_it(start: Start) -> None:
    bridge = start(HANGS)
    bridge.call("jobs/subscribe")
    asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("jobs/didChange", job={"state": "running"})

    assert bridge.call("shutdown") is None
    bridge.notify("exit")

    assert 0 == bridge.ended(SOON)
    assert -32800 == bridge.answer(asked)["error"]["code"]
    assert "cancelled" == bridge.everything("jobs/didChange")[-1]["job"]["outcome"]
    assert "end" == bridge.everything("$/progress")[-1]["value"]["kind"]


@pytest.mark.parametrize("greet", [True, False], ids=["greeted", "not greeted"])
def test_l06_the_end_of_stdin(start: Start, greet: bool) -> None:
    bridge = start(QUICK, greet=greet)

    bridge.close()

    assert 0 == bridge.ended(SOON)


def test_l06_the_end_of_stdin_with_a_job_running(start: Start) -> None:
    bridge = start(HANGS)
    asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("$/progress", token="t", value={"kind": "report"})

    bridge.close()

    assert 0 == bridge.ended(SOON)
    assert -32800 == bridge.answer(asked)["error"]["code"]


@pytest.mark.needs("linux")
def test_l06_the_end_of_stdin_while_nothing_is_read(start: Start) -> None:
    """What waits to be read must not keep the bridge from hearing the end."""
    bridge = start("offline:?backups=1000")
    bridge.stop_reading()

    bridge.send(*(request(n, "backups/list") for n in range(40)))  # 10 MB of answers
    bridge.wait_until_stuck()
    bridge.ask("jobs/list")
    bridge.close()

    assert 0 == bridge.ended(SOON)


@pytest.mark.parametrize("target", [QUICK, HANGS], ids=["idle", "job"])
def test_l07_nobody_reads(tmp_path: Path, target: str) -> None:
    process = spawned(tmp_path, target)
    assert process.stdin and process.stdout
    process.stdin.write(framed(request(1, "initialize", INITIALIZE)) + framed(request(2, "backups/create")))
    process.stdin.flush()
    assert process.stdout.readline()

    process.stdout.close()
    code = process.wait(SOON)
    process.stdin.close()

    assert 0 == code


@pytest.mark.needs("linux")
@pytest.mark.parametrize("target", [QUICK, HANGS], ids=["idle", "job"])
def test_l08_the_client_is_killed_while_a_sibling_holds_the_pipes(tmp_path: Path, target: str) -> None:
    command = [sys.executable, parent.__file__, target]
    client = subprocess.Popen(
        command, env=environment(tmp_path), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert client.stdout and client.stdin
    bridge, sibling = (os.pidfd_open(pid) for pid in json.loads(client.stdout.readline()))

    client.kill()
    client.wait(DEADLINE)
    ended, _, _ = select.select([bridge], [], [], 5 * SOON)
    still, _, _ = select.select([sibling], [], [], 0)
    for stream in (client.stdin, client.stdout):
        stream.close()
    signal.pidfd_send_signal(sibling, signal.SIGKILL)
    for process in (bridge, sibling):
        os.close(process)

    assert ([bridge], []) == (ended, still)


@pytest.mark.parametrize("target", [(QUICK,), ()], ids=["greeted ahead", "target named by the client"])
def test_l08_a_client_whose_process_cannot_be_seen_is_served_and_warned(
    start: Start, target: tuple[str, ...]
) -> None:
    """Its number is one of another container, say."""
    bridge = start(*target, greet=False)
    options = {} if target else {"initializationOptions": {"target": QUICK}}

    bridge.initialize(processId=2**31 - 1, **options)
    warned = bridge.told("window/logMessage", type=2)["message"]
    made = bridge.call("backups/create")

    assert [made["id"]] == [backup["id"] for backup in bridge.call("backups/list")["items"]]
    assert "process 2147483647 cannot be seen from here" in warned
    assert warned in bridge.log()
    bridge.close()
    assert 0 == bridge.ended(SOON)


def test_l08_the_end_of_the_clients_process_is_told(start: Start) -> None:
    """Whoever still reads is told why the bridge goes: the number may be somebody else's here."""
    with subprocess.Popen([sys.executable, "-c", parent.HOLDER], stdin=subprocess.PIPE) as client:
        bridge = start(QUICK, greet=False)
        bridge.initialize(processId=client.pid)
        bridge.call("backups/list")

    assert 0 == bridge.ended(5 * SOON)
    told = bridge.told("window/logMessage", type=2)["message"]
    assert f"The client's process {client.pid} has ended, and so the bridge ends." == told
    assert told in bridge.log()


@pytest.mark.needs("posix")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_l09_told_to_end_with_a_job_running(start: Start, number: signal.Signals) -> None:
    bridge = start(HANGS)
    asked = bridge.ask("backups/create", {"workDoneToken": "t"})
    bridge.told("$/progress", token="t", value={"kind": "report"})

    bridge.process.send_signal(number)

    assert 0 == bridge.ended(SOON)
    assert -32800 == bridge.answer(asked)["error"]["code"]
    assert "Traceback" not in bridge.log()


@pytest.mark.needs("posix")
def test_l09_told_to_end_before_it_was_greeted(start: Start) -> None:
    bridge = start(QUICK, greet=False)
    bridge.refused("nothing")

    bridge.process.terminate()

    assert 0 == bridge.ended(SOON)


def test_2_is_usage(tmp_path: Path) -> None:
    command = (sys.executable, "-m", "reprieve", "bridge")
    for words in ((), ("--stdio", "--socket", "x"), ("--nothing",)):
        process = spawned(tmp_path, *words, command=command)
        assert (2, b"") == (process.wait(DEADLINE), process.communicate()[0])


CANNOT_BE_OPENED = {
    "no such scheme": "nothing:x",
    "a scenario that makes no sense": "offline:?nothing=1",
    "no database": "nothing.db",
    "a folder": ".",
    "no name for a file": "a\x00b",
    "half a character": "\ud800",
}


@pytest.mark.parametrize("target", CANNOT_BE_OPENED.values(), ids=CANNOT_BE_OPENED.keys())
def test_4_is_a_target_that_cannot_be_opened(start: Start, target: str) -> None:
    bridge = start(greet=False)

    bridge.send(request(1, "initialize", {**INITIALIZE, "initializationOptions": {"target": target}}))
    bridge.send(request(2, "backups/list"), request(3, "backups/create"))

    _cannot_open(bridge)
    assert ["result"] == [name for name in ("result", "error") if name in bridge.answer(1)]


def _cannot_open(bridge: Bridge) -> None:
    assert 4 == bridge.ended()
    said = bridge.told("window/logMessage")
    assert 1 == said["type"]
    assert [f"reprieve: {said['message']}"] == bridge.log().splitlines()
    others = [one for one in bridge.heard if "error" in one]
    assert all(said["message"] == one["error"]["message"] for one in others), others
