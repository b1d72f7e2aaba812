"""Settling a restoration by path C whose worker is gone: by the bytes of the file, under all of its locks.

A closed header says that it was under way: then the former content is put back. Otherwise the stamp of
the restored image, or else the pages, say which content is there.
"""

from __future__ import annotations

from pathlib import Path

from ....core.errors import Ambiguous
from .. import database_header
from ..database_file import beside
from ..failpoints import reach
from ..files import descriptor_of, read_at
from ..undo_catalogue import data_path
from .evidence import Verdict, weigh_files
from .exclusive import Exclusive, exclusive
from .overwrite import Image, complete_side, is_closed, offer, open_header, side_head, write, write_side
from .port import Ending, Settled, Step
from .target import Target
from .undo import redo_name
from .work import Work


def settle_overwritten(step: Step, work: Work, target: Target) -> Settled:
    """How it stands. Raises Ambiguous where other programs have changed it past knowing."""
    with exclusive(target, work.deadline, work.steps) as locks:
        reach("overwritten.locked")
        return _settle(step, work, locks)


def _settle(step: Step, work: Work, locks: Exclusive) -> Settled:
    target, old = locks.target, Image.exact(work.undo_data)
    if is_closed(target):
        return _reopened(step, work, locks, old)
    return _unclosed(step, work, locks, old)


def _reopened(step: Step, work: Work, locks: Exclusive, old: Image) -> Settled:
    """The file is closed: put back what it was, or finish putting it back."""
    replaced = old if step is Step.OVERWRITE else Image.exact(data_path(work.home, redo_name(work.job_id).id))
    if side_head(locks.target, "-wal"):
        # The pages are written only once the WAL is gone, so they are still those of before; and through the
        # WAL other programs may have gone on with them.
        _return_journal(locks.target, replaced)
        open_header(locks.target, replaced.header)
        return Settled(Ending.UNTOUCHED) if step is Step.OVERWRITE else offer(work, locks)
    write(work, locks, old)
    return Settled(Ending.UNTOUCHED if step is Step.OVERWRITE else Ending.UNDONE)


def _return_journal(target: Target, image: Image) -> None:
    if "-journal" in image.sides and not beside(target.path, "-journal").exists():
        write_side(target, "-journal", image)
        complete_side(target, "-journal", image)


def _unclosed(step: Step, work: Work, locks: Exclusive, old: Image) -> Settled:
    """The file is open to programs: it holds the one content or the other, grown since perhaps."""
    verdict = _verdict(work, locks.target)
    reach("overwritten.weighed")
    if verdict is Verdict.UNCLEAR:
        raise Ambiguous(
            f"The restoration of {locks.target.path} was interrupted, and the file holds neither the former "
            f"content nor the restored one. Nothing was touched; the former is undo copy {work.job_id}."
        )
    if verdict is Verdict.OLD:
        if step is Step.OVERWRITE:
            return Settled(Ending.UNTOUCHED)
        _complete_sides(work, locks.target, old)
        return Settled(Ending.UNDONE)
    if work.notes.get("exact"):
        _complete_sides(work, locks.target, Image.exact(work.stage))
    return offer(work, locks)


def _verdict(work: Work, target: Target) -> Verdict:
    header = read_at(target.descriptor, database_header.SIZE, 0)
    if not work.notes["exact"] and header[40:44].hex() == work.notes["overwrite_cookie"]:
        return Verdict.NEW
    if not (work.stage.exists() and work.undo_data.exists()):
        return Verdict.UNCLEAR
    return weigh_files(target.descriptor, work.stage, work.undo_data)


def _complete_sides(work: Work, target: Target, image: Image) -> None:
    for suffix, kept in image.sides.items():
        path, head = beside(target.path, suffix), side_head(target, suffix)
        if not head and path.exists() and path.stat().st_size == kept.stat().st_size:
            complete_side(target, suffix, image)
        elif not _continues(head, kept):
            raise Ambiguous(
                f"The restoration of {target.path} was interrupted, and another program has used {path.name} "
                f"since. Nothing was touched; what it held is kept as undo copy {work.job_id}."
            )


def _continues(head: bytes, kept: Path) -> bool:
    """Whether a file beside the database is the kept one, or a WAL that has gone on from it.

    A WAL that begins again counts up the first of its salts; one that knew nothing of the kept draws it.
    """
    with descriptor_of(kept) as descriptor:
        before = read_at(descriptor, len(head), 0)
    restarts = int.from_bytes(head[16:20], "big") - int.from_bytes(before[16:20], "big")
    return bool(head) and (
        head == before or (head[:12] == before[:12] and 0 <= restarts % (1 << 32) < 1 << 16)
    )
