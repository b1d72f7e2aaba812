"""What a snapshot is asked for, and why an attempt at one may end without an image."""

from __future__ import annotations

import time
from collections.abc import Callable
from enum import StrEnum
from pathlib import Path
from typing import Literal

import attrs

from ..held_file import HeldFile
from ..image import Sink

CheckKind = Literal["quick", "full", "none"]


class Method(StrEnum):
    """How the pages are read: raw beside SQLite, by its backup API, or by a temporary copy."""

    PAGES = "pages"
    BACKUP = "backup"
    COPY = "copy"


class SnapshotCancelled(Exception):
    """The snapshot was cancelled; everything it had open is closed, and nothing was changed."""


class Moved(Exception):
    """Something changed under the reader, so that the image may be torn: start over."""


class Unusable(Exception):
    """The raw pages of this database cannot be read safely here: use the backup API."""


@attrs.frozen
class Request:
    """One snapshot. `path` is resolved; `deadline` is how many seconds each lock is waited for.

    `sound` is called once the check has ended and found nothing, in any thread; the reading may go on then.
    `copy` names the file for a temporary copy of the database, in a private folder; without it none is made.
    `held` is the very file that is meant, whatever comes to its path.
    """

    path: Path
    sink: Sink
    cancelled: Callable[[], bool]
    deadline: float
    check: CheckKind
    force: bool
    sound: Callable[[], None] = lambda: None
    copy: Callable[[], Path] | None = None
    held: HeldFile | None = None

    def stop_if_cancelled(self) -> None:
        """Raise SnapshotCancelled if that was asked for."""
        if self.cancelled():
            raise SnapshotCancelled(f"The snapshot of {self.path} was cancelled.")

    def patience(self) -> Callable[[int], bool]:
        """A busy handler: try again every few milliseconds until the deadline or a cancel."""
        until: float | None = None

        def wait(tries: int) -> bool:
            nonlocal until
            if until is None or tries == 0:
                until = time.monotonic() + self.deadline
            if self.cancelled() or time.monotonic() > until:
                return False
            time.sleep(min(0.001 * 2**tries, 0.02))
            return True

        return wait
