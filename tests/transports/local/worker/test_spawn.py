"""A worker's process that was started before anybody knew what for: used first, and never left behind."""

from __future__ import annotations

import subprocess
import sys

from reprieve.transports.local.worker.channel import ORPHANED
from reprieve.transports.local.worker.spawn import spawn, spawn_ahead
from tests.faults.people import is_gone, until

NOBODY_NEEDS_IT = """
import os
from reprieve.transports.local.worker import spawn
spawn.spawn_ahead()
print(spawn.spawn().pid, flush=True)
os._exit(0)
"""


def test_one_that_was_started_ahead_is_used_once() -> None:
    spawn_ahead()
    ahead, new = spawn(), spawn()

    for process in (ahead, new):
        with process:
            assert process.stdin
            process.stdin.close()

    assert ahead.pid != new.pid
    assert [ORPHANED, ORPHANED] == [ahead.returncode, new.returncode]


def test_one_that_nobody_needs_ends_with_its_parent() -> None:
    said = subprocess.run([sys.executable, "-c", NOBODY_NEEDS_IT], check=True, capture_output=True, text=True)

    until("the worker gone", lambda: is_gone(int(said.stdout)))
