"""Half a minute of the fuzzer; `make fuzz SECONDS=…` runs it for longer."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.adapters.jsonrpc.conftest import ROOT

SECONDS = 30


@pytest.mark.needs("fuzzer")
def test_whatever_comes_it_is_read_and_answered_once(tmp_path: Path) -> None:
    fuzzer = [sys.executable, "-m", "tests.adapters.jsonrpc.fuzz", f"-max_total_time={SECONDS}"]

    done = subprocess.run(
        [*fuzzer, f"-artifact_prefix={tmp_path}/"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=10 * SECONDS,
    )

    assert 0 == done.returncode, done.stderr[-5000:]
    assert "DONE" in done.stderr
