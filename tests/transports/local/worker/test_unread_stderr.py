"""A worker inherits its parent's stderr. Where nobody reads that, its job goes on all the same."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.bridges import environment
from tests.support.databases import NEW, OLD, make_database
from tests.support.pipes import full_pipe

DEADLINE = 60.0

HOST = """
import reprieve
with reprieve.connect_blocking("notes.db") as library:
    print(library.create_backup().result().bytes)
"""


@pytest.mark.needs("posix")
def test_a_worker_that_has_to_warn_does_not_wait_for_a_reader(tmp_path: Path) -> None:
    expected = make_database(tmp_path / "notes.db", OLD, rows=3)
    assert f"{expected.stat().st_size}\n" == _host(tmp_path, subprocess.DEVNULL)
    record = min((tmp_path / "store" / "backups").iterdir())
    record.chmod(0o600)
    record.write_bytes(bytes(200))  # the worker warns of it
    expected.unlink()
    make_database(expected, NEW, rows=5)

    with full_pipe() as pipe:
        made = _host(tmp_path, pipe.writing)

    assert f"{expected.stat().st_size}\n" == made


def _host(folder: Path, stderr: int) -> str:
    return subprocess.run(
        [sys.executable, "-c", HOST],
        cwd=folder,
        env=environment(folder),
        stdout=subprocess.PIPE,
        stderr=stderr,
        text=True,
        timeout=DEADLINE,
        check=True,
    ).stdout
