"""Path B: a new file in the place of a missing one, or of one that is no database.

Only where it is proved that nobody has the old file open (proof.py): whoever had would go on committing
into a file without a name. The new file is whole and durable before its name appears, and a file
that appears under a missing name meanwhile is never overwritten. Once another program has
written to the new file there is no way back but a restoration by path A.
"""

from __future__ import annotations

import os
from pathlib import Path

from ....core.errors import Ambiguous, Conflict
from ..database_file import SIDE_FILES, beside
from ..failpoints import reach
from ..files import descriptor_of, name_new, own_like_parent, sync_folder, written
from ..undo_catalogue import data_path, find_undo
from .copying import copy_bytes
from .port import Ending, Settled, Source, Step, check_cancel
from .proof import Still, alone
from .stage import fetch
from .target import Target, held, require_space
from .undo import keep, undo_name
from .work import Work

# The -shm is rebuilt from these.
_KEPT_SIDE_FILES = ("-wal", "-journal")


# -- a missing file --------------------------------------------------------------------------


def create(work: Work, source: Source, path: Path) -> Settled:
    """Restore to a path where nothing is. Raises Conflict if something appears there meanwhile."""
    require_space([(path.parent, source.size)])
    incoming = work.incoming(path)
    work.note(Step.STAGE, path=str(path))
    reach("restore.a0.noted")
    fetch(source, incoming, work.steps, keep_mode=True)
    own_like_parent(incoming)
    _note_new(work, Step.CREATE, incoming)
    check_cancel(work.steps)
    reach("create.naming")
    try:
        name_new(incoming, path)
    except FileExistsError:
        work.clean(Ending.UNTOUCHED, path)
        raise Conflict(
            f"Another program made {path} while the backup was fetched; it was not overwritten. Restore into "
            "it, or name another path."
        ) from None
    reach("create.named")
    return _offer_created(work, path)


def settle_created(work: Work, path: Path) -> Settled:
    """How a restoration to a missing path stands, whose worker is gone."""
    if not path.exists():
        return Settled(Ending.UNTOUCHED)
    if _is_noted(work, Step.CREATE, path):
        work.incoming(path).unlink(missing_ok=True)  # where it is the new file's second name
        return _offer_created(work, path)
    if work.incoming(path).exists():
        return Settled(Ending.UNTOUCHED)
    raise _unknown(path)


def _offer_created(work: Work, path: Path) -> Settled:
    if work.steps.commit():
        return Settled(Ending.RESTORED)
    with held(path) as target, alone(target, force=False) as still:
        _require_unchanged(work, Step.CREATE, target)
        still()
        reach("create.removing")
        path.unlink()
        sync_folder(path.parent)
    reach("create.removed")
    return Settled(Ending.UNDONE)


# -- a file that is no database --------------------------------------------------------------


def swap(
    work: Work, source: Source, target: Target, *, reason: str, force: bool, undo_id: str | None
) -> Settled:
    """Replace a file that SQLite cannot open. Raises BadTarget unless that is proved safe, or forced.

    `undo_id` is the copy that is put back, if it is one: what lay beside its file comes back too.
    """
    path = target.path
    with alone(target, force=force):
        require_space([(path.parent, source.size), (work.home.undo, target.bytes)])
    device, inode = target.identity
    work.note(Step.STAGE, path=str(path), device=device, inode=inode, force=force, undo_id=undo_id)
    reach("restore.a0.noted")
    fetch(source, work.incoming(path), work.steps, keep_mode=True)
    with alone(target, force=force) as still:
        _keep_files(work, target, reason)
        check_cancel(work.steps)
        _exchange(work, target, Step.SWAP, still)
    return _offer_swapped(work, path)


def settle_swapped(work: Work, path: Path) -> Settled:
    """How a swap stands whose worker is gone; finishes what lies beside the file, and offers a swap made."""
    if _is_noted(work, Step.SWAP, path):
        return _offer_swapped(work, path)
    original = (work.notes["device"], work.notes["inode"])
    if _identity(path) != original and not _is_noted(work, Step.UNDO, path):
        raise _unknown(path)
    _put_side_files_back(work, work.job_id, path)
    return Settled(Ending.UNTOUCHED if _identity(path) == original else Ending.UNDONE)


