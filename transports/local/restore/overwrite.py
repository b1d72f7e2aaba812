"""Path C: an image over the bytes of a file that SQLite cannot read, or should not touch.

The file stays the same file (its inode), so a program that has it open goes on with the new content. All of
SQLite's locks are held meanwhile (exclusive.py), and first every byte of what is there, and of the WAL and
the journal beside it, becomes an undo copy that comes back byte for byte.

No program is kept out any more once this process has died. So the first thing to be written is a header that
no program takes for a database, and the last the true one: what lies in between is refused by every SQLite,
and recovery (overwritten.py) finds it. Each part is durable before the next begins: undo copy, note, closed
header, removal of WAL and journal, pages, header.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import attrs

from ....core.errors import BadTarget, OwnershipLost, ReprieveError, StorageError
from ....core.job import UndoCopy
from .. import database_header
from ..byte_locks import program
from ..database_file import NO_WAIT, beside
from ..failpoints import reach
from ..files import descriptor_of, like, read_at, sync, write_at, written
from ..undo_catalogue import data_path, find_undo
from .copying import copy_bytes
from .exclusive import Exclusive, exclusive
from .first_page import stamped
from .port import CancelAsked, Ending, Settled, Source, Step, check_cancel
from .stage import fetch
from .target import Target, require_space
from .undo import CopyName, keep, redo_name, undo_name
from .work import Work

KEPT_SIDE_FILES = ("-wal", "-journal")
"""What else a database's content is in; the -shm is rebuilt from the -wal."""

CLOSED = b"A database that reprieve is restoring. `reprieve jobs` shows how it is going.\n".ljust(
    database_header.SIZE, b"\n"
)
"""The first bytes of a file that is being overwritten."""

_SIDE_HEAD = 32
"""The bytes at the start of a WAL or a journal without which SQLite does not look at the rest."""


@attrs.frozen
class Image:
    """What is to be the file: `main` but for its first bytes, which are `header`, and what lies beside it."""

    main: Path
    header: bytes
    sides: Mapping[str, Path] = attrs.field(factory=dict)

    @classmethod
    def exact(cls, main: Path) -> Image:
        """The bytes of an undo copy, as they were."""
        sides = {suffix: beside(main, suffix) for suffix in KEPT_SIDE_FILES if beside(main, suffix).exists()}
        return cls(main, _start_of(main), sides)

    @property
    def size(self) -> int:
        """How long the file is to be."""
        return self.main.stat().st_size


def overwrite(
    work: Work, source: Source, target: Target, *, reason: str, undo_id: str | None = None
) -> Settled:
    """Restore `source` over whatever the target is. `undo_id` is the undo copy that it is, if it is one.

    Raises DatabaseLocked with everything untouched while another program uses the file.
    """
    sides = _side_files(target)
    kept = target.bytes + sum(path.stat().st_size for path in sides.values())
    growth = max(0, source.size - target.bytes)
    require_space([(work.home.stages, source.size), (work.home.undo, kept), (target.path.parent, growth)])
    device, inode = target.identity
    facts = {"device": device, "inode": inode, "exact": source.exact}
    work.note(Step.STAGE, path=str(target.path), **facts)
    reach("restore.a0.noted")
    fetch(source, work.stage, work.steps, wal=None)
    if undo_id is not None and source.exact:
        _stage_sides(work, undo_id)
    with exclusive(target, work.deadline, work.steps) as locks:
        reach("overwrite.locked")
        if source.exact:
            image = Image.exact(work.stage)
            _require_one_mode(locks, image)
        else:
            image = _stamped(work, source, locks)
        _replace(work, locks, image, undo_name(work.job_id, reason), Step.OVERWRITE)
        return offer(work, locks)


