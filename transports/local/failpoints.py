"""Named points at which a test can make this process die, or a call fail.

Production code says `reach("undo.renamed")` where a crash would be interesting; without a hook that
costs one comparison. Only the worker and the journal install a hook, and only where the
environment variable REPRIEVE_FAILPOINT says so: `name` or `name:N` (the Nth time) kills the process with
SIGKILL; `name:N=stop` stops it (SIGSTOP); `name:N=28` raises OSError with that errno.
"""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

VARIABLE = "REPRIEVE_FAILPOINT"

_hook: Callable[[str], None] | None = None


def reach(name: str) -> None:
    """This process is now at `name`."""
    if _hook is not None:
        _hook(name)


def install(hook: Callable[[str], None] | None) -> None:
    """Call `hook` with every name that is reached from now on; None for nothing."""
    global _hook
    _hook = hook


def install_from_environment() -> None:
    """Install what REPRIEVE_FAILPOINT asks for, if it is set."""
    wanted = os.environ.get(VARIABLE)
    if wanted:
        install(_Trap(wanted).reached)


class _Trap:
    def __init__(self, wanted: str) -> None:
        place, _, action = wanted.partition("=")
        self.name, _, count = place.partition(":")
        self.left = int(count or 1)
        self.action = action

    def reached(self, name: str) -> None:
        if name != self.name:
            return
        self.left -= 1
        if self.left:
            return
        if not self.action:
            os.kill(os.getpid(), getattr(signal, "SIGKILL", signal.SIGTERM))
        elif self.action == "stop":
            os.kill(os.getpid(), signal.SIGSTOP)
        else:
            code = int(self.action)
            raise OSError(code, f"{os.strerror(code)} (failpoint {name})")