def _offer_swapped(work: Work, path: Path) -> Settled:
    undo_id = work.notes["undo_id"]
    if undo_id is not None:
        _put_side_files_back(work, str(undo_id), path)
    if work.steps.commit():
        return Settled(Ending.RESTORED, find_undo(work.home, work.job_id))
    work = work.resolute()
    with held(path) as target, alone(target, force=bool(work.notes["force"])) as still:
        _require_unchanged(work, Step.SWAP, target)
        with descriptor_of(work.undo_data) as old, written(work.incoming(path), "swap.back") as descriptor:
            copy_bytes(old, descriptor, work.undo_data.stat().st_size, lambda copied: None)
        _exchange(work, target, Step.UNDO, still)
        _put_side_files_back(work, work.job_id, path)
    return Settled(Ending.UNDONE)


def _exchange(work: Work, target: Target, step: Step, still: Still) -> None:
    path, incoming = target.path, work.incoming(target.path)
    status = os.fstat(target.descriptor)
    os.chmod(incoming, status.st_mode)
    if hasattr(os, "chown") and (status.st_uid, status.st_gid) != (os.geteuid(), os.getegid()):
        os.chown(incoming, status.st_uid, status.st_gid)
    _note_new(work, step, incoming)
    reach("swap.exchanging")
    still()
    for suffix in SIDE_FILES:
        beside(path, suffix).unlink(missing_ok=True)
        reach("swap.side_removed")
    os.replace(incoming, path)
    sync_folder(path.parent)
    reach("swap.exchanged")


def _keep_files(work: Work, target: Target, reason: str) -> None:
    data = data_path(work.home, work.job_id)
    for suffix in _KEPT_SIDE_FILES:
        side = beside(target.path, suffix)
        if side.exists():
            _copy(side, beside(data, suffix))
    size = target.bytes
    keep(
        work.home,
        undo_name(work.job_id, reason),
        target,
        lambda to: copy_bytes(target.descriptor, to, size, lambda copied: None),
    )


def _put_side_files_back(work: Work, undo_id: str, path: Path) -> None:
    data = data_path(work.home, undo_id)
    for suffix in _KEPT_SIDE_FILES:
        kept, side = beside(data, suffix), beside(path, suffix)
        if kept.exists() and not side.exists():
            _copy(kept, side)
            reach("swap.side_returned")


def _copy(source: Path, destination: Path) -> None:
    with descriptor_of(source) as old, written(destination, "swap.side") as new:
        copy_bytes(old, new, source.stat().st_size, lambda copied: None)


# -- which file it is ------------------------------------------------------------------------


def _note_new(work: Work, step: Step, incoming: Path) -> None:
    """Note by what the new file will be known, once it has another name."""
    status = incoming.stat()
    facts = {"device": status.st_dev, "inode": status.st_ino, "mtime_ns": status.st_mtime_ns}
    work.note(step, **{f"{step}_{name}": value for name, value in facts.items()})


def _is_noted(work: Work, step: Step, path: Path) -> bool:
    return _identity(path) == (work.notes.get(f"{step}_device"), work.notes.get(f"{step}_inode"))


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


def _require_unchanged(work: Work, step: Step, target: Target) -> None:
    sides = any(beside(target.path, suffix).exists() for suffix in SIDE_FILES)
    if sides or os.fstat(target.descriptor).st_mtime_ns != work.notes[f"{step}_mtime_ns"]:
        raise Conflict(
            f"The cancel came too late: another program already uses what was restored to {target.path}, and "
            "it was left in place."
        )


def _unknown(path: Path) -> Ambiguous:
    return Ambiguous(
        f"The restoration of {path} was interrupted, and another file has taken its place since, so that "
        "nobody can tell how it ended. Nothing was touched; every copy is kept."
    )