def offer(work: Work, locks: Exclusive) -> Settled:
    """Offer what is in place; if a cancel came first, put back what was there."""
    if work.steps.commit():
        return Settled(Ending.RESTORED, find_undo(work.home, work.job_id))
    reach("overwrite.declined")
    old = Image.exact(work.undo_data)
    redo = _replace(work.resolute(), locks, old, redo_name(work.job_id), Step.UNDO)
    return Settled(Ending.UNDONE, redo)


def _replace(work: Work, locks: Exclusive, image: Image, name: CopyName, step: Step) -> UndoCopy:
    """Keep what is there as `name`, then write `image`. An error or a cancel leaves what was there."""
    locks.target.require_in_place()
    locks.require_wal()
    copy = _keep(work, locks.target, name)
    check_cancel(work.steps)
    work.note(step, **{f"{step}_cookie": image.header[40:44].hex()})
    reach("overwrite.noted")
    try:
        write(work, locks, image)
    except (CancelAsked, OwnershipLost):
        _put_back(work, locks, name)
        raise
    except (ReprieveError, OSError):
        _put_back(work, locks, name)
        if step is Step.OVERWRITE:
            work.clean(Ending.UNTOUCHED, locks.target.path)
        raise
    return copy


def _put_back(work: Work, locks: Exclusive, name: CopyName) -> None:
    """Write what was kept as `name`, whatever became of the job meanwhile."""
    try:
        write(work.unheard(), locks, Image.exact(data_path(work.home, name.id)))
    except OSError as error:
        raise StorageError(
            f"Neither the restored content nor the former could be written to {locks.target.path} ({error}), "
            f"which no program can open now. The former content is kept as undo copy {name.id}: look at the "
            "disk, then bring it back with `reprieve revert`."
        ) from error


def write(work: Work, locks: Exclusive, image: Image) -> None:
    """Make the file, and what is beside it, those of `image`; whatever they are now, or half of it."""
    target = locks.target
    locks.invalidate_index()
    write_at(target.descriptor, CLOSED, 0)
    sync(target.descriptor)
    reach("overwrite.closed")
    locks.remove_side_files()
    _write_body(work, target, image)
    for suffix in image.sides:
        write_side(target, suffix, image)
    reach("overwrite.synced")
    open_header(target, image.header)
    for suffix in image.sides:
        complete_side(target, suffix, image)
    if "-wal" not in image.sides:
        locks.publish_empty_index()
    reach("overwrite.done")


def open_header(target: Target, header: bytes) -> None:
    """Put the true first bytes in place: from now on SQLite reads the file again."""
    if len(header) < database_header.SIZE:
        os.ftruncate(target.descriptor, len(header))
    write_at(target.descriptor, header, 0)
    sync(target.descriptor)
    reach("overwrite.opened")


def complete_side(target: Target, suffix: str, image: Image) -> None:
    """Write the first bytes of a file beside the database, which make SQLite look at it."""
    with descriptor_of(image.sides[suffix]) as old:
        head = read_at(old, _SIDE_HEAD, 0)
    with _side_file(target, suffix) as new:
        write_at(new, head, 0)
        sync(new)
    reach("overwrite.side_opened")


def side_head(target: Target, suffix: str) -> bytes:
    """The first bytes of a file beside the database that may be in use; empty if it says nothing."""
    path = beside(target.path, suffix)
    if not path.exists():
        return b""
    with descriptor_of(path) as descriptor:
        head = read_at(descriptor, _SIDE_HEAD, 0)
    return head if any(head) else b""


def is_closed(target: Target) -> bool:
    """Whether the file is one that was being overwritten."""
    start = read_at(target.descriptor, database_header.SIZE, 0)
    return bool(start) and start == CLOSED[: len(start)]


def _write_body(work: Work, target: Target, image: Image) -> None:
    size = image.size

    def copied(done: int) -> None:
        work.steps.progressed("restore", done, size)
        check_cancel(work.steps)
        reach("overwrite.step")

    with descriptor_of(image.main) as new:
        copy_bytes(new, target.descriptor, size, copied, start=database_header.SIZE)
    os.ftruncate(target.descriptor, max(size, database_header.SIZE))
    sync(target.descriptor)


