"""Restoring and reverting: from what was asked to how it ended, each step where it belongs.

Chooses path A (live.py), B (create.py) or C (overwrite.py), and makes sure that every exit but a lost
ownership leaves either the old content or the new, and says which. A revert is a restoration whose source is
an undo copy.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import apsw
import attrs

from ....core.errors import FORCE_IT, BadTarget, OwnershipLost, ReprieveError
from ....core.job import UndoCopy
from ..border import foreign_errors
from ..failpoints import reach
from ..home import Home
from ..undo_catalogue import renew
from .create import create
from .live import Replacing, replace
from .mode import leave_wal, return_to_wal
from .overwrite import overwrite
from .port import CancelAsked, Ending, Settled, Source, Step, Steps
from .recovery import settle_live, undo_commit
from .stage import fetch
from .target import Shape, Target, examine, held, locate, require_space
from .undo import undo_name, undo_source
from .work import Work

_MAY_HAVE_COMMITTED = {Step.COMMIT, Step.CREATE, Step.OVERWRITE}


def restore(
    source: Source,
    target: Path,
    *,
    job_id: str,
    home: Home,
    steps: Steps,
    deadline: float = 10.0,
    force: bool = False,
    resolved: bool = False,
) -> Settled:
    """Put the image of `source` in place of the whole content of the database at `target`.

    `deadline` is how many seconds it waits for each lock. `force` restores where the text encoding differs,
    or on a network file system.

    Raises BadTarget, NotFound, StorageFull, RepositoryCorrupt or DatabaseLocked with the target untouched;
    OwnershipLost with everything left to recovery. An error from the undoing of a cancelled
    restoration leaves everything to recovery too.
    """
    plan = _Plan(source, Work(job_id, home, steps, deadline), "a restoration", any_encoding=force)
    return _carried_out(plan, target, "restoring into", force=force, resolved=resolved)


def revert(
    undo_id: str,
    target: Path,
    *,
    job_id: str,
    home: Home,
    steps: Steps,
    deadline: float = 10.0,
    force: bool = False,
    resolved: bool = False,
) -> Settled:
    """Put an undo copy back; what is there now becomes the newest undo copy.

    Raises as `restore` does, and NotFound if there is no such copy.
    """
    work = Work(job_id, home, steps, deadline)
    source = undo_source(home, renew(home, undo_id))
    plan = _Plan(source, work, "a revert", any_encoding=True, undo_id=undo_id)
    return _carried_out(plan, target, "reverting", force=force, resolved=resolved)


@attrs.frozen
class _Plan:
    """What is to be put in place, by which job, and what it may do."""

    source: Source
    work: Work
    reason: str
    any_encoding: bool
    undo_id: str | None = None


def _carried_out(plan: _Plan, target: Path, doing: str, *, force: bool, resolved: bool) -> Settled:
    path = locate(target, force=force, resolved=resolved)
    with foreign_errors(doing, path, BadTarget):
        return _ended(plan.work, path, lambda: _by_its_path(plan, path))


def _ended(work: Work, path: Path, action: Callable[[], Settled]) -> Settled:
    """What `action` gives. Nothing is left of one that was stopped before it could commit."""
    try:
        settled = action()
    except CancelAsked:
        settled = Settled(Ending.UNTOUCHED)
    except OwnershipLost:
        raise
    except (ReprieveError, apsw.Error, OSError):
        if not work.passed & _MAY_HAVE_COMMITTED:
            work.clean(Ending.UNTOUCHED, path)
        raise
    work.clean(settled.ending, path)
    return settled


def _by_its_path(plan: _Plan, path: Path) -> Settled:
    if not path.exists():
        return create(plan.work, plan.source, path, undo_id=plan.undo_id)
    with held(path) as target:
        shape = examine(target, plan.work.patience())
        if shape is None or plan.source.exact:
            return overwrite(plan.work, plan.source, target, reason=plan.reason, undo_id=plan.undo_id)
        return _into_live(plan, target, shape)


def _into_live(plan: _Plan, target: Target, shape: Shape) -> Settled:
    work, source = plan.work, plan.source
    # Only where nobody else has it open can a database leave WAL mode, to take pages of another size.
    switch = shape.wal and not shape.empty and shape.page_size != source.page_size
    change = max(source.size, target.bytes)
    require_space(
        [(work.home.stages, source.size), (work.home.undo, target.bytes), (target.path.parent, change)]
    )
    device, inode = target.identity
    work.note(Step.STAGE, path=str(target.path), device=device, inode=inode, switched=switch)
    reach("restore.a0.noted")
    if switch:
        leave_wal(target, work.patience())
    try:
        header = fetch(source, work.stage, work.steps, wal=False)
        if header is not None and not (shape.empty or plan.any_encoding or header.encoding == shape.encoding):
            raise BadTarget(
                f"The backup's text is {header.encoding} and that of {target.path} {shape.encoding}, which "
                f"programs that have it open would misread; close them and {FORCE_IT}."
            )
        return _replaced(plan, target)
    finally:
        if switch:
            return_to_wal(target, work.resolute().patience())


def _replaced(plan: _Plan, target: Target) -> Settled:
    work = plan.work
    copies: list[UndoCopy] = []

    def offer(copy: UndoCopy) -> bool:
        copies.append(copy)
        return work.steps.commit()

    try:
        name = undo_name(work.job_id, plan.reason)
        kept = replace(Replacing(work.stage, target, name, Step.COMMIT, work), offer)
    except (apsw.Error, OSError):
        if Step.COMMIT not in work.passed:
            raise
        settled = settle_live(Step.COMMIT, work, target)
        if settled.ending is Ending.UNTOUCHED:
            work.clean(settled.ending, target.path)
            raise
        return settled
    if kept:
        return Settled(Ending.RESTORED, copies[0])
    return Settled(Ending.UNDONE, undo_commit(work, target))
