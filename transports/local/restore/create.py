"""Path B: a new file where nothing is.

The file is whole and durable before its name appears, and a file that appears under the missing name
meanwhile is never overwritten. Once another program has written to the new file there is no way back but a
restoration.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from ....core.errors import Ambiguous, Conflict
from ..database_file import SIDE_FILES, beside
from ..failpoints import reach
from ..files import descriptor_of, name_new, own_like_folder, own_like_parent, sync_folder, written
from ..undo_catalogue import data_path
from .copying import copy_bytes
from .port import Ending, Settled, Source, Step, check_cancel
from .stage import fetch
from .target import held, require_space
from .work import Work


def create(work: Work, source: Source, path: Path, *, undo_id: str | None = None) -> Settled:
    """Restore to a path where nothing is. Raises Conflict if something appears there meanwhile.

    `undo_id` is the undo copy that is put back, if it is one: what lay beside its file comes back too.
    """
    require_space([(path.parent, source.size)])
    incoming = work.incoming(path)
    work.note(Step.STAGE, path=str(path))
    reach("restore.a0.noted")
    fetch(source, incoming, work.steps, wal=None if source.exact else source.wal)
    own_like_parent(incoming)
    _note_new(work, incoming, undo_id if source.exact else None)
    check_cancel(work.steps)
    _make_side_files(work, path)
    reach("create.naming")
    try:
        name_new(incoming, path)
    except FileExistsError:
        _remove_side_files(work, path)
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
        _remove_side_files(work, path)
        return Settled(Ending.UNTOUCHED)
    if _identity(path) == (work.notes.get("create_device"), work.notes.get("create_inode")):
        work.incoming(path).unlink(missing_ok=True)  # where it is the new file's second name
        return _offer_created(work, path)
    if work.incoming(path).exists():
        return Settled(Ending.UNTOUCHED)
    raise Ambiguous(
        f"The restoration of {path} was interrupted, and another file has taken its place since, so how it "
        "ended is unknown. Nothing was touched; every copy is kept."
    )


def _offer_created(work: Work, path: Path) -> Settled:
    if work.steps.commit():
        return Settled(Ending.RESTORED)
    with held(path) as target:
        changed = os.fstat(target.descriptor).st_mtime_ns != work.notes["create_mtime_ns"]
        if changed or _strange_side_files(work, path):
            raise Conflict(
                f"The cancel came too late: another program already uses what was restored to {path}, and "
                "it was left in place."
            )
        target.require_in_place()
        reach("create.removing")
        _remove_side_files(work, path)
        path.unlink()
        sync_folder(path.parent)
    reach("create.removed")
    return Settled(Ending.UNDONE)


def _note_new(work: Work, incoming: Path, undo_id: str | None) -> None:
    """Note by what the new file will be known, once it has another name."""
    status = incoming.stat()
    work.note(
        Step.CREATE,
        create_device=status.st_dev,
        create_inode=status.st_ino,
        create_mtime_ns=status.st_mtime_ns,
        undo_id=undo_id,
    )


def _identity(path: Path) -> tuple[int, int]:
    status = path.stat()
    return status.st_dev, status.st_ino


# -- what lay beside the file of an undo copy ------------------------------------------------


def _kept_side_files(work: Work, path: Path) -> Iterator[tuple[Path, Path]]:
    """Each kept file, and where it belongs."""
    undo_id = work.notes.get("undo_id")
    if undo_id is not None:
        kept = data_path(work.home, str(undo_id))
        for suffix in SIDE_FILES:
            if beside(kept, suffix).exists():
                yield beside(kept, suffix), beside(path, suffix)


def _make_side_files(work: Work, path: Path) -> None:
    for kept, side in _kept_side_files(work, path):
        part = beside(work.incoming(path), side.name.removeprefix(path.name))
        with descriptor_of(kept) as old, written(side, "create.side", part=part) as new:
            own_like_folder(new, path.parent)
            copy_bytes(old, new, os.fstat(old).st_size, lambda done: None)


def _remove_side_files(work: Work, path: Path) -> None:
    for _kept, side in _kept_side_files(work, path):
        side.unlink(missing_ok=True)


def _strange_side_files(work: Work, path: Path) -> bool:
    ours = {side for _kept, side in _kept_side_files(work, path)}
    return any(side.exists() and side not in ours for side in (beside(path, end) for end in SIDE_FILES))
