"""The parent's end: one child process for each job, started, listened to, and ended.

Knows processes and lines; nothing of databases. A foreign process must never outlive the interest
in it: leaving the context ends it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self

from ....core.errors import OutcomeUnknown

_LIMIT = 64 << 20
"""The longest line a worker may say, in bytes."""

GRACE = 10.0
"""Seconds that a worker may take to end after its last word."""

log = logging.getLogger(__name__)


class Worker:
    """A child process for one task; leaving its `async with` ends it, with or without one."""

    def __init__(self, process: Process) -> None:
        self._process = process
        self._settled = False

    @classmethod
    async def start(cls) -> Self:
        """A new one, which waits for its task."""
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable, "-m", __package__ or "", stdin=PIPE, stdout=PIPE, limit=_LIMIT, **_apart()
            )
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._settled:
            await self._process.wait()  # it only clears up; the end of its pipe would end it at once
        elif kind is not None and self._process.returncode is None:
            self._process.kill()
        if self._process.stdin:
            self._process.stdin.close()
        await self._process.wait()

    @property
    def pid(self) -> int:
        """The child's process id."""
        return self._process.pid

    def give(self, task: Mapping[str, object]) -> None:
        """Say what it has to do, once."""
        self._say(task)

    def cancel(self) -> None:
        """Ask the work to stop and to undo itself. Asking twice is harmless, asking too late too."""
        self._say({"cancel": True})

    def answer(self, value: bool | None) -> None:
        """What the worker asked for is durable; `value` says whether an offer was taken."""
        self._say({"answer": value})

    async def told(self) -> AsyncIterator[dict[str, Any]]:
        """What the worker tells, until it ends.

        Raises OutcomeUnknown if it dies before it has said how the work ended.
        """
        assert self._process.stdout
        while line := await self._process.stdout.readline():
            said: dict[str, Any] = json.loads(line)
            self._settled = said.get("event") in _SETTLING and not said.get("asks")
            yield said
        code = await self._process.wait()
        if not self._settled:
            raise OutcomeUnknown(f"The worker process ended in the middle of its work (exit code {code}).")

    def _say(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin
        if not self._process.stdin.is_closing():
            self._process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")


_SETTLING = frozenset({"completed", "cancelled", "failed", "interrupted"})


def _apart() -> dict[str, Any]:
    """A terminal's Ctrl-C is the parent's to hear, not the worker's."""
    if sys.platform == "win32":
        import subprocess

        return {"creationflags": subprocess.CREATE_NEW_PROCESS_GROUP}
    return {"process_group": 0} if os.name == "posix" else {}
