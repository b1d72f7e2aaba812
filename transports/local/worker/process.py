"""The parent's end: one child process for each job, listened to, and ended.

Knows processes and lines; nothing of databases. A foreign process must never outlive the interest
in it: leaving the context ends it.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import threading
from asyncio import AbstractEventLoop
from collections.abc import AsyncIterator, Mapping
from types import TracebackType
from typing import Any, Self
from weakref import WeakSet

from ....core.errors import OutcomeUnknown
from ..import_path import package_root
from ..interpreter import VARIABLE, find_interpreter
from .spawn import UNABLE, cannot_start, spawn

LONGEST_LINE = 64 << 20
"""Bytes that a worker may say at once."""

_workers: WeakSet[Worker] = WeakSet()


class Worker:
    """A child process for one task; leaving its `async with` ends it, with or without one.

    A thread listens to it, which works for a process that was started before there was an event loop, too.
    """

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self._settled = False
        self._lines: asyncio.Queue[bytes] = asyncio.Queue()
        self._ended = asyncio.Event()
        listening = (process, asyncio.get_running_loop(), self._lines, self._ended)
        threading.Thread(target=_listen, args=listening, name="worker", daemon=True).start()
        _workers.add(self)

    @classmethod
    async def start(cls) -> Self:
        """A new one, which waits for its task."""
        return cls(spawn())

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._settled:
            await self._ended.wait()  # it only clears up; the end of its pipe would end it at once
        elif kind is not None:
            self._process.kill()
        self._hang_up()
        await self._ended.wait()

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

        Raises TransportError if no worker came to be, OutcomeUnknown if it dies before it has reported
        how the work ended.
        """
        await self._ready()
        while line := await self._lines.get():
            said: dict[str, Any] = json.loads(line)
            self._settled = said.get("event") in _SETTLING and not said.get("asks")
            yield said
        await self._ended.wait()
        if not self._settled:
            raise OutcomeUnknown(
                f"The worker process ended in the middle of its work (exit code {self._process.returncode})."
            )

    async def _ready(self) -> None:
        """Wait until the process says that it is a worker; by then it has imported what it needs."""
        reason = None
        while line := await self._lines.get():
            said = _message_in(line)
            if said.get("ready"):
                return
            reason = said.get(UNABLE, reason)
        await self._ended.wait()
        code = self._process.returncode
        if code < 0:
            raise OutcomeUnknown(f"The worker process was killed before it began (signal {-code}).")
        raise cannot_start(_why_unable(reason, code))

    def leave_to_parent(self) -> None:
        """In a fork: let go of the pipe, whose end tells the worker that its parent is gone."""
        assert self._process.stdin
        if not self._process.stdin.closed:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self._process.stdin.fileno(), inheritable=False)
            os.close(nowhere)

    def _say(self, message: Mapping[str, object]) -> None:
        assert self._process.stdin
        if not self._process.stdin.closed:
            try:
                self._process.stdin.write(json.dumps(message, separators=(",", ":")).encode() + b"\n")
                self._process.stdin.flush()
            except OSError:
                self._hang_up()  # it is dead, as the end of what it tells will say

    def _hang_up(self) -> None:
        assert self._process.stdin
        try:
            self._process.stdin.close()
        except OSError:
            return  # what it was told last reaches nobody


_SETTLING = frozenset({"completed", "cancelled", "failed", "interrupted"})


def _message_in(line: bytes) -> dict[str, Any]:
    """What a line says; nothing, if it is no message of a worker's."""
    try:
        said = json.loads(line)
    except ValueError:
        return {}
    return said if isinstance(said, dict) else {}


def _why_unable(reason: str | None, code: int) -> str:
    interpreter = find_interpreter()
    where = package_root() or "the folders where packages are installed"
    if reason is None:
        return f"{interpreter} ended with exit code {code} instead; set {VARIABLE} to another Python."
    return (
        f"{interpreter} says: {reason}. It looked in {where}, where this copy of reprieve is, and where this "
        f"program finds its packages; install reprieve there again, or set {VARIABLE} to another Python."
    )


def _listen(
    process: subprocess.Popen[bytes],
    loop: AbstractEventLoop,
    lines: asyncio.Queue[bytes],
    ended: asyncio.Event,
) -> None:
    """Hand on each line that the process says, then nothing, then that it has ended."""
    assert process.stdout
    try:
        with process.stdout:
            while line := process.stdout.readline(LONGEST_LINE + 1):
                if len(line) > LONGEST_LINE:  # no worker of ours says that: it is not itself any more
                    process.kill()
                    break
                loop.call_soon_threadsafe(lines.put_nowait, line)
        loop.call_soon_threadsafe(lines.put_nowait, b"")
        process.wait()
        loop.call_soon_threadsafe(ended.set)
    except RuntimeError:
        return  # the loop was closed: nobody listens any more, and the worker ends with our end of its pipe


def _leave_all_to_parent() -> None:
    for worker in tuple(_workers):
        worker.leave_to_parent()


if hasattr(os, "register_at_fork"):  # Windows has no forks
    os.register_at_fork(after_in_child=_leave_all_to_parent)
