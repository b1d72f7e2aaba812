"""The catalogue of undo copies: what restorations replaced, kept for 7 days and the last 3 of each database.

A copy is a plain database file `<id>.db` (with the WAL and the journal that lay beside a file of which every
byte was kept) and a small `<id>.json` that alone makes it exist. Files that cannot be read as an entry hide
no others. Opens no database, so that the parent may read it; restore/undo.py makes the copies.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import attrs

from ...core.errors import NotFound
from ...core.job import UndoCopy
from .database_file import SIDE_FILES, beside
from .failpoints import reach
from .files import remove, sync_folder, write_at, written
from .home import Home

KEPT_FOR = timedelta(days=7)
KEPT_COPIES = 3

REDO = "-redo"
"""Ends the id of a copy of what the undoing of a job replaced."""


def data_path(home: Home, undo_id: str) -> Path:
    """Where the copy's database lies."""
    return home.undo / f"{undo_id}.db"


def enter(home: Home, copy: UndoCopy, identity: tuple[int, int], *, exact: bool = False) -> None:
    """Make a copy exist whose file is durable; `identity` is the device and inode of what it was made of.

    `exact` copies are every byte of a file that SQLite was not to read, with its WAL and journal beside them.
    """
    device, inode = identity
    record = attrs.asdict(copy) | {
        "created": copy.created.isoformat(),
        "device": device,
        "inode": inode,
        "exact": exact,
    }
    with written(_record_path(home, copy.id), "undo.record") as descriptor:
        write_at(descriptor, json.dumps(record, indent=1).encode(), 0)


def _record_path(home: Home, undo_id: str) -> Path:
    return home.undo / f"{undo_id}.json"


def list_undo(home: Home, database: str | None = None) -> tuple[UndoCopy, ...]:
    """What `database` (canonical path; None: every database) can be reverted to, newest first."""
    found = [copy for path in home.undo.glob("*.json") if (copy := _read(home, path)) is not None]
    if database is not None:
        found = [copy for copy in found if copy.database == database]
    return tuple(sorted(found, key=lambda copy: copy.created, reverse=True))


def _read(home: Home, path: Path) -> UndoCopy | None:
    try:
        record = json.loads(path.read_bytes())
        copy = UndoCopy(
            id=str(record["id"]),
            database=str(record["database"]),
            created=datetime.fromisoformat(record["created"]).astimezone(UTC),
            bytes=int(record["bytes"]),
            reason=str(record["reason"]),
            job=str(record["job"]),
        )
    except (FileNotFoundError, ValueError, KeyError, TypeError):
        return None
    whole = copy.id == path.stem and data_path(home, copy.id).is_file()
    return copy if whole else None


def find_undo(home: Home, undo_id: str, database: str | None = None) -> UndoCopy:
    """The copy with this id, of `database` if one is named. Raises NotFound."""
    for copy in list_undo(home, database):
        if copy.id == undo_id:
            return copy
    of = f" of {database}" if database else ""
    raise NotFound(
        f"There is no undo copy {undo_id}{of}; `reprieve revert DATABASE --list` shows those that are kept."
    )


def is_exact(home: Home, undo_id: str) -> bool:
    """Whether the copy is to come back byte for byte."""
    try:
        return json.loads(_record_path(home, undo_id).read_bytes()).get("exact") is True
    except (FileNotFoundError, ValueError, AttributeError):
        return False


def forget_undo(home: Home, undo_id: str, database: str | None = None) -> None:
    """Drop a copy for good, of `database` if one is named. Raises NotFound."""
    drop(home, find_undo(home, undo_id, database).id)


def drop(home: Home, undo_id: str) -> None:
    """Remove whatever there is of a copy: the entry first, so that it never names what is gone."""
    remove(_record_path(home, undo_id))
    reach("undo.dropped")
    data = data_path(home, undo_id)
    for suffix in SIDE_FILES:
        remove(beside(data, suffix))
    remove(data)
    sync_folder(home.undo)


def prune(home: Home, database: str, now: datetime) -> None:
    """Drop the copies of `database` that are past their time and not among its last ones."""
    for copy in list_undo(home, database)[KEPT_COPIES:]:
        if now - copy.created > KEPT_FOR:
            drop(home, copy.id)
