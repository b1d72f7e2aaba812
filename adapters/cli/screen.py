"""How wide the reader's screen is, and text laid out so that no word is broken at its edge.

Knows terminals and lines; nothing of what they say. A pipe or a file has no edge: its lines stay whole. All
text for people leaves through `show`, or a control character in a file's name would reach the terminal.
"""

from __future__ import annotations

import shutil
import sys
from typing import TextIO

from ..visible import visible_lines


def show(text: str, stream: TextIO, *, fold: bool = True) -> None:
    """Print lines for people, at once, with no character in them that a terminal obeys."""
    print(folded(visible_lines(text), columns(stream) if fold else None), file=stream, flush=True)


def columns(stream: TextIO | None = None) -> int | None:
    """How many characters a line of `stream` (by default stdout) has; None where there is no edge."""
    return shutil.get_terminal_size().columns if (stream or sys.stdout).isatty() else None


def folded(text: str, room: int | None) -> str:
    """The text with each line that is too long continued, a little further in, on the next one."""
    if room is None or all(len(line) <= room for line in text.splitlines()):
        return text
    return "\n".join(piece for line in text.split("\n") for piece in _pieces(line, room))


def _pieces(line: str, room: int) -> list[str]:
    import textwrap  # late: few lines are too long

    indent = " " * (len(line) - len(line.lstrip()))
    further = f"{indent}  " if indent else ""
    wrapped = textwrap.wrap(
        line, room, subsequent_indent=further, break_long_words=False, break_on_hyphens=False
    )
    return wrapped or [line]
