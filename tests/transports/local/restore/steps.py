"""Steps in memory, for restores that run in the test's own process (with nobody else at the database)."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import attrs

from reprieve.transports.local.restore import Fact


def never() -> bool:
    return False


@attrs.define
class MemorySteps:
    """What was noted and told; `cancel` is asked as `cancelled`, `keep` is what `commit` answers."""

    cancel: Callable[[], bool] = never
    keep: bool = True
    noted: list[str] = attrs.field(factory=list)
    facts: dict[str, Fact] = attrs.field(factory=dict)
    phases: list[str] = attrs.field(factory=list)
    asked: int = 0

    def note(self, step: str, **facts: Fact) -> None:
        self.noted.append(step)
        self.facts.update(facts)

    def cancelled(self) -> bool:
        self.asked += 1
        return self.cancel()

    def progressed(self, phase: str, done: int, total: int) -> None:
        assert 0 <= done <= total
        if phase not in self.phases:
            self.phases.append(phase)

    def commit(self) -> bool:
        return self.keep


def damaged(path: Path, at: int, length: int = 64) -> Path:
    """The file with `length` bytes from `at` overwritten."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(b"\xa5" * length)
    return path
