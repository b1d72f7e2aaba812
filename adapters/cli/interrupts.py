"""Ctrl-C while a job runs: the first asks for a way back, the second leaves at once.

Knows signals, and that they differ between systems; nothing of jobs. Works with plain `signal.signal`,
because asyncio's own handlers do not exist on Windows.
"""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from reprieve.core.errors import ExitCode
from reprieve.transports.stderr_relay import drain

LEAVING = "\nreprieve: left at once; whatever was under way is put back by the next reprieve command.\n"

_SIGNALS = tuple(getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGBREAK") if hasattr(signal, name))


class Interrupts:
    """While it is entered, `asked` is set by the first interrupt; a second one ends the process.

    `settle` is called before that end, inside the signal handler: it puts the terminal back.
    """

    def __init__(self, settle: Callable[[], None]) -> None:
        self.asked = asyncio.Event()
        self._settle = settle
        self._seen = 0
        self._loop = asyncio.get_running_loop()
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Self:
        for number in _SIGNALS:
            self._before[number] = signal.signal(number, self._interrupted)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _interrupted(self, number: int, frame: FrameType | None) -> None:
        self._seen += 1
        if self._seen == 1:
            self._loop.call_soon_threadsafe(self.asked.set)
            return
        try:
            self._settle()
            os.write(2, LEAVING.encode())  # print is not safe inside a signal handler
            drain()
        finally:
            os._exit(ExitCode.CANCELLED)
