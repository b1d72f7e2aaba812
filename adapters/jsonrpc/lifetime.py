"""What ends a bridge from outside: its client's process dies, nobody reads any more, or a signal comes.

One place for what differs between systems: Linux tells of a process's end (pidfd) and of a pipe that nobody
reads (poll); elsewhere the process is looked for every LOOK seconds, and the pipe shows it at the next write.
A process that is not there when its client begins proves nothing: its number may be another container's.
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


def watch(process: int | None, out: int, unread: Callable[[], None], ended: Callable[[], None]) -> None:
    """From now on, look after that process, if there is one, and the reader of `out`.

    One of these is called, once, in a thread: `unread` when there is no reader any more, `ended` when the
    process has ended.
    """
    if sys.platform == "linux":
        Thread(target=_watch_on_linux, args=(process, out, unread, ended), daemon=True).start()
    elif process is not None:
        Thread(target=_look_for, args=(process, ended), daemon=True).start()


def _look_for(process: int, ended: Callable[[], None]) -> None:
    pause = Event()
    while lives(process):
        pause.wait(LOOK)
    ended()


if sys.platform == "linux":
    import select

    def _watch_on_linux(
        process: int | None, out: int, unread: Callable[[], None], ended: Callable[[], None]
    ) -> None:
        poll = select.poll()
        poll.register(out, 0)  # told of without being asked for: an error, as of a pipe without a reader
        pause = None
        if process is not None:
            try:
                poll.register(os.pidfd_open(process), select.POLLIN)
            except OSError:  # an old kernel, or a sandbox; or it has just ended
                pause = LOOK * 1000
        while not (found := poll.poll(pause)) and (process is None or lives(process)):
            continue
        if any(descriptor == out for descriptor, _ in found):
            unread()
        else:
            ended()


if sys.platform == "win32":
    import ctypes

    _SYNCHRONIZE = 0x100000
    _TIMEOUT = 0x102  # WAIT_TIMEOUT
    _ACCESS_DENIED = 5

    def lives(process: int) -> bool:
        """Whether there is such a process, as far as it can be seen from here."""
        kernel = ctypes.WinDLL("kernel32", use_last_error=True)
        kernel.OpenProcess.restype = ctypes.c_void_p
        kernel.WaitForSingleObject.argtypes = (ctypes.c_void_p, ctypes.c_uint32)
        kernel.CloseHandle.argtypes = (ctypes.c_void_p,)
        handle = kernel.OpenProcess(_SYNCHRONIZE, False, process)
        if not handle:
            return ctypes.get_last_error() == _ACCESS_DENIED  # it is somebody else's
        try:
            return bool(kernel.WaitForSingleObject(handle, 0) == _TIMEOUT)
        finally:
            kernel.CloseHandle(handle)

else:

    def lives(process: int) -> bool:
        """Whether there is such a process, as far as it can be seen from here."""
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except PermissionError:  # it is somebody else's
            return True
        return True
