"""Starting a worker's process; perhaps ahead of the knowledge of what it will have to do.

Imports next to nothing: the command line starts its worker before anything else, so that both load their
modules at the same time. Knows how a child is kept apart from the terminal; must not know what is said to it.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

_ahead: list[subprocess.Popen[bytes]] = []


def spawn_ahead() -> None:
    """Start a process for whoever needs one first. If nobody does, it ends with this process."""
    _ahead.append(_spawned())


def spawn() -> subprocess.Popen[bytes]:
    """A worker's process, which waits for its task: the one that was started ahead, or a new one."""
    return _ahead.pop() if _ahead else _spawned()


def _spawned() -> subprocess.Popen[bytes]:
    words = (sys.executable, "-m", __package__ or "")
    process: subprocess.Popen[bytes] = subprocess.Popen(
        words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False, **_apart()
    )
    return process


def _apart() -> dict[str, Any]:
    """A terminal's Ctrl-C is the parent's to hear, not the worker's."""
    if sys.platform == "win32":
        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0}
