"""The days on which this home ran, counted: what is kept for so many days goes by them.

A wall clock that jumps by a year adds one day to the count, not 365, and one that jumps back adds none that
was counted before. Knows dates and one small file; nothing of what goes by them.
"""

from __future__ import annotations

import json
import logging
from datetime import UTC, date, datetime
from pathlib import Path

import attrs

from .files import write_at, written
from .home import Home
from .os_lock import OsLock

FORMAT = 1
REMEMBERED = 400
"""Dates that are remembered, so that a day is counted once, whatever the clock does."""

log = logging.getLogger(__name__)


@attrs.frozen
class _Counted:
    number: int = 0
    dates: tuple[str, ...] = ()

    def with_day(self, day: str) -> _Counted:
        return self if day in self.dates else _Counted(self.number + 1, (*self.dates, day)[-REMEMBERED:])


@attrs.frozen
class ActiveDays:
    """The count of one home. Several processes may use it at once."""

    home: Home

    def number(self, today: date | None = None) -> int:
        """How many different days this home ran on, today included, which is counted the first time.

        What cannot be written is counted again by the next command: it delays, and stops nothing.
        """
        path = self.home.days
        before = _read(path)
        counted = before.with_day((today or datetime.now(UTC).date()).isoformat())
        if counted is not before:
            try:
                _write(path, counted)
            except OSError as error:
                log.info("The days of use cannot be noted in %s: %s", path, error)
        return counted.number


def _read(path: Path) -> _Counted:
    try:
        record = json.loads(path.read_text("utf-8"))
        if record["format"] != FORMAT:
            raise ValueError(record["format"])
        return _Counted(int(record["number"]), tuple(map(str, record["dates"])))
    except FileNotFoundError:
        return _Counted()
    except (OSError, ValueError, KeyError, TypeError) as error:
        log.info("The days of use are counted anew, because %s cannot be read: %s", path, error)
        return _Counted()


def _write(path: Path, counted: _Counted) -> None:
    lock = OsLock(path.with_suffix(".lock"))
    if not lock.try_acquire():
        return  # another process counts this very day
    with lock, written(path, "days") as descriptor:
        write_at(descriptor, json.dumps({"format": FORMAT, **attrs.asdict(counted)}).encode(), 0)
