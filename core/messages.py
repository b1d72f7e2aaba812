"""What a job is told and what it asks for: commands, events and effects, all frozen.

Commands come from people (through the orchestrator), events from transports, effects go to the
transport or the clock. Each message that moves a job names its row of the table as `trigger`. `at`
is stamped by the Run from the Clock port when it takes the message, so that replaying a journal
gives the same job to the microsecond.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import ClassVar

import attrs

from .errors import Problem
from .job import Backup, Progress, UndoCopy
from .lifecycle import Trigger

# -- commands --------------------------------------------------------------------------------


@attrs.frozen
class Start:
    """Begin the work (or begin it again)."""

    trigger: ClassVar[Trigger] = Trigger.START
    at: datetime | None = None


@attrs.frozen
class Cancel:
    """Stop, and put back what was there."""

    trigger: ClassVar[Trigger] = Trigger.CANCEL
    at: datetime | None = None


# -- events ----------------------------------------------------------------------------------


@attrs.frozen
class Progressed:
    """The work got so far. Never journalled; the newest is all that counts."""

    trigger: ClassVar[Trigger] = Trigger.PROGRESSED
    progress: Progress


@attrs.frozen
class Noted:
    """The transport reached a step that recovery must know of.

    It is durable when the transport is asked for its next event. `notes` are added to those of
    before; `backup` and `undo`, if given, become the job's.
    """

    trigger: ClassVar[Trigger] = Trigger.PROGRESSED
    step: str
    notes: Mapping[str, object] = attrs.field(factory=dict)
    backup: Backup | None = None
    undo: UndoCopy | None = None
    at: datetime | None = None


@attrs.frozen
class Completed:
    """The work is done. `backup` is the Backup made or restored.

    With `revocable`, it is an offer: the new content is in place, but can still be undone. The value
    of the stream's `yield` says what became of it. True: the job is done, durably; clear away what
    recovery would have needed, and end. False: a cancel had been asked; undo, and tell Cancelled.
    """

    trigger: ClassVar[Trigger] = Trigger.COMPLETED
    backup: Backup | None = None
    undo: UndoCopy | None = None
    revocable: bool = False
    at: datetime | None = None


@attrs.frozen
class Cancelled:
    """The work was stopped and everything is as it was before."""

    trigger: ClassVar[Trigger] = Trigger.CANCELLED
    at: datetime | None = None


@attrs.frozen
class Failed:
    """The work failed for good; the problem says in what state things are."""

    trigger: ClassVar[Trigger] = Trigger.FAILED
    problem: Problem
    at: datetime | None = None


@attrs.frozen
class Interrupted:
    """The work stopped, and it is proved that nothing was done to the target: it may start again.

    `delay` is filled in by the Run from its RetryPolicy: seconds until the next attempt. A job that
    is being cancelled is not begun again: told by a transport, it is Cancelled then.
    """

    trigger: ClassVar[Trigger] = Trigger.INTERRUPTED
    problem: Problem
    delay: float = 0.0
    at: datetime | None = None


# -- effects ---------------------------------------------------------------------------------


@attrs.frozen
class Begin:
    """Carry the job out."""


@attrs.frozen
class Abort:
    """Stop the work that is under way and undo it."""


@attrs.frozen
class StartAgain:
    """Give Start again after `delay` seconds."""

    delay: float


@attrs.frozen
class Recover:
    """After `delay` seconds, ask the world how the work stands, and settle it."""

    delay: float = 0.0


Command = Start | Cancel
Event = Progressed | Noted | Completed | Cancelled | Failed | Interrupted
Message = Command | Event
Effect = Begin | Abort | StartAgain | Recover

MESSAGES: dict[str, type[Message]] = {
    "start": Start,
    "cancel": Cancel,
    "progressed": Progressed,
    "noted": Noted,
    "completed": Completed,
    "cancelled": Cancelled,
    "failed": Failed,
    "interrupted": Interrupted,
}


def ends_stream(event: Event | None) -> bool:
    """Whether a transport has nothing more to tell after `event`, and nothing to clear away."""
    if isinstance(event, Completed):
        return not event.revocable
    return isinstance(event, Cancelled | Failed | Interrupted)
