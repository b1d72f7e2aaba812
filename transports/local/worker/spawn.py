"""Starting a worker's process; perhaps ahead of the knowledge of what it will have to do.

Imports next to nothing: the command line starts its worker before anything else, so that both load their
modules at the same time. Knows how a child is kept apart from the terminal; must not know what is said to it.
"""

from __future__ import annotations

import subprocess
import sys

NEW_GROUP = 0x200
"""CREATE_NEW_PROCESS_GROUP, which `subprocess` names on Windows only."""

_ahead: list[subprocess.Popen[bytes]] = []


def spawn_ahead() -> None:
    """Start a process for whoever needs one first. If nobody does, it ends with this process."""
    _ahead.append(_spawned())


def spawn() -> subprocess.Popen[bytes]:
    """A worker's process, which waits for its task: the one that was started ahead, or a new one."""
    return _ahead.pop() if _ahead else _spawned()


def _spawned() -> subprocess.Popen[bytes]:
    """In a group of its own: a terminal's Ctrl-C is the parent's to hear, not the worker's."""
    windows = sys.platform == "win32"
    return subprocess.Popen(
        (sys.executable, "-m", __package__ or ""),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=NEW_GROUP if windows else 0,
        process_group=None if windows else 0,
    )
