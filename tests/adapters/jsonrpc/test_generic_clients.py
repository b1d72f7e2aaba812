"""Clients for language servers in general, with nothing of ours: they name no version of the protocol."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.sdks.environments import VSCODE_JSONRPC_PEER
from tests.support.bridges import DEADLINE, environment

PROGRAMS = Path(__file__).parent / "programs"
TARGET = "offline:?size=4000&rate=4000&speed=50"
NODE, _, MODULES = VSCODE_JSONRPC_PEER.command


@pytest.mark.needs("vscode-jsonrpc")
def test_a_client_of_vscode_jsonrpc_makes_a_backup(tmp_path: Path) -> None:
    said = subprocess.run(
        [NODE, str(PROGRAMS / "plain_client.cjs"), MODULES, sys.executable, TARGET],
        cwd=tmp_path,
        env=environment(tmp_path),
        stdout=subprocess.PIPE,
        timeout=DEADLINE,
        check=True,
    ).stdout

    assert ["1", 4000, 0] == json.loads(said)


@pytest.mark.needs("neovim")
def test_neovims_own_client_makes_a_backup(tmp_path: Path) -> None:
    words = json.dumps([sys.executable, TARGET, str(tmp_path / "said")])
    program = str(PROGRAMS / "plain_lsp.lua")
    quiet = ("--headless", "-u", "NONE", "-i", "NONE")

    subprocess.run(
        ["nvim", *quiet, "--cmd", f"let g:words = {words}", "-c", f"luafile {program}", "-c", "qa!"],
        cwd=tmp_path,
        env={**environment(tmp_path), "HOME": str(tmp_path)},
        timeout=DEADLINE,
        check=True,
    )

    assert 4000 == json.loads((tmp_path / "said").read_text("utf-8"))["bytes"]
