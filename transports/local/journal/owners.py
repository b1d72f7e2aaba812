"""Who is alive: each process that owns jobs holds a lock (OsLock) for as long as it lives.

The operating system frees the lock the moment its process is gone, so a free lock (or no file) is
proof of death. A held lock is proof of nothing: the process may be stopped. Then the lease decides, which its
owner renews each second in the journal. Knows locks and clocks; knows no SQL.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path

import attrs

from ..os_lock import OsLock

NOBODY = "nobody"
"""An owner that never lives: whose job is given to it, is abandoned."""


class Owner:
    """This process (or one journal of it) as an owner of jobs, with a name that is never used again."""

    def __init__(self, folder: Path) -> None:
        self.id = os.urandom(16).hex()
        self._lock = OsLock(folder / self.id)

    def begin(self) -> None:
        """Take the lock, which is free but for another process's glance."""
        self._lock.acquire(deadline=10.0)

    def end(self) -> None:
        """Give the name up: from now on this owner's jobs are abandoned."""
        self._lock.release()


@attrs.frozen
class Lease:
    """What the journal says of an owner's lease: until when it goes, and whether that time is over."""

    until: float
    expired: bool


class Neighbours:
    """The other owners, as seen from here.

    An owner whose lock is held counts as gone once its lease has expired and it was not renewed for
    `proof` seconds of this process's own monotonic clock, or, expired or not, for `lease` seconds of it. So a
    wall clock that jumps ahead kills no live owner, and one that jumps back keeps no stopped one. Both take
    two looks.
    """

    def __init__(
        self, folder: Path, *, lease: float, proof: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._folder = folder
        self._clock = clock
        self._lease = lease
        self._proof = proof
        self._seen: dict[str, tuple[float, float]] = {}
        self._guard = threading.Lock()

    def gone(self, owner: str, lease: Lease | None) -> bool:
        """Whether `owner` has ended, or has stopped for so long that its jobs may be taken."""
        if not OsLock(self._folder / owner).held():
            return True
        if lease is None:
            return False
        unchanged = self._unchanged(owner, lease.until)
        return unchanged >= (self._proof if lease.expired else self._lease)

    def sweep(self) -> None:
        """Drop the files that owners left who were killed."""
        for path in self._folder.iterdir():
            lock = OsLock(path)
            if lock.try_acquire():
                lock.release()

    def _unchanged(self, owner: str, until: float) -> float:
        """For how many seconds this lease is known not to have been renewed."""
        now = self._clock()
        with self._guard:
            before, since = self._seen.get(owner, (until, now))
            if before != until:
                since = now
            self._seen[owner] = (until, since)
        return now - since
