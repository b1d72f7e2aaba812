"""One restoration under way: what every part of it needs to know, and what it leaves behind.

Names each file that a restoration makes outside the undo catalogue, and removes them all. It opens no
database.
"""

from __future__ import annotations

from pathlib import Path

import attrs

from ..database_file import SIDE_FILES, beside
from ..failpoints import reach
from ..files import remove
from ..home import Home
from ..names import incoming_path
from ..undo_catalogue import data_path, drop, drop_old
from .connections import Patience
from .port import Ending, Fact, Step, Steps


class Resolute:
    """Steps that cannot be cancelled: for undoing and recovering, which are what a cancel asks for.

    A lost ownership still ends them.
    """

    def __init__(self, steps: Steps) -> None:
        self._steps = steps
        self.note = steps.note
        self.progressed = steps.progressed
        self.commit = steps.commit

    def cancelled(self) -> bool:
        """Never; but the lease is looked at."""
        self._steps.cancelled()
        return False


class _Unheard:
    """Steps that report nothing and hear nothing: for the way back of a job that may not be ours any more."""

    def note(self, step: str, **facts: Fact) -> None: ...

    def cancelled(self) -> bool:
        return False

    def progressed(self, phase: str, done: int, total: int) -> None: ...

    def commit(self) -> bool:
        return False


@attrs.frozen
class Work:
    """One restoration: its job, where it keeps its files, whom it tells, how long it waits for locks.

    `notes` are all the facts that were noted so far, `passed` the steps.
    """

    job_id: str
    home: Home
    steps: Steps
    deadline: float
    notes: dict[str, object] = attrs.field(factory=dict)
    passed: set[str] = attrs.field(factory=set)

    @property
    def stage(self) -> Path:
        """The fetched image of a restoration into a live database."""
        return self.home.stages / f"{self.job_id}.db"

    def incoming(self, target: Path) -> Path:
        """The fetched image that is to take the place of `target`; on the same file system."""
        return incoming_path(target, self.job_id)

    @property
    def undo_data(self) -> Path:
        """The copy of what this restoration replaced."""
        return data_path(self.home, self.job_id)

    def patience(self) -> Patience:
        """How long this restoration waits for a lock."""
        return Patience(self.deadline, self.steps)

    def resolute(self) -> Work:
        """The same work, past being cancelled."""
        return attrs.evolve(self, steps=Resolute(self.steps))

    def unheard(self) -> Work:
        """The same work, which nothing stops and which reports nothing."""
        return attrs.evolve(self, steps=_Unheard())

    def note(self, step: str, **facts: Fact) -> None:
        """As Steps.note; what may not have become durable counts as noted too."""
        self.passed.add(step)
        self.notes.update(facts)
        self.steps.note(step, **facts)

    def clean(self, ending: Ending, target: Path) -> None:
        """Remove what the restoration no longer needs; its undo copy too if the old content is in place.

        Recovery needs those files to find out how it ended: that is noted before the first is removed.
        """
        if ending is not Ending.RESTORED:
            self.note(Step.ENDED, ending=ending)
        reach("restore.a8.cleaning")
        for path in (self.stage, self.incoming(target)):
            for suffix in ("", *SIDE_FILES):
                remove(beside(path, suffix))
        if ending is Ending.RESTORED:
            drop_old(self.home)
        else:
            drop(self.home, self.job_id)
        reach("restore.a8.cleaned")
