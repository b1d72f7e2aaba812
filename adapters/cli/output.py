"""What the command line says, and to whom: words for people, or JSON lines for programs.

Commands do; an Output tells. For people, results go to stdout and everything on the way to stderr; for
programs, everything is a line on stdout. Knows no command and no transport.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Mapping
from typing import Protocol

from reprieve.core.errors import Problem
from reprieve.core.job import Job

from ..visible import visible
from ..wire import on_wire
from .progress import Progress, progress_for
from .screen import show


class Output(Protocol):
    """Whoever is told what happens."""

    def job(self, job: Job) -> None:
        """A job as it became."""
        ...

    def end(self, job: Job) -> None:
        """A job that has ended, where the command goes on and tells nothing more of it."""
        ...

    def say(self, words: str) -> None:
        """Something on the way that people want to know."""
        ...

    def result(
        self, members: Mapping[str, object], words: Callable[[], str], *, verbatim: bool = False
    ) -> None:
        """What a command gave: `members` for programs, `words` for people, laid out unless `verbatim`."""
        ...

    def ready(self, members: Mapping[str, object], words: Callable[[], str]) -> None:
        """A service that can be called from now on; whoever spawned it waits for this line."""
        ...

    def error(self, problem: Problem) -> None:
        """Why a command failed."""
        ...

    def settle(self) -> None:
        """Put the terminal back as it was; safe at any moment, a signal handler's included."""
        ...


class JsonOutput:
    """One JSON object a line: any number of `job`, then one `result` or `error`."""

    def job(self, job: Job) -> None:
        self._line({"type": "job", "job": on_wire(job)})

    end = job

    def say(self, words: str) -> None:
        """Words are for people; whatever matters is in a member of the result."""

    def result(
        self, members: Mapping[str, object], words: Callable[[], str], *, verbatim: bool = False
    ) -> None:
        self._line({"type": "result", **members})

    def ready(self, members: Mapping[str, object], words: Callable[[], str]) -> None:
        self._line({"type": "ready", **members})

    def error(self, problem: Problem) -> None:
        self._line({"type": "error", "error": on_wire(problem)})

    def settle(self) -> None:
        """A program's pipe needs nothing."""

    def _line(self, members: Mapping[str, object]) -> None:
        ascii_only = "utf" not in (sys.stdout.encoding or "").lower()  # JSON has an escape for all the rest
        sys.stdout.write(visible(json.dumps(members, ensure_ascii=ascii_only, separators=(",", ":"))) + "\n")
        sys.stdout.flush()


class TextOutput:
    """Words: progress as bars on a terminal, as few lines elsewhere."""

    def __init__(self) -> None:
        self._progress: Progress | None = None

    def job(self, job: Job) -> None:
        self._shown().show(job)

    def end(self, job: Job) -> None:
        self._shown().end(job)

    def say(self, words: str) -> None:
        if self._progress is not None:
            self._progress.say(words)
        else:
            show(words, sys.stderr)

    def result(
        self, members: Mapping[str, object], words: Callable[[], str], *, verbatim: bool = False
    ) -> None:
        self.settle()
        show(words(), sys.stdout, fold=not verbatim)

    def ready(self, members: Mapping[str, object], words: Callable[[], str]) -> None:
        if sys.stdout.isatty():
            self.result(members, words)
        else:
            JsonOutput().ready(members, words)

    def error(self, problem: Problem) -> None:
        self.settle()
        show(f"reprieve: {visible(problem.message)}", sys.stderr)

    def settle(self) -> None:
        progress, self._progress = self._progress, None
        if progress is not None:
            progress.close()

    def _shown(self) -> Progress:
        if self._progress is None:
            self._progress = progress_for(sys.stderr)
        return self._progress
