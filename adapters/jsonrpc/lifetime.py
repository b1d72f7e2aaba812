"""What ends a bridge from outside: its client's process dies, nobody reads any more, or a signal comes.

One place for what differs between systems: Linux tells of a process's end (pidfd) and of a pipe that nobody
reads (poll); elsewhere the process is looked for every LOOK seconds, and the pipe shows it at the next write.
"""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable
from threading import Event, Thread
from types import FrameType

LOOK = 2.0
"""Seconds between two looks at a process."""

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))


def on_signal(asked: Callable[[], None]) -> None:
    """From now on `asked` is called, in the main thread, when this process is told to end."""

    def told(number: int, frame: FrameType | None) -> None:
        asked()

    for number in _SIGNALS:
        signal.signal(number, told)


def watch(process: int | None, out: int, gone: Callable[[], None]) -> None:
    """`gone` is called, in a thread, when that process has ended or nobody reads from `out`."""
    if sys.platform == "linux":
        Thread(target=_watch_on_linux, args=(process, out, gone), daemon=True).start()
    elif process is not None:
        Thread(target=_look_for, args=(process, gone), daemon=True).start()


def _look_for(process: int, gone: Callable[[], None]) -> None:
    pause = Event()
    while _lives(process):
        pause.wait(LOOK)
    gone()


if sys.platform == "linux":
    import select

    def _watch_on_linux(process: int | None, out: int, gone: Callable[[], None]) -> None:
        poll = select.poll()
        poll.register(out, 0)  # told of without being asked for: an error, as of a pipe without a reader
        pause = None
        if process is not None:
            try:
                poll.register(os.pidfd_open(process), select.POLLIN)
            except ProcessLookupError:
                return gone()
            except OSError:  # an old kernel, or a sandbox
                pause = LOOK * 1000
        while not poll.poll(pause) and (process is None or _lives(process)):
            continue
        gone()


if sys.platform == "win32":
    import ctypes

    _SYNCHRONIZE = 0x100000
    _TIMEOUT = 0x102  # WAIT_TIMEOUT

    def _lives(process: int) -> bool:
        kernel = ctypes.windll.kernel32
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)
        if not handle:
            return False
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) == _TIMEOUT)
        finally:
            kernel.CloseHandle(handle)

else:

    def _lives(process: int) -> bool:
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it is somebody else's
            return True
        return True
