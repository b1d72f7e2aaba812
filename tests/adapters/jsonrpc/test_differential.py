"""The same conversation through vscode-jsonrpc and through bytes, with the bridge and with a server of
vscode-jsonrpc's: whichever client, whichever server, the answers are the same."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.sdks.environments import VSCODE_JSONRPC_PEER
from tests.support.bridges import COMMAND, DEADLINE, INITIALIZE, bridging, environment

PROGRAMS = Path(__file__).parent / "programs"
NODE, _, MODULES = VSCODE_JSONRPC_PEER.command

DOCUMENT: dict[str, Any] = {
    "id": "notes",
    "text": 'Grüße, 世界, 🎉 \ud800 \u0000 \u2028 \\ " /',
    "error": {"code": -1, "message": "none"},
    "result": None,
    "jsonrpc": "1.0",
    "method": "exit",
    "numbers": [0, -1, 1.5, 1e300, 2**53],
    "deep": [[[[{"": [True, False, None, {}, []]}]]]],
    "long": "x" * 100_000,
}

STEPS: list[tuple[str, Any, bool]] = [
    ("initialize", INITIALIZE, False),
    ("backups/list", {}, False),
    ("backups/list", None, False),
    ("tests/nothing", {"x": 1}, False),
    ("$/nothing", None, False),
    ("backup/asset", {"asset": DOCUMENT}, False),
    ("assets/get", {"id": "notes"}, False),
    ("assets/get", {"id": "nothing"}, False),
    ("backups/create", {}, True),
    ("backups/create", None, True),
    *[("jobs/list", {"unsettled": True}, False)] * 20,
    ("shutdown", None, False),
]
"""What is asked, one after the other: method, params, and whether it is cancelled.

Not at once: a server of vscode-jsonrpc's loses the cancel of a request that it has not begun.
"""

SERVERS = {
    "bridge": (*COMMAND, "offline:?hang_at=0.5"),
    "vscode-jsonrpc": (NODE, str(PROGRAMS / "server.cjs"), MODULES),
}


def _through_vscode_jsonrpc(folder: Path, server: tuple[str, ...]) -> list[Any]:
    done = subprocess.run(
        [NODE, str(PROGRAMS / "client.cjs"), MODULES, json.dumps(STEPS), *server],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        timeout=DEADLINE,
        check=True,
    )
    answers: list[Any] = json.loads(done.stdout)
    return answers


def _through_bytes(folder: Path, server: tuple[str, ...]) -> list[Any]:
    answers: list[Any] = []
    with bridging(folder, command=server, greet=False) as there:
        for method, params, cancelled in STEPS:
            id = there.ask(method, params)
            if cancelled:
                there.call("jobs/list")
                there.notify("$/cancelRequest", {"id": id})
            answer = there.answer(id)
            answers.append(
                {"result": answer["result"]} if "result" in answer else {"error": answer["error"]["code"]}
            )
        there.notify("exit")
        return [*answers, there.ended()]


CLIENTS = {"vscode-jsonrpc": _through_vscode_jsonrpc, "bytes": _through_bytes}


def _alike(answers: list[Any]) -> list[Any]:
    """Without what only one of the servers can know."""
    for (method, _, _), answer in zip(STEPS, answers, strict=False):
        if method in ("initialize", "backup/asset"):
            answer["result"] = {
                name: answer["result"].get(name) for name in ("protocolVersion", "id", "version")
            }
    return answers


@pytest.mark.needs("vscode-jsonrpc")
def test_every_client_hears_the_same_from_every_server(tmp_path: Path) -> None:
    heard = {
        (client, server): _alike(talk(tmp_path, command))
        for client, talk in CLIENTS.items()
        for server, command in SERVERS.items()
    }

    expected = heard["bytes", "vscode-jsonrpc"]
    assert [-32601, -32601, 1404, -32800, -32800] == [one["error"] for one in expected[:-1] if "error" in one]
    assert [{"result": DOCUMENT}, {"result": None}, 0] == [expected[6], *expected[-2:]]
    for pair, answers in heard.items():
        assert expected == answers, pair
