"""The comparison: the same databases through every tool, in interleaved rounds.

Knows the order of the steps and what is measured at each. The figures are lists, one value a round; what
they mean is the report's matter.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from .processes import Ran
from .tools import Reprieve, Tool, tools

Figures = dict[tuple[str, str], list[float]]
"""What was measured, by the name of the figure and of the tool. Seconds, or MiB."""

MIB = 1 << 20
SETTLED = 2.5
"""Seconds after which no tool mistrusts a file's times (ours mistrusts those younger than 2 s)."""

LIVE = ("restore live", "revert")
"""The steps on a database in use."""

CHANGED = "1"
"""Percent of the snippets that are edited between two backups, and as many that are added."""


class Comparison:
    """Rounds in one folder. The databases are made once, and copied into place in each round."""

    def __init__(self, folder: Path, size: int, progress: Callable[[str], None]) -> None:
        self.figures: Figures = defaultdict(list)
        self.tools = tools(folder / "warm")
        self._folder = folder
        self._progress = progress
        self.before, self._after = folder / "before.db", folder / "after.db"
        progress(f"making a library of {size} MiB")
        _library("make", self.before, str(size))
        shutil.copyfile(self.before, self._after)
        _library("change", self._after, CHANGED)
        self._warm_up(folder / "warm" / "library" / "snippets.db")

    def round(self, number: int) -> None:
        """One round of every tool; another one is first in each."""
        folder = self._folder / f"round {number}"
        source = folder / "library" / "snippets.db"
        source.parent.mkdir(parents=True)
        installed = tools(folder)
        turn = number % len(installed)
        order = installed[turn:] + installed[:turn]
        for tool in order:
            tool.prepare()
        self._put(self.before, source)
        for step in ("first", "unchanged"):
            for tool in order:
                self._back_up(tool, source, step)
        self._put(self._after, source)
        for tool in order:
            self._back_up(tool, source, "second")
        for tool in order:
            self._restore(tool, source, folder / "restored")
        for tool in order:
            if isinstance(tool, Reprieve):
                self._there_and_back(tool, source)
        shutil.rmtree(folder)

    def _warm_up(self, source: Path) -> None:
        """Every tool once, unmeasured: a first start compiles modules, and reads programs from disk."""
        source.parent.mkdir()
        _library("make", source, "1")
        for tool in self.tools:
            tool.prepare()
            tool.backup(source)
            restored = source.parent.with_name(f"restored by {tool.name}")
            restored.mkdir()
            tool.restore(source, restored)

    def _back_up(self, tool: Tool, source: Path, step: str) -> None:
        before = tool.stored()
        self._measured(tool, step, lambda: tool.backup(source))
        stored = tool.stored()
        self.figures[f"{step} adds", tool.name].append((stored - before) / MIB)
        self.figures[f"{step} stored", tool.name].append(stored / MIB)

    def _restore(self, tool: Tool, source: Path, folder: Path) -> None:
        folder.mkdir()
        self._measured(tool, "restore", lambda: tool.restore(source, folder))
        (restored,) = folder.rglob(source.name)
        if not _same(restored, source):
            raise RuntimeError(f"{tool.name} restored something else than it had backed up.")
        shutil.rmtree(folder)

    def _there_and_back(self, tool: Reprieve, source: Path) -> None:
        """The first backup into the database in use, and back."""
        backups = tool.backups(source)
        self._measured(tool, "restore live", lambda: tool.restore_into(backups[0], source))
        self._measured(tool, "revert", lambda: tool.revert(source))

    def _measured(self, tool: Tool, step: str, work: Callable[[], Ran]) -> None:
        os.sync()  # what one leaves to be written shall not slow the next
        ran = work()
        self._progress(f"{tool.name:8} {step:12} {ran.seconds:7.2f} s, {ran.processor:.2f} s of processor")
        self.figures[step, tool.name].append(ran.seconds)
        self.figures[f"{step} processor", tool.name].append(ran.processor)
        peak = f"{step} " if step in LIVE else ""  # what only ours can do counts for itself
        self.figures[f"{peak}largest", tool.name].append(ran.largest / MIB)
        self.figures[f"{peak}together", tool.name].append(ran.together / MIB)

    def _put(self, database: Path, source: Path) -> None:
        """Content in place, and after it a second file: borg always reads the youngest of a folder again."""
        shutil.copyfile(database, source)
        os.sync()
        time.sleep(SETTLED)
        source.with_name("notes.txt").write_text(f"{database.name}\n")


def _library(what: str, file: Path, amount: str) -> None:
    """In a process of its own, which may grow: this one must stay small (processes.py)."""
    subprocess.run((sys.executable, "-m", "tests.bench.library", what, str(file), amount), check=True)


def _same(one: Path, other: Path) -> bool:
    with one.open("rb") as first, other.open("rb") as second:
        while a := first.read(MIB):
            if a != second.read(MIB):
                return False
        return not second.read(1)
