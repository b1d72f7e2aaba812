"""Starting a worker's process; perhaps ahead of the knowledge of what it will have to do.

Imports next to nothing: the command line starts its worker before anything else, so that both load their
modules at the same time. Knows how a child is kept apart from the terminal; must not know what is said to it.
"""

from __future__ import annotations

import subprocess
import sys

from ..interpreter import child_environment, find_interpreter, python_command, why_no_interpreter

TYPE_CHECKING = False
if TYPE_CHECKING:
    from ....core.errors import TransportError

NEW_GROUP = 0x200
"""CREATE_NEW_PROCESS_GROUP, which `subprocess` names on Windows only."""

UNABLE = "unable"
"""The member of the only line that a worker says whose modules cannot be imported: the reason."""

_CODE = f"""
try:
    from {__package__}.__main__ import load, main
    load()
except ImportError as error:
    import json
    print(json.dumps({{"{UNABLE}": str(error)}}))
    sys.exit(1)
main()
"""

_ahead: list[subprocess.Popen[bytes]] = []


def spawn_ahead() -> None:
    """Start a process for the first caller that needs one. If none does, it ends with this process.

    Where that is impossible, the caller that needs one gets the reason.
    """
    interpreter = find_interpreter()
    if interpreter:
        try:
            _ahead.append(_start(interpreter))
        except OSError:
            return


def spawn() -> subprocess.Popen[bytes]:
    """A worker's process, which waits for its task: the one that was started ahead, or a new one.

    Raises TransportError where none can be started.
    """
    if _ahead:
        return _ahead.pop()
    interpreter = find_interpreter()
    if interpreter is None:
        raise cannot_start(why_no_interpreter())
    try:
        return _start(interpreter)
    except OSError as error:
        raise cannot_start(f"The system does not run {interpreter} ({error.strerror}).") from error


def cannot_start(reason: str) -> TransportError:
    """What is raised where no worker can be started, for `reason` (a sentence)."""
    from ....core.errors import TransportError

    return TransportError(f"The worker process cannot be started, so nothing was done. {reason}")


def _start(interpreter: str) -> subprocess.Popen[bytes]:
    """In a group of its own: a terminal's Ctrl-C is the parent's to hear, not the worker's."""
    windows = sys.platform == "win32"
    return subprocess.Popen(
        python_command(interpreter, _CODE),
        env=child_environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        creationflags=NEW_GROUP if windows else 0,
        process_group=None if windows else 0,
    )
