"""A command at a terminal of its own: what it prints is read as a person sees it, its questions are answered.

Knows pseudo-terminals; nothing of what the commands do.
"""

from __future__ import annotations

import os
import re
import select
import subprocess
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Self

DEADLINE = 60.0
CTRL_C = b"\x03"
COLUMNS = "200"
"""So that no line is folded here which, with the shorter home of the pages, would not be."""

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


class Terminal:
    """One command under way. `answer` gives what to type when the last line is a question."""

    def __init__(
        self, command: str, folder: Path, env: Mapping[str, str], answer: Callable[[str], str | None]
    ) -> None:
        self._command = command
        self._answer = answer
        self._answered = 0
        self._seen = b""
        self._keyboard, screen = os.openpty()
        self._process = subprocess.Popen(
            ["bash", "-c", command],
            cwd=folder,
            env={**env, "COLUMNS": COLUMNS, "LINES": "24"},
            preexec_fn=lambda: os.login_tty(screen),
        )
        os.close(screen)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()
        os.close(self._keyboard)

    @property
    def printed(self) -> str:
        """What came so far, as lines, without colours."""
        text = self._seen.decode("utf-8", "replace")
        return _ESCAPES.sub("", text).replace("\r\n", "\n").replace("\r", "\n").replace("^C\n", "\n")

    def until(self, reached: str) -> None:
        """Wait until `reached` was printed."""
        while reached not in self.printed:
            assert self._read(), f"`{self._command}` ended before it printed {reached!r}:\n{self.printed}"

    def press_ctrl_c(self) -> None:
        os.write(self._keyboard, CTRL_C)

    def end(self) -> int:
        """Wait until the command has ended; its exit code."""
        while self._read():
            pass
        return self._process.wait(DEADLINE)

    def _read(self) -> bool:
        """Read on, and answer a question; False at the end."""
        began = time.monotonic()
        while not select.select([self._keyboard], [], [], 1.0)[0]:
            assert time.monotonic() - began < DEADLINE, f"`{self._command}` hangs after:\n{self.printed}"
        try:
            said = os.read(self._keyboard, 65536)
        except OSError:  # Linux says EIO where the other side has been closed
            return False
        self._seen += said
        self._answer_question()
        return bool(said)

    def _answer_question(self) -> None:
        typed = self._answer(self.printed[self._answered :].rsplit("\n", 1)[-1])
        if typed is not None:
            self._answered = len(self.printed)
            os.write(self._keyboard, typed.encode() + b"\n")
