"""What a worker was asked to do, and the way in which all its work tells how far it is."""

from __future__ import annotations

import time
from typing import cast

import attrs

from ....core.job import Job, Progress
from ....core.messages import Progressed
from ..home import Home
from ..place import Place
from .channel import Channel

PAUSE = 0.05
"""Seconds between two reports of progress."""


@attrs.frozen
class Task:
    """One job in this worker's hands."""

    channel: Channel
    job: Job
    place: Place

    @property
    def home(self) -> Home:
        """Where reprieve keeps what is its own."""
        return self.place.home

    def option(self, name: str, default: str) -> str:
        """What the job was asked for under this name."""
        return cast("str", self.job.options.get(name, default))

    def has(self, name: str) -> bool:
        """Whether the job was asked for with this flag."""
        return self.job.options.get(name) is True


@attrs.define
class Meter:
    """Progress over several phases: bytes done of all that there is to do, told a few times a second."""

    channel: Channel
    total: int = 0
    _before: int = 0
    _phase: str = ""
    _phase_total: int = 0
    _due: float = 0.0

    def tell(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` bytes of this phase; a new phase adds to what was done before."""
        if phase != self._phase:
            self._before += self._phase_total
            self._phase, self._due = phase, 0.0
        self._phase_total = total
        now = time.monotonic()
        if now >= self._due or done >= total:
            self._due = now + PAUSE
            overall = self._before + done
            self.channel.tell(Progressed(Progress(phase, overall, max(self.total, overall))))
