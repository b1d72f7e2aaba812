"""What the restore asks of whoever runs it, what it is given and what it gives back.

`Steps` is all that it knows of journals, leases and cancels: the worker's main implements it.
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import StrEnum
from typing import Protocol

import attrs

from ....core.job import UndoCopy

Fact = str | int | bool | None


class Steps(Protocol):
    """How a restore tells what it does and hears what it should do.

    Each method raises OwnershipLost once another process owns the job; the restore then rolls back
    and leaves every file to that process.
    """

    def note(self, step: str, **facts: Fact) -> None:
        """Return once `step` and its facts, added to those of before, are durable in the journal."""
        ...

    def cancelled(self) -> bool:
        """Whether somebody has asked to cancel. Called often: it must cost microseconds."""
        ...

    def progressed(self, phase: str, done: int, total: int) -> None:
        """`done` of `total` bytes of this phase."""
        ...

    def commit(self) -> bool:
        """Offer what is now in place. True: recorded as done, which is the point of no return.

        False: a cancel was asked first, and the restore undoes it.
        """
        ...


@attrs.frozen
class Source:
    """A database image on its way in: `size` bytes in pages of `page_size`, in any order.

    Whoever yields the chunks (offset, bytes) has checked their hash. `check` False skips the check:
    for an image that is known to be damaged and wanted all the same. `wal` is the journal mode of the
    database that it was made of (None: as the image says). `exact` is an undo copy that is to come back byte
    for byte, with what lay beside it; it may be no database, and then its page size is 0.
    """

    page_size: int
    size: int
    chunks: Iterable[tuple[int, bytes | memoryview]]
    check: bool = True
    wal: bool | None = None
    exact: bool = False


class Ending(StrEnum):
    """How a restore ended when it did not fail.

    `restored`: the new content is in place. `untouched`: it never was. `undone`: it was, and the old
    content is back.
    """

    RESTORED = "restored"
    UNTOUCHED = "untouched"
    UNDONE = "undone"


@attrs.frozen
class Settled:
    """How it ended, and the copy of what was replaced (None where there was nothing)."""

    ending: Ending
    undo: UndoCopy | None = None


class Step(StrEnum):
    """What recovery can find in the journal.

    `stage`: nothing can have happened to the target. `commit`: path A may have committed. `undo`: it
    had, and may have been undone. `create`: path B may have put its file in place. `overwrite`: path C may
    have written over the file, or over a part of it; then `undo`, as for path A. `ended`: the
    target is as the fact `ending` says, and only files of reprieve's own may be left to be removed.
    """

    STAGE = "stage"
    COMMIT = "commit"
    UNDO = "undo"
    CREATE = "create"
    OVERWRITE = "overwrite"
    ENDED = "ended"


class CancelAsked(Exception):
    """Unwinds the restore up to the place that ends it as untouched; never leaves this package."""


def check_cancel(steps: Steps) -> None:
    """Raise CancelAsked if somebody has asked to cancel."""
    if steps.cancelled():
        raise CancelAsked
