"""Taking a snapshot: one consistent image of a live database, into a sink.

The entry of this package. It runs only in the worker process, while that has no connection to the source.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import attrs

from ....core.errors import BadSource, Conflict
from ..database_file import DatabaseFile, examine
from ..held_file import hold
from ..image import Image, Sink
from ..lost_wal import require_wal
from ..soundness import refusal
from .request import CheckKind, Method, Moved, Request, SnapshotCancelled, Unusable

__all__ = ["Method", "SnapshotCancelled", "take"]

ATTEMPTS = 3
MEMORY_BOUND = 128 << 20
"""What may be drained to memory: half of what a worker may take."""

Plan = list[tuple[Method, int]]
"""Methods in the order in which they are tried, and how often each."""


def take(
    path: Path,
    sink: Sink,
    *,
    cancelled: Callable[[], bool],
    deadline: float = 10.0,
    check: CheckKind = "quick",
    force: bool = False,
    method: Method | None = None,
    sound: Callable[[], None] = lambda: None,
    resolved: bool = False,
    copy: Callable[[], Path] | None = None,
) -> Image:
    """Send the pages of one consistent image of `path` to `sink`, and tell what was learnt.

    Readers and writers of the database go on. `cancelled` is asked at each span of 1 MiB; each lock is
    waited for at most `deadline` seconds. `check` asks SQLite whether the image is sound where that costs
    nobody a wait: `Image.problems` is None where it did not, and the caller has to check what it stored.
    `sound` is called, in any thread, once that has found nothing, which may be long before all is read.
    `force` accepts a network file system and a damaged source. `method` is chosen by itself if not given.
    `resolved` says that links in the path were followed before: one is refused now.
    `copy` says where a database that is too large for memory may be copied to for a while.

    Raises NotFound, BadSource (also for a damaged source), DatabaseLocked, StorageFull, Conflict (the
    file changes faster than it can be read) and SnapshotCancelled; the source is as it was.
    """
    file = examine(path, as_source=True, force=force, resolved=resolved)
    with hold(file.path, BadSource) as held:
        require_wal(file.path, held.descriptor, file.header, BadSource)
        request = Request(file.path, sink, cancelled, deadline, check, force, sound, copy, held)
        image = _read(request, [(method, ATTEMPTS)] if method else _plan(file))
    if file.header is not None and file.header.wal:
        image = attrs.evolve(image, journal_mode="wal")  # which SQLite does not say where it may not write
    if image.problems and not force:
        raise refusal(path, image.problems)
    return image


def _read(request: Request, plan: Plan) -> Image:
    why: Exception | None = None
    attempts = 0
    for method, tries in plan:
        for _ in range(tries):
            attempts += 1
            try:
                return attrs.evolve(_reader(method)(request), attempts=attempts)
            except Moved as error:
                why = error
            except Unusable as error:
                why = error
                break
    raise Conflict(f"{request.path} could not be read: {why} Try again.") from why


def _plan(file: DatabaseFile) -> Plan:
    """The raw pages where that was proved, then SQLite's own backup."""
    in_memory = file.size <= MEMORY_BOUND or (file.header is not None and file.header.wal)
    by_sqlite = (Method.BACKUP if in_memory else Method.COPY, 1)
    return [by_sqlite] if sys.platform == "win32" else [(Method.PAGES, ATTEMPTS), by_sqlite]


def _reader(method: Method) -> Callable[[Request], Image]:
    """How `method` reads; imported when it is needed (pages needs fcntl, which Windows has not)."""
    match method:
        case Method.PAGES:
            from . import pages

            return pages.read
        case Method.BACKUP:
            from . import backup_api

            return backup_api.read
        case Method.COPY:
            from . import temporary_copy

            return temporary_copy.read
