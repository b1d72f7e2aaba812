"""Path A: an image into a live database, in one transaction of SQLite's own, through its backup API.

Readers see the old content until they end their transaction, then the new; never a mix. The order is the
whole of the safety, and the failpoints are named by it: A2 a descriptor, then a connection; A3 the write
lock, by a step that copies nothing; A4 under it the undo copy, so that no acknowledged write falls in
between, and the note of it; A5 the pages; A6 the commit, then the offer; A7 the undoing of a declined one;
A8 clearing up.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import attrs

from ....core.job import UndoCopy
from ..database_file import beside
from ..database_header import Header
from ..failpoints import reach
from ..files import wal_is_empty
from ..sqlite_backup import read_pages
from .connections import Patience, checkpoint_on_close, image, live
from .copying import Runs, copy_bytes
from .first_page import say_mode
from .port import Step, Steps, check_cancel
from .target import Target
from .undo import CopyName, keep
from .work import Work

_STEP_BYTES = 2 << 20
_ROLLBACK_CACHE_KIB = 32 << 10


@attrs.frozen
class Replacing:
    """One replacement of the content of `target` by the one of `image`.

    `step` is what is noted before the first page is changed, `copy` what the old content is called.
    """

    image: Path
    target: Target
    copy: CopyName
    step: Step
    work: Work

    @property
    def steps(self) -> Steps:
        """Whom it tells."""
        return self.work.steps


def replace(job: Replacing, offer: Callable[[UndoCopy], bool]) -> bool:
    """Put the image in place, then `offer` it; what `offer` said.

    Raises CancelAsked or DatabaseLocked with the target untouched. After any other error only
    the database itself can say whether the new content is in place.
    """
    patience = job.work.patience()
    with live(job.target.file, patience) as destination:
        reach("restore.a2.opened")
        destination.pragma("cache_size", -_ROLLBACK_CACHE_KIB)
        copy = _commit_image(job, destination, patience)
        reach("restore.a6.committed")
        kept = offer(copy)
        reach("restore.a6.settled")
        if kept:
            checkpoint_on_close(destination)
    reach("restore.a8.closed")
    return kept


def _commit_image(job: Replacing, destination: apsw.Connection, patience: Patience) -> UndoCopy:
    with image(job.image) as source:
        backup = destination.backup("main", source, "main")
        try:
            with patience.explained(job.target.path):
                backup.step(0)  # takes the write lock and copies nothing
            reach("restore.a3.locked")
            copy = _keep_and_note(job, patience)
            _copy_pages(job, backup, page_size=int(str(source.pragma("page_size"))))
        finally:
            backup.close(True)  # unfinished, it rolls back
    return copy


def _keep_and_note(job: Replacing, patience: Patience) -> UndoCopy:
    target = job.target
    target.require_in_place()
    check_cancel(job.steps)
    header = target.header()
    if _in_wal_mode(target, header):
        copy, schema_version = _keep_wal(job, patience)
    else:
        copy = keep(job.work.home, job.copy, target, lambda to: _copy_file(job, to))
        schema_version = header.schema_cookie if header is not None else 0
    reach("restore.a4.kept")
    job.work.note(job.step, **{f"{job.step}_schema_version": schema_version})
    reach("restore.a4.noted")
    return copy


def _in_wal_mode(target: Target, header: Header | None) -> bool:
    """SQLite uses a WAL that has content whatever the header says (a main file may be an older one)."""
    return (header is not None and header.wal) or (
        beside(target.path, "-wal").exists() and not wal_is_empty(target.path)
    )


def _keep_wal(job: Replacing, patience: Patience) -> tuple[UndoCopy, int]:
    with live(job.target.file, patience) as reader, patience.explained(job.target.path):
        reader.execute("BEGIN")
        schema_version = int(str(reader.pragma("schema_version")))
        copy = keep(job.work.home, job.copy, job.target, lambda to: _copy_transaction(job, reader, to))
        reader.execute("ROLLBACK")
    return copy, schema_version


def _copy_transaction(job: Replacing, reader: apsw.Connection, to: int) -> None:
    size = int(str(reader.pragma("page_count"))) * int(str(reader.pragma("page_size")))
    copied, runs = 0, Runs(to)

    def take(offset: int, data: bytes) -> None:
        nonlocal copied
        runs.write(offset, data)
        copied += len(data)

    def each_step() -> None:
        check_cancel(job.steps)
        reach("restore.a4.copied")
        job.steps.progressed("undo copy", min(copied, size), size)

    read_pages(reader, take, each_step)
    runs.flush()
    job.steps.progressed("undo copy", size, size)
    say_mode(to, wal=False)


def _copy_file(job: Replacing, to: int) -> None:
    # Under the exclusive lock no other connection can read, but the file is still the original's.
    size = job.target.bytes

    def told(copied: int) -> None:
        check_cancel(job.steps)
        reach("restore.a4.copied")
        job.steps.progressed("undo copy", copied, size)

    copy_bytes(job.target.descriptor, to, size, told)


def _copy_pages(job: Replacing, backup: apsw.Backup, *, page_size: int) -> None:
    pages = max(1, _STEP_BYTES // page_size)
    while not backup.done:
        check_cancel(job.steps)
        reach("restore.a5.step")
        backup.step(pages)
        done = backup.page_count - backup.remaining
        job.steps.progressed("restore", done * page_size, backup.page_count * page_size)