def write_side(target: Target, suffix: str, image: Image) -> None:
    """Write all of a file beside the database but the first bytes, without which SQLite ignores it."""
    path = image.sides[suffix]
    with descriptor_of(path) as old, _side_file(target, suffix) as new:
        os.ftruncate(new, 0)
        copy_bytes(old, new, path.stat().st_size, lambda done: None, start=_SIDE_HEAD)
        os.ftruncate(new, path.stat().st_size)
        sync(new)


def _side_files(target: Target) -> dict[str, Path]:
    paths = {suffix: beside(target.path, suffix) for suffix in KEPT_SIDE_FILES}
    return {suffix: path for suffix, path in paths.items() if os.path.lexists(path)}


@contextmanager
def _side_file(target: Target, suffix: str) -> Iterator[int]:
    """A file beside the database, made with the owner and the mode of the database if it is not there."""
    try:
        descriptor = target.file.open_beside(suffix, os.O_RDWR)
    except FileNotFoundError:
        descriptor = target.file.open_beside(suffix, os.O_RDWR | os.O_CREAT | os.O_EXCL)
        like(descriptor, os.fstat(target.descriptor))
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _keep(work: Work, target: Target, name: CopyName) -> UndoCopy:
    """Make every byte of the target, and of what lies beside it, an undo copy."""
    data = data_path(work.home, name.id)
    size, sides = target.bytes, _side_files(target)
    for suffix in sides:
        _copy_side(target, suffix, beside(data, suffix))

    def copied(done: int) -> None:
        check_cancel(work.steps)
        reach("overwrite.copied")
        work.steps.progressed("undo copy", done, size)

    return keep(
        work.home,
        name,
        target,
        lambda to: copy_bytes(target.descriptor, to, size, copied),
        exact=True,
    )


def _copy_side(target: Target, suffix: str, destination: Path) -> None:
    """Copy a file beside the database. Raises BadTarget for what is not an ordinary file."""
    source = beside(target.path, suffix)
    if not stat.S_ISREG(os.lstat(source).st_mode):
        raise BadTarget(f"{source} is not an ordinary file; look at it, and move it away.")
    old = target.file.open_beside(suffix, os.O_RDONLY | NO_WAIT)
    try:
        with written(destination, "undo.side") as new:
            copy_bytes(old, new, os.fstat(old).st_size, lambda done: None)
    finally:
        os.close(old)


def _stage_sides(work: Work, undo_id: str) -> None:
    """The WAL and the journal of the undo copy that is put back, kept safe from being forgotten meanwhile."""
    kept = data_path(work.home, undo_id)
    for suffix in KEPT_SIDE_FILES:
        if beside(kept, suffix).exists():
            with descriptor_of(beside(kept, suffix)) as old:
                with written(beside(work.stage, suffix), "overwrite.side") as new:
                    copy_bytes(old, new, os.fstat(old).st_size, lambda done: None)


def _require_one_mode(locks: Exclusive, image: Image) -> None:
    """Raise BadTarget where programs would stay in WAL mode, and newcomers find a file that says rollback."""
    header = database_header.parse(image.header)
    rollback = not image.size or (header is not None and not header.wal)
    if locks.in_wal_use and rollback and "-wal" not in image.sides:
        raise BadTarget(
            f"What is put back to {locks.target.path} is not in WAL mode, in which "
            f"{program(locks.user() or 0)} has it open; close that, then try again."
        )


def _stamped(work: Work, source: Source, locks: Exclusive) -> Image:
    """The fetched image, in the journal mode that the target has, or that the programs that use it expect."""
    header = locks.target.header()
    wal = locks.in_wal_use or (header.wal if header is not None else source.wal is True)
    return Image(work.stage, stamped(_start_of(work.stage), wal=wal))


def _start_of(path: Path) -> bytes:
    with descriptor_of(path) as descriptor:
        return read_at(descriptor, database_header.SIZE, 0)
