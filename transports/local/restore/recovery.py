"""Settling a restoration whose worker is gone, by asking the database, never the journal alone.

The journal's commit and the database's are two commits, so either may be missing. The old worker MUST be
dead (worker_lock) and the target's write lock is taken before anything is decided: a worker that was only
stopped could commit afterwards. Recovery restores nothing; it finds out, and undoes if that was asked.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import apsw

from ....core.errors import Ambiguous, BadTarget
from ....core.job import UndoCopy
from ..border import foreign_errors
from ..failpoints import reach
from ..home import Home
from ..os_lock import OsLock
from ..undo_catalogue import find_undo
from .connections import live
from .create import settle_created
from .evidence import Verdict, weigh
from .live import Replacing, replace
from .mode import return_to_wal
from .overwritten import settle_overwritten
from .port import Ending, Settled, Step, Steps
from .target import Target, held
from .undo import redo_name
from .work import Work


def worker_lock(home: Home, job_id: str) -> OsLock:
    """The lock that the worker of a job holds for as long as it lives.

    A worker that starts a job acquires it; one that recovers a job calls its `end_holder` first.
    """
    return OsLock(home.workers / f"{job_id}.lock")


def recover(
    step: str, notes: Mapping[str, object], *, job_id: str, home: Home, steps: Steps, deadline: float = 10.0
) -> Settled:
    """How the restoration stands that noted `step` and `notes`; the caller holds its worker_lock.

    Committed work is offered (`steps.commit`) and undone if a cancel was asked. Raises Ambiguous, with
    every copy kept, where the target holds neither content; DatabaseLocked (temporary) while another
    program has it locked. May be killed and run again at any point.
    """
    work = Work(job_id, home, steps, deadline, dict(notes)).resolute()
    target = Path(str(notes.get("path", "")))
    with foreign_errors("recovering", target, BadTarget):
        if step and step not in {known.value for known in Step}:
            raise _ambiguous(target, work, "another version of reprieve began it")
        settled = _settle(Step(step) if step else Step.STAGE, work, target)
        if notes:
            _return_mode(work, target)
            work.clean(settled.ending, target)
        reach("recovery.cleaned")
    return settled


def _settle(step: Step, work: Work, path: Path) -> Settled:
    if step is Step.STAGE:
        return Settled(Ending.UNTOUCHED)
    if step is Step.ENDED:
        return Settled(Ending(str(work.notes["ending"])))
    if step is Step.CREATE:
        return settle_created(work, path)
    if not path.exists():
        raise _ambiguous(path, work, "it is gone")
    with held(path) as target:
        if target.identity != (work.notes["device"], work.notes["inode"]):
            raise _ambiguous(path, work, "another file has taken its place")
        if "overwrite_cookie" in work.notes:
            return settle_overwritten(step, work, target)
        return settle_live(step, work, target)


def _return_mode(work: Work, path: Path) -> None:
    if work.notes.get("switched") and path.exists():
        with held(path) as target:
            return_to_wal(target, work.patience())


def settle_live(step: Step, work: Work, target: Target) -> Settled:
    """How a restoration by path A stands that noted `step`; nothing is removed yet."""
    if _ask(step, work, target) is Verdict.OLD:
        return Settled(Ending.UNDONE if step is Step.UNDO else Ending.UNTOUCHED)
    return offer(work, target)


def offer(work: Work, target: Target) -> Settled:
    """Offer the committed content; if a cancel came first, put the old content back (A7)."""
    copy = find_undo(work.home, work.job_id)
    if work.steps.commit():
        return Settled(Ending.RESTORED, copy)
    return Settled(Ending.UNDONE, undo_commit(work, target))


def undo_commit(work: Work, target: Target) -> UndoCopy:
    """Put the old content back, and keep what is there now as a copy: A7. Idempotent.

    Raises DatabaseLocked and the like with everything kept, so that recovery can do it later.
    """
    reach("restore.a7.begun")
    kept: list[UndoCopy] = []

    def keep(copy: UndoCopy) -> bool:
        kept.append(copy)
        return True

    back = Replacing(work.undo_data, target, redo_name(work.job_id), Step.UNDO, work.resolute())
    replace(back, keep)
    reach("restore.a7.done")
    return kept[0]


def _ask(step: Step, work: Work, target: Target) -> Verdict:
    work = work.resolute()
    patience = work.patience()
    with live(target.file, patience) as writer:
        with patience.explained(target.path):
            writer.execute("BEGIN IMMEDIATE")
        reach("recovery.locked")
        if writer.pragma("schema_version") == work.notes[f"{step}_schema_version"]:
            if step is Step.UNDO:
                return Verdict.NEW  # the undoing did not commit, so the restoration is still in place
            _seal(writer)
            return Verdict.OLD
        return _weigh(work, target)


def _seal(writer: apsw.Connection) -> None:
    """Make sure that what did not commit never will.

    A worker killed between writing the last frame of its transaction to the WAL and publishing it leaves
    frames that nobody sees now, but that SQLite would find whole and take as committed once every
    program has died. Any write takes their place; this one changes nothing.
    """
    if writer.pragma("journal_mode") == "wal":
        writer.pragma("user_version", writer.pragma("user_version"))
        reach("recovery.sealing")
        writer.execute("COMMIT")
    reach("recovery.sealed")


def _weigh(work: Work, target: Target) -> Verdict:
    new, old = work.stage, work.undo_data
    if not (new.exists() and old.exists()):
        raise _ambiguous(target.path, work, "a copy that it has to be compared with is gone")
    patience = work.patience()
    with live(target.file, patience) as reader, patience.explained(target.path):
        verdict = weigh(reader, new, old)
    reach("recovery.weighed")
    if verdict is Verdict.UNCLEAR:
        raise _ambiguous(target.path, work, "it holds neither the old content nor the restored one")
    return verdict


def _ambiguous(path: Path, work: Work, why: str) -> Ambiguous:
    return Ambiguous(
        f"The restoration of {path} was interrupted, and whether it took effect cannot be told: {why}. "
        f"Nothing was touched; what was there before is kept as undo copy {work.job_id}."
    )
