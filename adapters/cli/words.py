"""Sizes, moments and jobs in people's words, and small tables of them.

Knows how things are written, not where: no streams, no terminal, no JSON.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from reprieve.core.job import Job, JobKind
from reprieve.core.lifecycle import JobState

from ..visible import visible

PATH_ROOM = 46
"""Characters of a path beside other things: enough for an editor's folder of 32 digits and a file in it."""

CLOCK_SKEW = timedelta(minutes=1)
"""How far two right clocks may differ."""

LEAST_PATH_ROOM = 16
"""Characters to which a column of paths is narrowed, not further."""


def size(count: int | None) -> str:
    """A number of bytes: `100.3 MiB`; a dash for one that is not known."""
    if count is None:
        return "-"
    value = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{count} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def moment(at: datetime | None) -> str:
    """A moment in the reader's own time zone: `2026-11-23 14:31:11`; a dash for none."""
    return "-" if at is None else at.astimezone().strftime("%Y-%m-%d %H:%M:%S")


def ago(at: datetime, now: datetime) -> str:
    """How long ago it was, in its largest unit: `3 hours ago`; by a wrong clock `3 hours in the future`."""
    seconds = abs(round((now - at).total_seconds()))
    for unit, length in (("day", 86400), ("hour", 3600), ("minute", 60)):
        if seconds >= length:
            return f"{counted(seconds // length, unit)} {'in the future' if at > now else 'ago'}"
    return "just now"


def made(at: datetime, now: datetime) -> str:
    """When something was made, by the clock as it was then; one that was ahead is marked."""
    return f"{moment(at)} (in the future)" if at - now > CLOCK_SKEW else moment(at)


def seconds(length: timedelta) -> str:
    """How long something took: `0.42 s`, `3 min 20 s`."""
    total = length.total_seconds()
    if total < 10:
        return f"{total:.2f} s"
    return f"{total:.0f} s" if total < 120 else f"{total // 60:.0f} min {total % 60:.0f} s"


def counted(number: int, thing: str) -> str:
    """`1 backup`, `2 backups`."""
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"


def path(name: str) -> str:
    """A path as its owner would write it: below the home folder with a tilde, and no character unseen."""
    home = os.path.expanduser("~")
    return visible("~" + name[len(home) :] if len(home) > 1 and name.startswith(home + os.sep) else name)


def here(name: str) -> str:
    """A path as somebody in the current folder would write it: what lies in the folder by its name alone."""
    try:
        folder = os.path.join(os.getcwd(), "")
    except OSError:  # the folder was removed meanwhile, or cannot be read
        return path(name)
    inside = name.removeprefix(folder)
    return visible(inside) if inside != name and os.sep not in inside else path(name)


def shortened(name: str, room: int) -> str:
    """A path in at most `room` characters: its end is kept, which tells it from others."""
    return name if len(name) <= room else f"…{name[len(name) - room + 1 :]}"


def doing(job: Job, room: int = PATH_ROOM) -> str:
    """What a job does, or did, to what: `Restoring into snippets.db`, `Backing up …f9d1/state.vscdb`."""
    name = shortened(here(job.database), room)
    if job.kind is JobKind.CREATION:
        return f"Backing up {name}"
    return f"Reverting {name}" if job.reverts else f"Restoring into {name}"


def standing(job: Job) -> str:
    """How a job stands: `running 42 %`, `completed`, `cancelled`, `failed`."""
    if job.outcome is not None:
        return job.outcome.value
    if job.state in (JobState.RUNNING, JobState.CANCELLING):
        return f"{job.state} {job.percentage:.0f} %"
    return job.state.value


def ending(job: Job) -> str:
    """How a job ended, whole: `Backing up snippets.db: failed: It is damaged …`."""
    why = f": {visible(job.error.message)}" if job.error else ""
    return f"{doing(job)}: {standing(job)}{why}"


def took(job: Job) -> str:
    """How long a settled job ran; a dash for one that did not, still does, or saw the clock set back."""
    if job.started is None or job.ended is None or job.ended < job.started:
        return "-"
    return seconds(job.ended - job.started)


def utc_now() -> datetime:
    """The present moment."""
    return datetime.now(UTC)


def table(heads: Sequence[str], rows: Iterable[Sequence[str]], room: int | None = None) -> str:
    """Rows under heads, in columns as wide as their widest word; numbers of bytes stand to the right.

    In `room` characters a line, if that is given: paths are shortened, and what still has no room in its
    line stands below it.
    """
    lines = [tuple(heads), *(tuple(map(visible, row)) for row in rows)]
    widths = [max(len(line[column]) for line in lines) for column in range(len(heads))]
    if room is not None:
        _narrow(heads, widths, room)
    right = {column for column, head in enumerate(heads) if head in ("SIZE", "ADDED", "TOOK", "VERSION")}

    def laid(line: Sequence[str]) -> str:
        cells = (
            shortened(word, width).rjust(width) if column in right else shortened(word, width).ljust(width)
            for column, (word, width) in enumerate(zip(line, widths, strict=True))
        )
        return _joined(cells, room)

    return "\n".join(map(laid, lines))


def _narrow(heads: Sequence[str], widths: list[int], room: int) -> None:
    """Take from the columns of paths what the others need."""
    for column, head in enumerate(heads):
        if head in ("DATABASE", "STORE"):
            over = sum(widths) + 2 * (len(widths) - 1) - room
            widths[column] = max(min(widths[column], LEAST_PATH_ROOM), widths[column] - max(0, over))


def _joined(cells: Iterable[str], room: int | None) -> str:
    lines = [""]
    for cell in cells:
        longer = f"{lines[-1]}  {cell}" if lines[-1] else cell
        if room is None or len(longer.rstrip()) <= room or not lines[-1]:
            lines[-1] = longer
        else:
            lines.append(f"    {cell.strip()}")
    return "\n".join(line.rstrip() for line in lines)


def facts(pairs: Iterable[tuple[str, str]]) -> str:
    """Names and what they are, in two columns."""
    known = [(name, visible(value)) for name, value in pairs]
    width = max(len(name) for name, _ in known)
    return "\n".join(f"{name.ljust(width)}  {value}" for name, value in known)
