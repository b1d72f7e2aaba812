"""The test's end of person.py: processes that use reprieve, started, asked, aimed at, stopped and killed."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import attrs

HERE = Path(__file__).parent
DEADLINE = 60.0
LOOKED_EVERY = 0.005


class Refused(Exception):
    """Reprieve raised an error; `kind` says which."""

    def __init__(self, kind: str, message: str) -> None:
        super().__init__(f"{kind}: {message}")
        self.kind, self.message = kind, message


class Died(Exception):
    """The process ended before it answered."""


@attrs.define
class Pending:
    """Something that was asked for."""

    answers: queue.SimpleQueue[dict[str, Any] | None] = attrs.field(factory=queue.SimpleQueue)

    @property
    def over(self) -> bool:
        """Whether `result` would not have to wait."""
        return not self.answers.empty()

    def result(self, within: float = DEADLINE) -> Any:
        """What came of it. Raises Refused or Died; queue.Empty if nothing came of it in time."""
        said = self.answers.get(timeout=within)
        if said is None:
            raise Died
        if "error" in said:
            raise Refused(said["error"], said["message"])
        return said["result"]


class Person:
    """A process that uses reprieve; a context that kills it at its end."""

    def __init__(self, settings: dict[str, Any], complaints: Path, **process: Any) -> None:
        self._pending: dict[int, Pending] = {0: Pending()}
        self._guard = threading.Lock()
        self._over = False
        self.said = ""
        with complaints.open("ab") as stderr:
            self.process = subprocess.Popen(
                [sys.executable, str(HERE / "person.py")],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                **process,
            )
        self._tell(settings)
        threading.Thread(target=self._listen, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    @property
    def opened(self) -> Pending:
        """The jobs that there were when the library had been opened."""
        return self._pending[0]

    def start(self, do: str, *args: object, **options: object) -> Pending:
        """Ask for something; it may take its time."""
        with self._guard:
            number = len(self._pending)
            pending = self._pending[number] = Pending()
            if self._over:
                pending.answers.put(None)
        self._tell({"number": number, "do": do, "args": args, "options": options})
        return pending

    def ask(self, do: str, *args: object, **options: object) -> Any:
        """Ask for something, and wait until it is done. Raises Refused or Died."""
        return self.start(do, *args, **options).result()

    def kill(self) -> None:
        """SIGKILL, whether it is stopped or not."""
        self.process.kill()
        self.process.wait()
        if self.process.stdin and not self.process.stdin.closed:
            try:
                self.process.stdin.close()
            except BrokenPipeError:
                return

    def leave(self) -> int:
        """Close the library and end; its exit code."""
        assert self.process.stdin
        self.process.stdin.close()
        return self.process.wait(DEADLINE)

    def stop(self) -> None:
        """SIGSTOP."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """SIGCONT."""
        self.process.send_signal(signal.SIGCONT)

    def _tell(self, what: dict[str, Any]) -> None:
        assert self.process.stdin
        try:
            self.process.stdin.write(json.dumps(what) + "\n")
            self.process.stdin.flush()
        except BrokenPipeError:
            return  # the thread that listens finds its end, and tells whoever waits

    def _listen(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.said += line
            said = json.loads(line)
            self._pending[said["number"]].answers.put(said)
        with self._guard:
            self._over = True
            for pending in self._pending.values():
                pending.answers.put(None)


def until(what: str, condition: Callable[[], Any], within: float = DEADLINE) -> Any:
    """The first thing that is true of what `condition` gives."""
    deadline = time.monotonic() + within
    while not (found := condition()):
        assert time.monotonic() < deadline, f"in {within:g} s: not {what}"
        time.sleep(LOOKED_EVERY)
    return found


def is_stopped(pid: int) -> bool:
    """Whether a process has been stopped by a signal."""
    return state(pid).startswith("T")


def is_gone(pid: int) -> bool:
    """Whether there is no such process any more; a zombie is none."""
    return state(pid)[:1] in ("", "Z")


def state(pid: int) -> str:
    """The state of a process, in ps's letters; empty if there is none."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].strip()
    except ProcessLookupError:  # it went away between the opening and the reading
        return ""
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return ""
    return subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], stdout=subprocess.PIPE, text=True
    ).stdout.strip()


def kill(pid: int) -> None:
    """SIGKILL to a process that may have ended."""
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:
        return
