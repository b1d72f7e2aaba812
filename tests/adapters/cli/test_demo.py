"""The demo, on a small library: everything that it claims comes true, and nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path


def test_the_demo_comes_true_and_leaves_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-m", "reprieve.adapters.cli.demo", "--size-mib", "8"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "All of it as promised" in ran.stdout
    assert "NOT TRUE" not in ran.stdout
    assert [] == list(tmp_path.iterdir())
