"""The demo, on a small library: everything that it claims comes true, and nothing of it is left."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reprieve.adapters.cli.demo.calling import called_by


def test_the_demo_comes_true_and_leaves_nothing(tmp_path: Path) -> None:
    ran = subprocess.run(
        [sys.executable, "-P", "-m", "reprieve.adapters.cli.demo", "--size-mib", "8"],
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
    )

    assert 0 == ran.returncode, ran.stdout + ran.stderr
    assert "All of it as promised" in ran.stdout
    assert "NOT TRUE" not in ran.stdout
    assert [] == list(tmp_path.iterdir())


def test_what_to_try_next_can_be_called(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In a checkout `make demo` installs into .venv, which is not on the PATH."""
    scripts = tmp_path / ".venv" / "bin"
    scripts.mkdir(parents=True)
    script = scripts / ("reprieve.exe" if sys.platform == "win32" else "reprieve")
    script.touch(0o755)
    monkeypatch.setattr(sys, "executable", str(scripts / "python"))

    monkeypatch.setenv("PATH", str(tmp_path))
    assert os.path.join(".venv", "bin", script.name) == called_by(tmp_path)
    assert str(script) == called_by(None)

    monkeypatch.setenv("PATH", str(scripts))
    assert "reprieve" == called_by(tmp_path)
