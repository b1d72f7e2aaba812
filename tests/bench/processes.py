"""Running one command as a whole process, and what it took: time, processor time and memory.

Knows POSIX processes; must not know what they do. Keep this program small: on Linux the peak of a child
counts from what its parent had when it was started.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import attrs

COMPILE_EACH_TIME = "PYTHONDONTWRITEBYTECODE"
"""What some containers set. It doubles the time of a start, and no user's shell has it."""

LOOK_EVERY = 0.02
"""Seconds between two looks at how much memory a command's processes have together."""


@attrs.frozen
class Ran:
    """What a command took: seconds, seconds of all processors, and peaks of resident memory in bytes.

    `largest` is that of its largest process, as the system reports it; `together` that of all of its
    processes at one moment, looked at 50 times a second (pages that they share count twice), and 0 where
    there is no /proc to look in.
    """

    seconds: float
    processor: float
    largest: int
    together: int
    said: str


def run(words: Sequence[str], *, environment: Mapping[str, str], folder: Path) -> Ran:
    """Run a command to its end. Raises RuntimeError, with what it said, if it fails."""
    inherited = {name: value for name, value in environment.items() if name != COMPILE_EACH_TIME}
    with tempfile.TemporaryFile("w+", encoding="utf-8") as out:
        began = time.perf_counter()
        process = subprocess.Popen(
            words, stdin=subprocess.DEVNULL, stdout=out, stderr=out, cwd=folder, env=inherited
        )
        look = _Look(process.pid)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        together = look.end()
        out.seek(0)
        said = out.read()
    if process.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {process.returncode}:\n{said}")
    in_bytes = 1 if os.uname().sysname == "Darwin" else 1024
    return Ran(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * in_bytes, together, said)


class _Look:
    """A thread that looks at the memory of a process and of its descendants, until `end`."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._peak = 0
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def end(self) -> int:
        self._over.set()
        self._thread.join()
        return self._peak

    def _run(self) -> None:
        while not self._over.wait(LOOK_EVERY):
            self._peak = max(self._peak, sum(map(_resident, _family(self._pid))))


def _family(pid: int) -> list[int]:
    family = [pid]
    for member in family:
        for thread in _threads(member):
            family += map(int, _read(Path(f"/proc/{member}/task/{thread}/children")).split())
    return family


def _threads(pid: int) -> list[str]:
    try:
        return os.listdir(f"/proc/{pid}/task")
    except (FileNotFoundError, ProcessLookupError):
        return []  # it has ended meanwhile, or there is no /proc


def _resident(pid: int) -> int:
    fields = _read(Path(f"/proc/{pid}/statm")).split()
    return int(fields[1]) * os.sysconf("SC_PAGE_SIZE") if fields else 0


def _read(path: Path) -> str:
    """What a file in /proc says; nothing once its process has gone."""
    try:
        return path.read_text()
    except (FileNotFoundError, ProcessLookupError):
        return ""
